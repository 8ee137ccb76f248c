#!/bin/sh
# Makes .venv ready. Finds a Python that can, then leaves the work to bootstrap.py beside it.
set -eu
cd "$(dirname "$0")/.."

# The quick way: everything is in place already.
if [ -x .venv/bin/python ] && .venv/bin/python -E -S .setup/bootstrap.py --ready; then
    exit 0
fi

can_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

# Prints the first interpreter that is CPython >= 3.11 and fulfils $1 (a Python expression).
find_python() {
    for name in ${CAVAL_PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14; do
        if command -v "$name" >/dev/null && "$name" -E -S -c "
import sys
from importlib.util import find_spec
fits = sys.implementation.name == 'cpython' and sys.version_info >= (3, 11)
raise SystemExit(not (fits and ($1)))" >/dev/null 2>&1; then
            echo "$name"
            return 0
        fi
    done
    return 1
}

COMPLETE="find_spec('venv') and find_spec('ensurepip')"

if ! python=$(find_python "$COMPLETE"); then
    if can_install; then
        echo "setup: installing Debian's python3 and python3-venv"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
    fi
    if ! python=$(find_python "$COMPLETE"); then
        if partial=$(find_python True); then
            echo "setup: $partial has no venv module, which Debian and Ubuntu ship apart." >&2
            echo "setup: run this, then try again:  sudo apt-get install python3-venv" >&2
        else
            echo "setup: Caval needs Python 3.11 or newer; none was found here." >&2
            echo "setup: Debian, Ubuntu:  sudo apt-get install python3 python3-venv" >&2
            echo "setup: macOS:           brew install python@3.13" >&2
            echo "setup: or name one:     make setup CAVAL_PYTHON=/path/to/python3.13" >&2
        fi
        exit 1
    fi
fi

exec "$python" -E .setup/bootstrap.py
