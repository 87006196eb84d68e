# Findings of the checkers: the code, its sentence, and .hint with the remedy.

# Files that people write
file-too-large = The file is larger than { $limit_kib } KiB and was not read.
    .hint = Check that this is the right file; a month needs a few kilobytes.
file-not-utf8 = The file is not UTF-8 text from this line on.
    .hint = Save it again with the encoding UTF-8.
toml-syntax = This is not TOML: { $detail }.
    .hint = Look at this line and the one before it: quotes, brackets and `=` must match.
key-unknown = There is no key `{ $key }` here.
    .hint = { $nearest ->
        [none] Allowed here: { $allowed }.
       *[other] Did you mean `{ $nearest }`? Allowed here: { $allowed }.
    }
key-missing = The key `{ $key }` is missing.
    .hint = Add `{ $key } = …` here.
value-type = { $wanted ->
        [string] A text in quotes is wanted here
        [integer] A whole number is wanted here
        [float] A number is wanted here
        [boolean] `true` or `false` is wanted here
        [array] A list in brackets is wanted here
       *[table] A table is wanted here
    }, not { $found ->
        [string] a text
        [integer] a whole number
        [float] a decimal number
        [boolean] `true` or `false`
        [datetime] a date
        [array] a list
       *[table] a table
    }.
    .hint = { $wanted ->
        [string] Write `"…"`.
        [integer] Write digits without quotes.
        [float] Write a number without quotes, such as `-16.0`.
        [boolean] Write `true` or `false` without quotes.
        [array] Write `[…]`.
       *[table] Write it as a section of its own.
    }
text-control = The text `{ $found }` has an invisible character.
    .hint = Type the text again by hand.
text-too-long = The text is longer than { $limit } characters.
    .hint = Shorten it.
text-empty = The text is empty.
    .hint = Write what should stand here.
id-malformed = `{ $found }` cannot be an id.
    .hint = Use lower-case letters without accents, digits and `-`; at most 64.
id-twice = The id `{ $id }` stands twice.
    .hint = Give each its own id.
path-leaves = The path `{ $path }` leaves its folder.
    .hint = Put the file below the folder and write its path from there, without `..` and without `/` at its beginning.
path-malformed = `{ $path }` is not a path of this program.
    .hint = Join folder and file by a single `/`, without spaces around the names.
number-range = `{ $found }` lies outside { $least } to { $most }.
    .hint = Write a number from { $least } to { $most }.
choice-unknown = `{ $found }` is not one of the words for this key.
    .hint = { $nearest ->
        [none] Allowed: { $allowed }.
       *[other] Did you mean `{ $nearest }`? Allowed: { $allowed }.
    }
date-malformed = `{ $found }` is not a date.
    .hint = Write year, month, day, such as `2022-12-10`.
time-malformed = `{ $found }` is not a time of the station.
    .hint = Write it such as `2022-03-05T17:00:00`, without an offset.
list-too-long = The list has more than { $limit } elements.
    .hint = Shorten it.
list-empty = The list is empty.
    .hint = Write at least one element.
format-unknown = This version does not know format { $found }.
    .hint = Write `format = 1`, or install the version that made the file.
range-reversed = `{ $to }` lies before `{ $from }`.
    .hint = Exchange the two or correct one of them.

# Schedule
month-malformed = `{ $found }` is not a month.
    .hint = Write year and month, such as `2022-03`.
month-file-mismatch = The file `{ $file }` says that it is the month { $month }.
    .hint = Rename it to `{ $month }.toml` or correct `month`.
programme-unknown = There is no programme `{ $programme }` in this schedule.
    .hint = { $nearest ->
        [none] Write the `id` of one of the programmes above.
       *[other] Did you mean `{ $nearest }`?
    }
slot-when = A slot needs either `cron` or `at`, and not both.
    .hint = Keep one of the two.
cron-malformed = `{ $cron }` is not a cron expression.
    .hint = Write second, minute, hour, day, month, weekday, such as `0 30 5 * * Sat`.

# Slots
slot-in-gap = The clocks skip the time of slot `{ $slot }`; it airs at { $at }.
    .hint = Choose a time outside the hour at which daylight saving begins.
slot-in-fold = The clocks show the time of slot `{ $slot }` twice; it airs the first time, at { $at }.
    .hint = Nothing needs to be done.
slot-never = `{ $cron }` never comes in { $month }.
    .hint = Check day and weekday; not every month has a 29th, 30th or 31st.
slot-day-missing = { $month } has no day { $days }; nothing airs for it.
    .hint = Name the last day of the month if it was meant.
slot-outside-month = `{ $at }` lies outside { $month }.
    .hint = Correct the date, or move the slot to the schedule of its own month.
slots-too-many = There are more than { $limit } slots in the month.
    .hint = Check the cron expression: its first field is the second, its second the minute.
slot-twice = The slot `{ $slot }` is given twice; it airs once.
    .hint = Remove one of the two.

# Schedule against the plan
plan-other-year = The plan is of { $year }, the schedule of { $month }.
    .hint = Name the plan of that year in `config/station.toml`.
unit-unknown = The plan has no unit `{ $unit }`.
    .hint = { $nearest ->
        [none] Write the `id` of a unit of the plan.
       *[other] Did you mean `{ $nearest }`?
    }
unit-not-valid = The unit `{ $unit }` does not exist in { $month }.
    .hint = Check `valid_from` and `valid_to` in the plan.
unit-twice = The unit `{ $unit }` exists twice on the same day.
    .hint = End one period before the next begins.
programmes-few = The month has { $found } of the { $due } programmes that the plan wants.
    .hint = Add what is missing.
column-unknown = The plan has no column `{ $column }`.
    .hint = { $nearest ->
        [none] Write the title of a column of the plan.
       *[other] Did you mean `{ $nearest }`?
    }
topics-none = The programme `{ $programme }` names no topic of the plan.
    .hint = Name the topics in `topics`, so that the report can count them.
topic-unknown = The plan has no topic `{ $topic }`.
    .hint = { $nearest ->
        [none] Write the number of a topic of the plan.
       *[other] Did you mean `{ $nearest }`?
    }
programme-length = The programme `{ $programme }` lasts { $length }; the plan wants { $least } to { $most }.
    .hint = Shorten or lengthen it.
programme-length-near = The programme `{ $programme }` lasts { $length }, just outside { $least } to { $most }.
    .hint = It may air; better keep to the bounds next time.
file-repeated = The file `{ $path }` stands twice in the programme.
    .hint = Check that no part was named by mistake.
airings-few = The programme `{ $programme }` has { $found } of the { $due } slots that the plan wants here.
    .hint = Add slots.
slot-outside-window = { $length ->
        [unknown] Slot `{ $slot }` begins outside the windows of the station: { $windows }.
       *[other] Slot `{ $slot }` of { $length } does not fit a window of the station: { $windows }.
    }
    .hint = Move the slot so that the whole programme lies in one window.
slot-unusual = Slot `{ $slot }` lies outside the usual windows: { $windows }.
    .hint = Move it, or say why in the key `reason` of the slot.
slot-reasoned = Slot `{ $slot }` lies outside the usual windows ({ $windows }): { $reason }.
    .hint = Nothing needs to be done.
slot-overlap = Slot `{ $slot }` begins while `{ $other }` airs, which ends at { $end }.
    .hint = Move one of the two.

# The ward's own schedule beside the centre's
source-ward = The programme `{ $programme }` is the ward's own (`source = "ward"`), but this is the centre's schedule.
    .hint = Move it to `{ $month }.ward.toml`, which has its own approval, or correct `source`.
source-not-ward = The programme `{ $programme }` is not the ward's own, but this is the ward's schedule.
    .hint = Write `source = "ward"`, or move it to `{ $month }.toml` if it is the centre's.
programme-of-centre = The centre's schedule of this month already has a programme `{ $programme }`.
    .hint = Give the ward's own programme another id.
slot-overlaps-centre = Slot `{ $slot }` is in the way of the centre's `{ $other }`, which airs from { $begin } to { $end }.
    .hint = Move the ward's own slot; the centre's stands.

# Approval
approval-month = The approval is for { $approved }, not for { $found }.
    .hint = Put the right approval beside the schedule.
approval-revision = Revision { $approved } was approved; this is revision { $found }.
    .hint = Have this revision approved.
approval-schedule = The schedule was changed after its approval (`{ $approved }` → `{ $found }`).
    .hint = Restore the approved file, or have the changed one approved.
approval-file-changed = The file `{ $path }` was changed after its approval (`{ $approved }` → `{ $found }`).
    .hint = Restore the approved file, or have the programme approved again.
approval-file-removed = The approved file `{ $path }` is missing.
    .hint = Restore it, or have the programme approved again.
approval-file-added = The file `{ $path }` was not approved.
    .hint = Remove it from the schedule, or have the programme approved again.

# Settings of the station
zone-unknown = There is no time zone `{ $found }`.
    .hint = { $nearest ->
        [none] Write an IANA name such as `Asia/Ho_Chi_Minh`.
       *[other] Did you mean `{ $nearest }`?
    }
window-malformed = `{ $found }` is not a window.
    .hint = Write start and end, such as `05:30-06:30`; midnight at the day's end is `00:00`.
device-malformed = `{ $found }` is not an output.
    .hint = Write `default`, `pulse:NAME`, `alsa:NAME` or `wav:FILE`.
second-unfit = `{ $found }` cannot stand in for the first output.
    .hint = Write another device by its name, `pulse:NAME` or `alsa:NAME`; a first output that is a file needs none.
key-malformed = `{ $found }` is not a public key.
    .hint = Copy the whole line `name+id+text` that the approver gave.
key-demo-only = The key `{ $key }` is for demonstrations only: anybody can sign with it.
    .hint = Remove it, or write `demo = true` if this is a demonstration.
approvers-none = No key is trusted, so nothing can be approved for air.
    .hint = Add the approver's public key to `approvers` in `[trust]`.

# media
audio-outside-media = `{ $file }` leaves the media folder.
    .hint = Put the file below `media/` and name it from there, without `..` and without links that lead out.
audio-missing = There is no file `{ $file }`.
    .hint = Copy the file to that place below `media/`, or correct the name in the schedule.
audio-missing-near = There is no file `{ $file }`.
    .hint = Did you mean `{ $nearest }`?
audio-not-file = `{ $file }` is a folder or a device, not a file.
    .hint = Name an audio file.
audio-unreadable = `{ $file }` cannot be read: { $detail }.
    .hint = Look at the rights of the file and at the disk.
audio-not-audio = `{ $file }` is not audio but { $found }.
    .hint = Get the recording itself; renaming a file does not turn it into sound.
audio-format = `{ $file }` is { $found }, which is not taken.
    .hint = Convert it to MP3, WAV, FLAC, Ogg Vorbis, Opus or M4A (AAC-LC), mono or stereo.
audio-empty = `{ $file }` holds no sound.
    .hint = The recording or the copying went wrong; get the file again.
audio-truncated = `{ $file }` ends after { $decoded }, but should last { $stated }.
    .hint = The copying was cut off; get the file again.
audio-no-end = `{ $file }` ends after { $decoded } without the mark of its end.
    .hint = The copying was cut off; get the file again.
audio-changes = `{ $file }` changes its rate or channels after { $at }.
    .hint = Two recordings of different kinds were glued together; export them as one file or as two segments.
audio-too-long = `{ $file }` is longer than { $limit } minutes.
    .hint = Cut it into segments.
audio-ruined = `{ $file }` is damaged: { $lost } of { $of } cannot be decoded.
    .hint = Get the file again.
audio-undecodable = `{ $file }` cannot be decoded: { $detail }.
    .hint = Get the file again, or export it anew from the editor's program.
audio-unsettled = `{ $file }` changed while it was read.
    .hint = Wait until it is copied whole, then check again.
audio-stopped = `{ $file }` was not read to its end, because the check was stopped.
    .hint = Check again.
audio-silent = `{ $file }` is silent from begin to end.
    .hint = Record or export it again; nothing in it is louder than −60 dB.
audio-damaged = `{ $file }` is damaged in { $faults } places; silence of { $lost } stands there instead.
    .hint = Listen to it; get the file again if the gaps disturb.
audio-clipped = `{ $file }` is clipped in { $runs } places.
    .hint = Record or export it again at a lower level; clipping cannot be undone.
audio-long-silence = `{ $file }` is silent for { $length } from { $at } on.
    .hint = Cut the silence out, or leave it if it is meant.
audio-quiet = `{ $file }` is very quiet ({ $loudness } LUFS); it is turned up, noise and all.
    .hint = Record closer to the microphone.
audio-loud = `{ $file }` is very loud ({ $loudness } LUFS); it is turned down.
    .hint = Record or export it at a lower level.
audio-length-lies = `{ $file }` says it lasts { $stated }, but it lasts { $true }.
    .hint = The true length counts; nothing need be done.

listen-malformed = `{ $found }` is no address for the pages.
    .hint = Write an address and a port, such as `127.0.0.1:8470`, or `off` for no pages.
listen-open = The address `{ $found }` opens the pages to other machines over an unencrypted line.
    .hint = Use `127.0.0.1:8470`, so that only this machine can open them, or add `tls = "own"`, and the station makes its own certificate.
host-malformed = `{ $found }` is no host name.
    .hint = Write the name alone, without `http://` and without a port, such as `loa.ducpho.gov.vn`.
certificate-twice = `tls = "own"` and certificate files are both given.
    .hint = Leave out `tls` to use the files, or `certificate` and `key` to have the station make its own.
certificate-alone = A certificate and its private key belong together.
    .hint = Give both `certificate` and `key`, as paths below the station's folder.
certificate-missing = There is no file `{ $file }`; the pages stay closed, what airs is not affected.
    .hint = Put the file there, or use `tls = "own"`.
certificate-none = The file `{ $file }` holds no certificate.
    .hint = It must be PEM, which begins with `-----BEGIN CERTIFICATE-----`.
certificate-broken = The certificate or key in `{ $file }` cannot be used: { $detail }.
    .hint = See whether the two PEM files belong together; the key must have no password.
proxy-malformed = `{ $found }` is no IP address.
    .hint = Write the proxy's address, such as `10.0.0.1`.
proxy-unnamed = The proxy's address is given, but not its host name.
    .hint = Add `behind = "HOST NAME"`, the name by which people open the pages.
