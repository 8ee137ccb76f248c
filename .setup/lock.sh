#!/bin/sh
# Writes .setup/constraints.txt anew from pyproject.toml: one set of versions for CPython 3.11 and
# newer on Linux and macOS, every file's hash, no index address. Needs uv. Arguments go to uv:
#   .setup/lock.sh                       keeps the pins that still fit
#   .setup/lock.sh --upgrade-package X   moves one
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "lock: uv is needed: python3 -m pip install uv" >&2; exit 2; }
exec uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
    --all-extras --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
    --output-file .setup/constraints.txt "$@" pyproject.toml
