#!/bin/sh
# Installs sam, cfn-lint, cargo-lambda and zig from PyPI, at the versions of requirements.txt, outside
# the repository, and prints the folder that holds them. Takes a minute the first time, 800 MB of disk.
#
#   PATH="$(infra/tools.sh):$PATH" sam --version
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv=${VESTIBULE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/vestibule/tools}

if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    echo "tools.sh: installing sam, cfn-lint, cargo-lambda and zig into $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
echo "$venv/bin"
