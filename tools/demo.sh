#!/bin/bash
# The sample month from check to verified log: tools/demo.sh LOA. Run in a station's folder.
set -euo pipefail
loa=$1
seconds=40
say() { printf '\n── %s\n' "$*"; }

if [ ! -e data/log.db ]; then
  say "loa init"; "$loa" init
fi
say "loa check 2022-03"; "$loa" check 2022-03
say "loa rehearse 2022-03"; "$loa" rehearse 2022-03

# The default loudspeaker where one answers; a file where none does, or outside the windows.
output=default
if ! "$loa" doctor --json 2>/dev/null | grep -q '"what":"device","state":"ok"'; then
  output=wav:data/demo.wav
fi
air() { # air OUTPUT: begins in the background; fails when it is refused
  "$loa" air 2022-03 cchc --by "make demo" --output "$1" & airing=$!
  for _ in $(seq 100); do
    kill -0 "$airing" 2>/dev/null || { wait "$airing"; return 1; }
    "$loa" status --json | grep -q '"state":"on-air"' && return 0
    sleep 0.2
  done
  return 1
}
say "loa air 2022-03 cchc --output $output ($seconds s)"
if ! air "$output"; then
  output=wav:data/demo.wav
  say "loa air 2022-03 cchc --output $output ($seconds s)"
  air "$output"
fi
case $output in wav:*) echo "Không có loa hoặc ngoài khung giờ: phát vào ${output#wav:}; lượt này KHÔNG tính là đã phát." ;; esac
for _ in $(seq $((seconds * 10))); do
  position=$("$loa" status --json | sed -n 's/.*"position_ms":\([0-9]*\).*/\1/p')
  [ "${position:-0}" -ge $((seconds * 1000)) ] && break
  sleep 0.2
done
say "loa stop"; "$loa" stop --reason "hết phần trình diễn" --by "make demo"
wait "$airing"
say "loa log"; "$loa" log
say "loa verify"; "$loa" verify
