#!/usr/bin/env bash
# Install Debian or Ubuntu packages when root; otherwise print the exact command and fail.
# Usage: scripts/apt.sh PACKAGE...
set -euo pipefail

command="apt-get update && apt-get install --yes --no-install-recommends $*"
if ! command -v apt-get >/dev/null; then
    echo "These Debian packages are needed, or what your system calls them: $*" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "System packages are missing. Run this, then try again:" >&2
    echo "    sudo sh -c '$command'" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt-get -qq install --yes --no-install-recommends "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
