#!/usr/bin/env bash
# Builds the sample programme below media/cchc/ from the text in media/loi/.
#
#   media/make.sh            into media/cchc/
#   media/make.sh FOLDER     into FOLDER
#
# The audio in the repository was made by this script. The formats, rates and channels are mixed on purpose:
# that is how audio arrives at a ward. With the same versions of the tools a second run gives the same bytes;
# another version of a codec gives other bytes, and then the month must be approved anew.
#
# Text: one file a segment, one paragraph a line; a line `[bắc]`, `[trung]` or `[nam]` chooses the voice of what follows.
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
text=$here/loi
into=${1:-$here/cchc}

# tool:Debian package
missing=()
for need in espeak-ng:espeak-ng sox:sox lame:lame flac:flac opusenc:opus-tools oggenc:vorbis-tools ffmpeg:ffmpeg; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
if ((${#missing[@]})); then
    echo "media/make.sh: missing Debian packages: ${missing[*]}" >&2
    echo "hint: sudo apt-get install ${missing[*]}" >&2
    exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$into"

# --- speech -------------------------------------------------------------------------------------------------------

words_a_minute=148   # espeak-ng's own scale; about 175 Vietnamese syllables a minute, slow enough for the open air
word_gap=1           # × 10 ms between words
paragraph_pause=0.55 # seconds

# say NAME [apart]: loi/NAME.txt → $work/NAME.wav, 22,050 Hz. With `apart` the voices stand left and right (stereo).
say() {
    local name=$1 place=${2:-} voice=vi left=1 right=1 n=0 line part parts=()
    while IFS= read -r line || [[ -n $line ]]; do
        case $line in
            '') continue ;;
            '[bắc]') voice=vi left=1 right=0.45; continue ;;
            '[trung]') voice=vi-vn-x-central left=0.8 right=0.8; continue ;;
            '[nam]') voice=vi-vn-x-south left=0.45 right=1; continue ;;
            '['*) echo "media/make.sh: loi/$name.txt: no such voice $line" >&2; exit 1 ;;
        esac
        n=$((n + 1))
        part=$work/$name.$n.wav
        espeak-ng -v "$voice" -s "$words_a_minute" -g "$word_gap" -w "$work/raw.wav" -- "$line"
        # The voices differ in level, and the peaks of synthetic speech stand far above its body: each paragraph is
        # compressed and limited as a studio would. In mono, for sox cannot compand what has two channels here.
        sox -R "$work/raw.wav" "$work/even.wav" gain -6 highpass 70 gain -n -3 \
            compand 0.005,0.15 6:-50,-50,-32,-20,-18,-11,0,-6 -4 -90 0.01 gain -n gain -l 4 gain -3.5
        if [[ $place == apart ]]; then
            sox -R "$work/even.wav" "$part" remix "1v$left" "1v$right" pad 0 "$paragraph_pause"
        else
            sox -R "$work/even.wav" "$part" pad 0 "$paragraph_pause"
        fi
        parts+=("$part")
    done <"$text/$name.txt"
    sox -R "${parts[@]}" "$work/$name.wav" pad 0.2 0
}

# --- music --------------------------------------------------------------------------------------------------------

# tune NAME SECONDS NOTE:START:LENGTH…: plucked strings over a soft pad → $work/NAME.wav, 44,100 Hz stereo.
# The melody is our own, on the five-note scale D F G A C.
tune() {
    local name=$1 seconds=$2 n=0 note pitch start length left right parts=()
    shift 2
    for note in "$@"; do
        IFS=: read -r pitch start length <<<"$note"
        n=$((n + 1))
        # The strings wander a little from left to right.
        left=0.$((5 + n % 4)) right=0.$((8 - n % 4))
        sox -R -n -r 44100 -c 1 "$work/note.wav" synth "$length" pluck "$pitch" \
            fade t 0.003 "$length" "$(awk "BEGIN { print $length * 0.6 }")" gain -8
        sox -R "$work/note.wav" "$work/$name.$n.wav" remix "1v$left" "1v$right" pad "$start"
        parts+=(-v 1 "$work/$name.$n.wav")
    done
    sox -R -n -r 44100 -c 2 "$work/$name.pad.wav" \
        synth "$seconds" sine D3 sine A3 \
        fade t "$(awk "BEGIN { print $seconds / 6 }")" "$seconds" "$(awk "BEGIN { print $seconds / 4 }")" \
        tremolo 0.4 25 gain -24
    sox -R -m -v 1 "$work/$name.pad.wav" "${parts[@]}" "$work/$name.mix.wav"
    sox -R "$work/$name.mix.wav" "$work/$name.wav" \
        reverb 35 40 60 trim 0 "$seconds" fade t 0.02 "$seconds" 1.8 lowpass 9000 gain -n -4
}

# --- encoders -----------------------------------------------------------------------------------------------------
# Serial numbers are fixed and dates and padding left out, so that a second run gives the same bytes.

# convert NAME RATE CHANNELS: $work/NAME.wav at another rate or number of channels → $work/out.wav, 16 bit.
convert() { sox -R "$work/$1.wav" -b 16 -r "$2" -c "$3" "$work/out.wav"; }

wav() { cp "$work/out.wav" "$into/$1.wav"; }
flac16() { flac --silent --force --best --no-padding -o "$into/$1.flac" "$work/out.wav"; }
mp3() { local name=$1; shift; lame --quiet --noreplaygain "$@" "$work/out.wav" "$into/$name.mp3"; }
ogg() { oggenc --quiet --serial 76 -q "$2" -o "$into/$1.ogg" "$work/out.wav"; }
opus() { opusenc --quiet --serial 76 --padding 0 --discard-comments --bitrate "$2" "$work/out.wav" "$into/$1.opus"; }
m4a() {
    ffmpeg -nostdin -loglevel error -y -i "$work/out.wav" -map_metadata -1 -fflags +bitexact -flags:a +bitexact \
        -c:a aac -b:a "$2" -movflags +faststart "$into/$1.m4a"
}

# --- the programme, in order of airing ----------------------------------------------------------------------------

tune nhac-hieu 14 \
    D4:0:2.5 A4:0.5:2.5 D5:1:2.5 C5:1.5:2 A4:2:2.5 G4:2.5:2 A4:3:3 \
    F4:4:2.5 G4:4.5:2 A4:5:2.5 C5:5.5:2 D5:6:3 D4:6:4 \
    F5:7.5:2 D5:8:2 C5:8.5:2 A4:9:2.5 G4:9.5:2 F4:10:2 G4:10.5:2 D4:11:3 A4:11.25:2.75 D5:11.5:2.5
convert nhac-hieu 44100 2
mp3 nhac-hieu --cbr -b 96 --resample 44.1

say loi-chao
convert loi-chao 16000 1
wav loi-chao
say gioi-thieu
convert gioi-thieu 22050 1
mp3 gioi-thieu -V 8

tune nhac-cat 4 D5:0:1.5 C5:0.3:1.5 A4:0.6:1.8 G4:1:1.5 A4:1.4:2.2 D4:1.4:2.5
convert nhac-cat 32000 1
flac16 nhac-cat

say tin-nghi-quyet-76
convert tin-nghi-quyet-76 44100 1
mp3 tin-nghi-quyet-76 -V 8 --resample 44.1 -m m
say tin-mot-cua
convert tin-mot-cua 44100 1
ogg tin-mot-cua 0
# A name with diacritics, as people give it.
say tin-buu-chinh
convert tin-buu-chinh 48000 1
opus tin-bưu-chính-công-ích 24
say tin-chuyen-doi-so
convert tin-chuyen-doi-so 24000 1
mp3 tin-chuyen-doi-so --cbr -b 40 -m m

say phong-su-mot-cua
convert phong-su-mot-cua 44100 1
m4a phong-su-mot-cua 40k

tune nhac-chuyen 3 A4:0:1.5 C5:0.25:1.5 D5:0.5:2.2 F5:0.5:2
convert nhac-chuyen 22050 2
wav nhac-chuyen

say hoi-dap-dich-vu-cong apart
convert hoi-dap-dich-vu-cong 48000 2
opus hoi-dap-dich-vu-cong 36
say loi-ket
convert loi-ket 22050 1
flac16 loi-ket

tune nhac-ket 9 D5:0:2 C5:0.5:2 A4:1:2.5 G4:1.5:2 F4:2:2.5 G4:2.5:2 A4:3:2.5 C5:3.5:2 A4:4:2.5 D4:5:3.5 A4:5.3:3 D5:5.6:3.2
convert nhac-ket 48000 2
m4a nhac-ket 80k
