#!/bin/sh
# Makes the pictures of docs/screens anew, from those that the tests of the pages take: small, in few colours.
set -eu
cd "$(dirname "$0")/.."
shots=$(mktemp -d)
trap 'rm -rf "$shots"' EXIT
LOA_SCREENSHOTS="$shots" cargo test --locked --test it -- web_
mkdir -p docs/screens
while read -r name; do
  ffmpeg -nostdin -v error -y -i "$shots/$name.png" -vf "scale=iw*0.6:-1,split[a][b];[a]palettegen=24[p];[b][p]paletteuse=dither=none" "docs/screens/$name.png"
done < docs/screens/list.txt
