#!/bin/bash
# Lays axe-core, which examines pages for accessibility, where the browser tests look for it; asks for nothing where it
# lies already. Its script comes in a package of PyPI, so that no tool chain of its own is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
axe=target/axe/axe.min.js
[ -s "$axe" ] && exit 0
mkdir -p target/axe
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$wheels" axe-playwright-python==0.1.8
python3 - "$wheels"/*.whl "$axe" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("axe.min.js"))
    open(sys.argv[2], "wb").write(wheel.read(name))
PYTHON
