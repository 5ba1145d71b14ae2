#!/usr/bin/env bash
# Prepare what the tests drive: a browser, Node.js 18 or later with npm, Java, the pinned packages, and a program in
# Python that needs older packages than we do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '== %s\n' "$*"; }

if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
    say "Chromium is needed, for what pages of other origins may do"
    scripts/apt.sh chromium
fi
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    say "Node.js and npm are needed, for the JavaScript client"
    scripts/apt.sh nodejs npm
fi
if ! command -v java >/dev/null; then
    say "Java is needed, for openapi-generator"
    scripts/apt.sh default-jre-headless
fi
node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' || {
    echo "Node.js 18 or later is needed, found $(node --version)" >&2
    exit 1
}
say "installing clairvoyance, in an environment of its own"
[ -x .venv/clairvoyance/bin/python ] || .venv/bin/uv venv --quiet --python .venv/bin/python .venv/clairvoyance
.venv/bin/uv pip install --quiet --python .venv/clairvoyance/bin/python clairvoyance==2.5.5
say "installing the JavaScript clients and linters with $(node --version)"
cd tests/clients
npm install --no-audit --no-fund --no-package-lock --loglevel=error
