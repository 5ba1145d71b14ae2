#!/usr/bin/env bash
# Write constraints.txt: every version of everything that is used to run, test, check and measure this
# repository, with hashes, for all supported Pythons. It names no index, no host and no path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arguments=(--universal --python-version 3.11 --upgrade --all-extras --generate-hashes --quiet)
arguments+=(--custom-compile-command "make constraints")
for group in build lint test data bench; do arguments+=(--group "$group"); done
projects=(pyproject.toml)
arguments+=(--no-emit-package synthdb-host)
for project in {plugins,contrib}/*/pyproject.toml; do
    projects+=("$project")
    name=$(basename "$(dirname "$project")")
    arguments+=(--no-emit-package "synthdb-$name")
done
rm -f constraints.txt
.venv/bin/uv pip compile "${projects[@]}" "${arguments[@]}" --output-file constraints.txt >/dev/null
.venv/bin/python scripts/hygiene.py constraints.txt
