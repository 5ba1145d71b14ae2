#!/usr/bin/env bash
# Prepare .venv for one set of packages (see scripts/pins.py): what is pinned, with hashes, then this repository's
# own packages as editable installs. Usage: scripts/setup.sh {uv,runtime,test,lint,bench}
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=$1
python=${PYTHON:-python3}
pins=.venv/pins

say() { printf '== %s\n' "$*"; }

require_python() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' && return
    echo "Python 3.11 or later is needed, and '$python' is not one; set PYTHON=/path/to/python3.11" >&2
    exit 1
}

require_venv_module() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    say "Python's venv module is needed"
    scripts/apt.sh python3-venv
}

create_environment() {
    # An interrupted run may leave an environment without pip behind.
    [ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    require_python
    require_venv_module
    say "creating .venv with $("$python" --version)"
    "$python" -m venv .venv
}

write_pins() {
    mkdir -p "$pins"
    .venv/bin/python scripts/pins.py "$1" >"$pins/$1.txt"
}

install_uv() {
    write_pins uv
    [ -x .venv/bin/uv ] && .venv/bin/uv --version | grep -qF "$(pinned_version uv)" && return
    say "installing uv $(pinned_version uv)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pins/uv.txt"
}

pinned_version() { sed -n "s/^$1==\([^ ]*\).*/\1/p" "$pins/$1.txt"; }

install_packages() {
    write_pins "$packages"
    say "installing the pinned packages for '$packages'"
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes \
        --build-constraints constraints.txt -r "$pins/$packages.txt"
}

install_projects() {
    local editable=(--editable .)
    for project in {plugins,contrib}/*/pyproject.toml; do editable+=(--editable "${project%/*}"); done
    say "installing this repository's packages, editable"
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps \
        --build-constraints constraints.txt "${editable[@]}"
    .venv/bin/python -m compileall -q synthdb_host {plugins,contrib}/*/src
}

create_environment
install_uv
if [ "$packages" != uv ]; then
    install_packages
    install_projects
fi
