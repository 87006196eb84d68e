#!/bin/sh
# Makes the pictures of the papers in docs/screens anew: what a centre of the tests reports, laid out by LibreOffice, and the
# page to print by Chromium.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LOA_PAPERS="$work" cargo test --locked --test it -- report_fleet::a_centre_reports
for paper in year.docx month.docx year.xlsx; do
  soffice -env:UserInstallation="file://$work/office" --headless --convert-to pdf --outdir "$work/${paper%.*}-${paper#*.}" "$work/$paper" >/dev/null
done
mkdir "$work/month-html"
chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer --user-data-dir="$work/chromium" \
  --print-to-pdf="$work/month-html/month.pdf" "file://$work/month.html" 2>/dev/null
# page NAME PAPER N: page N of a paper, small and in few colours.
page() {
  pdftoppm -png -r 60 -f "$3" -l "$3" -singlefile "$work/$2/${2%-*}.pdf" "$work/$1"
  ffmpeg -nostdin -v error -y -i "$work/$1.png" -vf "split[a][b];[a]palettegen=16[p];[b][p]paletteuse=dither=none" "docs/screens/$1.png"
}
page paper-year year-docx 1
page paper-matrix year-docx 8
page paper-month month-docx 1
page paper-book year-xlsx 1
page paper-print month-html 1
# Every page, to be looked at: PAPERS names a folder that stays.
[ -z "${PAPERS:-}" ] || for paper in year-docx month-docx year-xlsx month-html; do
  mkdir -p "$PAPERS/$paper" && pdftoppm -png -r 60 "$work/$paper/${paper%-*}.pdf" "$PAPERS/$paper/page"
done
