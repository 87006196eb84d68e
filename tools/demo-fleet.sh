#!/bin/bash
# A centre and three stations on this machine, two mornings in a minute and a half: tools/demo-fleet.sh LOA. Run in this
# repository's folder; everything happens in a folder that goes afterwards.
#
# The programs are the real ones, on clocks of their own (tests/it/support/clock.c) that are set on where nothing happens.
# Two stations play to a private sound server with a sink that nobody hears, where one is installed; the third, or all,
# to no device at all, which loa never counts as aired. With DEMO_ONCE=1 or without a terminal it ends by itself. Whatever
# is not seen on the page as it must be ends it with 1.
set -Eeuo pipefail
loa=$(realpath "$1")
sources=$PWD
work=$(mktemp -d)
declare -A running=()

say() { printf '\n── %s\n' "$*"; }
seen() { printf '   ✓ %s\n' "$*"; }
gone() {
  for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${running[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap gone EXIT
trap 'echo "   ✕ tools/demo-fleet.sh:$LINENO: $BASH_COMMAND" >&2' ERR
trap 'exit 130' INT
trap 'exit 143' TERM

# ── the clocks: nanoseconds that wall clock, boot clock and time awake are ahead, and that the kernel believes them
wall=0 passed=0 which=0
word() { # word N: eight bytes, the lowest first
  local n=$1 byte
  for _ in {1..8}; do printf -v byte '%02x' $((n & 255)); printf '%b' "\\x$byte"; n=$((n >> 8)); done
}
set_clocks() { # never read half written: the setting that does not hold is changed, then named
  which=$((which + 1))
  { word "$wall"; word "$passed"; word "$passed"; word 1; } |
    dd of="$work/clock" bs=8 seek=$((1 + which % 2 * 4)) conv=notrunc status=none
  word "$which" | dd of="$work/clock" bs=8 conv=notrunc status=none
}
ahead() { echo $(($(date -d "$1 +0700" +%s%N) - $(date +%s%N) - wall)); } # ahead TIME: how far it is to go
start_at() { wall=$(ahead "$1"); set_clocks; }
pass_until() { # what runs is woken by being asked: it sleeps by the machine's own clock
  local span; span=$(ahead "$1")
  wall=$((wall + span)) passed=$((passed + span)); set_clocks
  for name in "${!running[@]}"; do [ "$name" = sound ] || at "$name" status --json >/dev/null; done
}

# ── folders and programs
at() { ( in_folder "$@" ) } # at NAME ARGUMENTS: loa in the folder NAME, on the clocks
in_folder() {
  local name=$1; shift
  export LD_PRELOAD=$work/clocks.so LOA_CLOCK=$work/clock
  [ -z "$sound" ] || export PULSE_SERVER=unix:$work/pulse/native XDG_RUNTIME_DIR=$work
  if [ -z "$sound" ] || [ "$name" = pho-thanh ]; then export LOA_OUTPUT=rehearsal; fi
  exec "$loa" --dir "$work/$name" --lang vi "$@"
}
start() { in_folder "$1" run >>"$work/$1.out" 2>&1 & running[$1]=$!; until_seen 20 answers "$1"; }
stop() { kill "${running[$1]}"; wait "${running[$1]}" || true; unset "running[$1]"; }
# It answers, has tried its output and closed it again: a leap of the clocks in between would look like a stall.
answers() {
  local status; status=$(at "$1" status --json)
  [[ $status = *'"running":true'* && ($1 = trung-tam || ! $status =~ '"device":{"state":"unknown"'|lamp-device-open) ]]
}
until_seen() { # until_seen SECONDS COMMAND …: what is not seen by then ends the demonstration
  local end=$((SECONDS + $1)); shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "   ✕ $*" >&2; tail -n 5 "$work"/*.out >&2 || true; return 1; }
    sleep 0.3
  done
}
told() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; } # told KEY: its text, of what `--json` printed
free_port() {
  local port=$((20000 + RANDOM % 20000))
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}
settle() { # settle NAME UNIT: the settings of a station, and the plan without a least length
  mkdir -p "$work/$1/config"
  sed 's/^minutes_min *=.*/minutes_min = 0/' "$sources/config/plan-2022.toml" >"$work/$1/config/plan-2022.toml"
  cat >"$work/$1/config/station.toml" <<TOML
id   = "$1"
unit = "$2"
zone = "Asia/Ho_Chi_Minh"
plan = "config/plan-2022.toml"
demo = true

[output]
device = "$output"

[web]
listen = "off"
TOML
}

# ── what the page shows
sign_in() {
  curl -sS -f -o /dev/null -c "$work/cookies" --data-urlencode "id=giam-sat" --data-urlencode "password=$password" "$web/sign-in"
}
page() { curl -sS -f -b "$work/cookies" -c "$work/cookies" "$web$1"; }
has() { grep -- "$1" >/dev/null; } # reads to the end, so that nobody is left writing
plain() { sed 's/<[^>]*>/ /g; s/&#[0-9]*;/ /g; s/  */ /g'; }
line() { page /fleet | tr '\n' ' ' | sed 's/<tr>/\n/g' | grep "loa/station/$1/1</span>"; } # line STATION
day() { line "$1" | sed 's/<td class="day">/\n/g' | grep "from=$2" | plain; }               # day STATION DATE
shows() { line "$1" | sed 's/<td class="day">.*//' | plain | has "$2"; }                    # shows STATION WORDS
ended() { day "$1" "$2" | has "1 $3"; }                                                     # ended STATION DATE OUTCOME
both_heads() {
  local page; page=$(page "/fleet/station/loa%2Fstation%2F$1%2F1")
  [ "$(grep -c 'class="half"' <<<"$page")" = 2 ] && [ "$(grep -o '✓ do khóa của đài ký' <<<"$page" | wc -l)" = 2 ]
}
alarm() { page /fleet | tr '\n' ' ' | sed -n 's/.*class="alarm"\(.*\)/\1/p' | sed 's/<\/section>.*//' | has "$1"; }
quiet() { ! page /fleet | has 'class="alarm"'; }

# ── a morning's slot at 05:30, whose sound lasts a quarter of a minute
armed() { at "$1" status --json | has '"state":"armed"'; }
# Open, and called often enough to be believed; one that is open from its probe tells nothing new.
opened() { for _ in {1..5}; do at "$1" status --json | has '"code":"lamp-device-open"' && return; sleep 0.3; done; }
closed() { at "$1" log --json | grep "\"slot\":\"2022-03/cchc/$2T05:30:00\"" | has '"outcome":"'; }
morning() { # morning DATE STATIONS …
  local date=$1; shift
  pass_until "$date 05:29:05"
  for name in "$@"; do until_seen 20 armed "$name"; done
  for name in "$@"; do opened "$name"; done
  pass_until "$date 05:29:51"
  for name in "$@"; do until_seen 60 closed "$name" "$date"; done
}

# The clocks' library, a sound server of its own where there is one, and what the stations' outputs are called.
gcc -O1 -shared -fPIC -o "$work/clocks.so" tests/it/support/faults.c tests/it/support/clock.c -ldl -lpthread
head -c 72 /dev/zero >"$work/clock"
start_at "2022-03-04 20:00"
sound='' output=default full='Phát thử'
if command -v pulseaudio >/dev/null && command -v pactl >/dev/null; then
  mkdir -m 700 "$work/pulse"
  HOME=$work XDG_RUNTIME_DIR=$work pulseaudio -n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --disallow-exit \
    --realtime=no --high-priority=no -L "module-native-protocol-unix socket=$work/pulse/native auth-anonymous=1" \
    -L "module-null-sink sink_name=loa-ao rate=48000 format=float32le channels=2 norewinds=1" >/dev/null 2>&1 &
  running[sound]=$!
  hears() { PULSE_SERVER=unix:$work/pulse/native pactl info >/dev/null 2>&1; }
  until_seen 10 hears
  sound=yes output=pulse:loa-ao full='Phát đủ'
fi

say "Trung tâm và ba đài: loa init --centre, loa init"
door=127.0.0.1:$(free_port)
settle trung-tam duc-pho
sed -i 's/^listen = "off"/listen = "127.0.0.1:0"\nidle_minutes = 1440/' "$work/trung-tam/config/station.toml"
printf 'name = "duc-pho"\nlisten = "%s"\n' "$door" >"$work/trung-tam/config/centre.toml"
made=$(at trung-tam init --centre --json)
printf '\n[trust]\napprovers = ["%s"]\n' "$(cat "$work/trung-tam/data/keys/approval.pub")" >>"$work/trung-tam/config/station.toml"
pin=$(told pin <<<"$made") key=$(told key <<<"$made")
settle nguyen-nghiem nguyen-nghiem
settle pho-hoa pho-hoa
settle pho-thanh pho-thanh
password=$(head -c 12 /dev/urandom | base64 | tr '+/' 'ab')
at trung-tam user add giam-sat --name "Phạm Thị Giám Sát" --role auditor --password-stdin <<<"$password" >/dev/null
start trung-tam
web=$(at trung-tam status --json | told web); web=${web%/}
for name in nguyen-nghiem pho-hoa pho-thanh; do
  at "$name" init >/dev/null
  printf '\n[centre]\naddress = "https://%s"\npin = "%s"\nkeys = ["%s"]\n' "$door" "$pin" "$key" >>"$work/$name/config/station.toml"
done

say "Khóa và tệp tin cậy: loa trust new ở trung tâm, loa trust accept ở từng đài"
keys=$work/trung-tam/data/keys
new_key() { at trung-tam key new "$1" -o "$work/$1.key" --json | told public_key; }
editor=$(new_key bien-tap) root=$(new_key goc) approver=$(cat "$keys/approval.pub")
at trung-tam trust new --editor "$editor" --approver "$approver" --root "$root" --until 2022-12-31 --key "$work/goc.key" --by "Lãnh đạo" >/dev/null
for name in nguyen-nghiem pho-hoa pho-thanh; do
  at "$name" trust accept "$work/trung-tam/data/packages/trust/1.note" --by "Trực đài" >/dev/null
  start "$name"
done
sign_in

say "Ghi danh bằng mã đọc qua điện thoại: loa fleet enrol"
for name in nguyen-nghiem pho-hoa pho-thanh; do
  asks() { code=$(at "$name" status | sed -n 's/.*Đọc mã \([^ ]*\) .*/\1/p'); [ -n "$code" ]; }
  until_seen 20 asks
  at trung-tam fleet enrol "loa/station/$name/1" "$code" --by "Cán bộ" >/dev/null
  seen "$name $code"
done

say "Gói tháng 3: loa approve, loa pack; các đài tự lấy về"
mkdir -p "$work/trung-tam/media/cchc"
cp media/cchc/nhac-hieu.mp3 "$work/trung-tam/media/cchc/"
cat >"$work/trung-tam/schedules/2022-03.toml" <<'TOML'
format    = 1
month     = "2022-03"
revision  = 1
issued_by = "Trung tâm Truyền thông - Văn hóa - Thể thao thị xã Đức Phổ"

[[programme]]
id        = "cchc"
title     = "Chuyên mục Cải cách hành chính tháng 3/2022 (trình diễn: chỉ nhạc hiệu)"
column    = "Cải cách hành chính"
source    = "town"
topics    = ["II.1"]
editor    = "Tổ biên tập"
announcer = "Phát thanh viên 1"

[[programme.segment]]
kind  = "signature"
title = "Nhạc hiệu"
file  = "cchc/nhac-hieu.mp3"

[[slot]]
programme = "cchc"
at        = ["2022-03-05T05:30:00", "2022-03-06T05:30:00", "2022-03-12T05:30:00", "2022-03-19T05:30:00"]
units     = ["*"]
TOML
at trung-tam approve 2022-03 --by "Nguyễn Văn A" --document "12/PD" >/dev/null
at trung-tam pack 2022-03 --key "$work/bien-tap.key" --key "$keys/approval.key" --by "Tổ biên tập" >/dev/null
for name in nguyen-nghiem pho-hoa pho-thanh; do
  until_seen 60 shows "$name" "tháng 03/2022 sẵn sàng"; seen "$name: tháng 03/2022 sẵn sàng"
done
until_seen 5 quiet

say "05/3, 05:30: cả ba đài phát"
morning 2022-03-05 nguyen-nghiem pho-hoa pho-thanh
until_seen 30 ended nguyen-nghiem 2022-03-05 "$full"; seen "nguyen-nghiem: $full"
until_seen 30 ended pho-hoa 2022-03-05 "$full"; seen "pho-hoa: $full"
# What went to no device is no airing, and nobody calls it one.
until_seen 30 ended pho-thanh 2022-03-05 'Phát thử'; seen "pho-thanh, không có loa: Phát thử"

say "06/3, 05:30: pho-hoa mất điện; pho-thanh tắt qua đêm, sáng mới bật"
stop pho-hoa
stop pho-thanh; cp -a "$work/pho-thanh/data" "$work/hom-truoc"
pass_until "2022-03-06 05:15"; start pho-thanh
morning 2022-03-06 nguyen-nghiem pho-thanh
pass_until "2022-03-06 07:00"; sign_in # who does not look for a day is signed out
until_seen 30 ended nguyen-nghiem 2022-03-06 "$full"; seen "nguyen-nghiem: $full"
until_seen 30 ended pho-thanh 2022-03-06 'Phát thử'; seen "pho-thanh: Phát thử"
until_seen 30 shows pho-hoa '✕ có tin 25 giờ trước'; seen "pho-hoa: im lặng quá một ngày"

say "06/3, 07:00: pho-hoa có điện lại, nhật ký của những ngày vắng về theo"
start pho-hoa
until_seen 60 ended pho-hoa 2022-03-06 'Không phát'; seen "pho-hoa: Không phát"
until_seen 60 shows pho-hoa '● vừa có tin'; seen "pho-hoa: vừa có tin"

say "Ở pho-thanh có người rút dây mạng, chép đè nhật ký của hôm trước rồi để máy chạy tiếp"
stop pho-thanh
rm -r "$work/pho-thanh/data"; mv "$work/hom-truoc" "$work/pho-thanh/data"
sed -i "s/$door/127.0.0.1:9/" "$work/pho-thanh/config/station.toml"
start pho-thanh
until_seen 30 closed pho-thanh 2022-03-06
stop pho-thanh
sed -i "s/127.0.0.1:9\"/$door\"/" "$work/pho-thanh/config/station.toml"
start pho-thanh
until_seen 60 alarm loa/station/pho-thanh/1; seen "trung tâm báo đỏ: nhật ký của pho-thanh mâu thuẫn"
until_seen 10 both_heads pho-thanh; seen "trang của pho-thanh có đủ hai bản ký, đều do khóa của đài ký"
shows nguyen-nghiem '● '; shows pho-hoa '● '

say "Trang Các đài lúc này"
for name in nguyen-nghiem pho-hoa pho-thanh; do line "$name" | plain; done
[ -z "$sound" ] || echo "Hai đài đầu phát vào một máy chủ âm thanh thật, nhưng đầu ra của nó là loa ảo: không ai nghe."
echo "Hết $SECONDS giây."
if [ "${DEMO_ONCE:-}" != 1 ] && [ -t 0 ]; then
  trap 'exit 0' INT
  say "Mở $web/fleet, đăng nhập bằng tên giam-sat, mật khẩu $password (chỉ dùng được đến khi thoát)"
  read -rp "Nhấn Enter để thoát. "
fi
