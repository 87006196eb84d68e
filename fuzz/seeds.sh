#!/bin/bash
# Seeds of the fuzz targets: honest files of every kind, made by the program itself and by real encoders.
set -euo pipefail
cd "$(dirname "$0")/.."
loa=${LOA:-target/release/loa}
corpus=fuzz/corpus
mkdir -p $corpus/{schedule,leaf,note,bundle,package,probe}
cp schedules/*.toml tests/golden/findings/*/*.toml $corpus/schedule/ 2>/dev/null || cp schedules/*.toml $corpus/schedule/
split -l 1 -a 3 <(cat tests/golden/leaves*.jsonl | tr -d '\r') $corpus/leaf/golden-
for leaf in $corpus/leaf/golden-*; do truncate -s -1 "$leaf"; done
cp schedules/*.approval $corpus/note/
station=$(mktemp -d)
trap 'rm -rf "$station"' EXIT
cp -r config schedules "$station"
"$loa" init --dir "$station" > "$corpus/note/vkeys"
"$loa" note 2022-03/cchc/2022-03-05T17:00:00 --text "Mất điện" --dir "$station" > /dev/null
"$loa" export -o "$station/bundle.zip" --dir "$station" > /dev/null
cp "$station/bundle.zip" $corpus/bundle/
"$loa" status --json --dir "$station" | python3 -c 'import json,sys; print(json.load(sys.stdin)["log"]["checkpoint"],end="")' > $corpus/note/checkpoint
cp "$station"/data/keys/* $corpus/note/
sox -n -r 22050 -c 1 "$station/a.wav" synth 0.4 sine 440
for out in a.mp3 a.flac a.ogg a.m4a a.opus b.mp3; do
    ffmpeg -v error -y -i "$station/a.wav" "$station/$out"
    cp "$station/$out" $corpus/probe/
done
cp "$station/a.wav" $corpus/probe/
mkdir -p "$station/stick/trust"
printf 'loa package v1\n{"approval":{"bytes":3,"sha256":"%s"},"channel":"quang-ngai","files":[],"issued_ms":1,"month":"2022-03","not_after_ms":2,"not_before_ms":1,"revision":1,"schedule":{"bytes":3,"sha256":"%s"},"seq":1,"stations":["*"],"trust":1}\n' \
    "$(printf abc | sha256sum | cut -d' ' -f1)" "$(printf abc | sha256sum | cut -d' ' -f1)" > "$corpus/package/manifest"
cp "$corpus/package/manifest" "$station/stick/1.note"
cp "$corpus/package/manifest" "$station/stick/trust/1.note"
tar --format=ustar -cf "$corpus/package/stick.tar" -C "$station/stick" .
# What once broke something is where every new search begins.
for target in schedule leaf note bundle package probe; do
    if [ -d tests/corpus/$target ]; then cp tests/corpus/$target/* $corpus/$target/; fi
done
