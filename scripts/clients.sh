#!/usr/bin/env bash
# Prepare what the tests drive: a browser, Node.js 18 or later with npm, Java, and the pinned packages.
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
say "installing the JavaScript clients and linters with $(node --version)"
cd tests/clients
npm install --no-audit --no-fund --no-package-lock --loglevel=error
