# Command line: help, answers, table heads.
loa-about = Airs a programme at its second, unattended, and keeps a log that proves what was aired.
loa-after =
    Exit codes: 0 done; 1 the answer is no; 2 wrong usage or configuration; 3 the machine failed (disk, device).
    To begin: loa init → put schedule and audio in place → loa check → loa approve → loa run. See README.md.
arg-dir = The station's folder (config/ schedules/ media/ data/)
arg-json = Print JSON on standard output and nothing else there
arg-lang = Language: vi or en (default from LANG, then vi)

typed-unknown = `{ $arg }` is too much.
    .hint = Type `{ $usage }`, or see `{ $help }`.
typed-unknown-near = There is no option `{ $arg }`; perhaps `{ $near }`.
    .hint = Type `{ $usage }`, or see `{ $help }`.
typed-elsewhere = `{ $arg }` does not stand before the command but behind it: `{ $there }`.
    .hint = See `{ $help }`.
typed-dash = `{ $arg }` begins with a dash, so it is not taken for a value.
    .hint = Write the value of an option with an equals sign, as in --text={ $arg }. See `{ $help }`.
typed-no-verb = There is no command `{ $verb }`.
    .hint = See `{ $help }`.
typed-no-verb-near = There is no command `{ $verb }`; perhaps `{ $near }`.
    .hint = See `{ $help }`.
typed-verb-missing = A command is missing behind `{ $verb }`: { $verbs }.
    .hint = See `{ $help }`.
typed-missing = Missing: { $args }.
    .hint = Type `{ $usage }`, or see `{ $help }`.
typed-twice = `{ $arg }` may be given only once.
    .hint = Type `{ $usage }`, or see `{ $help }`.
typed-conflict = `{ $arg }` does not go with `{ $other }`.
    .hint = Type `{ $usage }`, or see `{ $help }`.
typed-no-value = `{ $arg }` needs a value.
    .hint = See `{ $help }`.
typed-choice = `{ $arg }` does not take `{ $value }`, only: { $choices }.
    .hint = See `{ $help }`.
typed-no-number = `{ $value }` will not do for `{ $arg }`: it takes a whole number, not negative and not too large.
    .hint = See `{ $help }`.
typed-unlike = `{ $value }` will not do for `{ $arg }`; write it like `{ $examples }`.
    .hint = See `{ $help }`.
typed-value = `{ $value }` will not do for `{ $arg }` ({ $detail }).
    .hint = See `{ $help }`.
typed-otherwise = This was typed wrongly: { $detail }.
    .hint = See `{ $help }`.

help-usage = Usage:
help-verbs = Commands
help-arguments = Arguments
help-options = Options
help-default = [default: { $value }]
help-choices = [one of: { $values }]
arg-help = Print help; --help may say more than -h
arg-version = Print the version

verb-init = Make a station's folder: example configuration, keys, an empty log
verb-init-more = Fills in only what is missing. Refuses where a log or a key of the station already stands: one station must not have two logs.
verb-copy = Copy the schedule of one month as a draft for another (unapproved)
verb-check = Decode every file whole; check schedule, windows, lengths, topics, approval
verb-check-more = Without a month, checks all that stand in schedules/. Ends with code 1 when not ready.
verb-approve = Approve a month's schedule with all its audio: sign their digest
verb-rehearse = Run the whole month on a manual clock at full speed; never evidence
verb-run = The daemon: scheduler, playout, log
verb-air = Air one programme now by hand, and log it as such
verb-stop = The stop key: ends what is on air, with a hold if wanted (at most 24 hours)
verb-release = Lift a hold
verb-cancel = Cancel a slot to come, with a reason (mourning, storm…)
verb-clock = The clock of the PC
verb-clock-confirm = Confirm that its time is right when loa does not trust it
verb-status = What is on air, next slot, device, clock, disk, log
verb-log = The airings on record, with measured, not planned, times
verb-note = Enter an explanation beside a slot
verb-correct = Enter a correction that points to an earlier entry; the old one stays
verb-verify = Check the log from its own bytes, offline
verb-doctor = Test beforehand what can be tested: device, clock, disk, permissions, configuration

arg-copy-from = Month to copy, such as 2022-03 or 2022-03.ward
arg-copy-to = The new month, such as 2022-04 or 2022-04.ward
arg-months = Months, such as 2022-03 (with the ward's own, where there is one), or 2022-03.ward for the ward's own alone
arg-month = Month, such as 2022-03; 2022-03.ward for the ward's own schedule
arg-rehearse-month = Month, such as 2022-03 (with the ward's own schedule, where there is one), or 2022-03.ward alone
arg-by = Name of the person who does it
arg-document = Number of the document of approval
arg-key = Key file to sign with (default: the station's approval key)
arg-days = Rehearse only this many days from the first
arg-faults = Cut the power at moments drawn from this seed
arg-output = Output: pulse:NAME, alsa:NAME, wav:FILE or default
arg-programme = Programme id in the schedule, such as cchc
arg-test = A test play: marked, never counted
arg-reason = The reason, in words
arg-hold-until = Air nothing before this time: 17:30, 2022-03-05 17:30 or RFC 3339
arg-slot = Slot, such as 2022-03/cchc/2022-03-05T05:30:00
arg-log-from = From this day on, such as 2022-03-01
arg-log-to = Up to the end of this day
arg-outcome = Only this outcome: full, partial, missed, preempted, out-of-window, cancelled, test
arg-text = The text
arg-entry = Sequence number of the entry to correct
arg-codes = Short code from the duty book that the log must have had; may be given several times
arg-init-id = The id of the station or centre, lower case; the names of log and keys keep it for good
arg-init-new-epoch = The old log cannot be gone on with: keep it as it is and open a new epoch
arg-init-by = Name of the person who opens the new epoch
arg-init-reason = Why, in words
arg-qr = Draw the signed checkpoint as a QR code as well, to be photographed
arg-target = The station's folder or an evidence bundle (default: --dir)
arg-keys = Public key of the station or of a witness; may be given several times (default: data/keys/station.pub)
arg-tone = Sound a test tone of one second

severity-error = error
severity-warning = warning
severity-note = note
hint = hint

init-made = made { $file }
init-keys =
    Public key of the log (for those who audit): { $station }
    Approval key (into [trust] of config/station.toml if the station approves its own): { $approval }
init-exists = `{ $file }` already stands: this station has a log or a key.
    .hint = Use another folder, or leave it and start loa run; for a log that is damaged or lost: loa init --new-epoch.
init-other = `{ $file }` already says `{ $found }`, not `{ $id }`.
    .hint = Leave --id out, or change `id` in that file before there is a log.
copy-done = Made the draft { $file }; check, edit, then approve it.
copy-left-out = Left out times that the new month does not have: { $times }
copy-exists = `{ $file }` already stands.
    .hint = Delete or rename it first to make the draft anew.

check-working = Decoding and measuring
check-programme = Programme { $id }: { $title }
check-whole = Whole programme: { $length }, { $lufs } LUFS, peak { $peak } dBTP
check-ready = { $month }: READY, { $slots } slots at this station.
check-not-ready = { $month }: NOT READY ({ $slots } slots at this station).
head-segment = Segment
head-file = File
head-format = Format
head-length = Length
head-lufs = LUFS
head-dbtp = dBTP

month-missing = There is no schedule `{ $file }`.
    .hint = Make one with loa copy OLD-MONTH NEW-MONTH, or put the centre's schedule there.
config-missing = There is no file `{ $file }`.
    .hint = Run loa init in the station's folder, or name the right folder with --dir.
config-outside = The path `{ $file }` leaves the station's folder.
    .hint = Write a relative path without `..`.
approve-untrusted = This station does not trust the key `{ $key }`.
    .hint = Put it into approvers under [trust] in config/station.toml.
approve-done =
    { $by } approved { $month }: { $file }
    Digest: { $digest }

log-missing = This folder has no log or no station key yet.
    .hint = Run loa init once.
folder-held = Another loa process holds the folder `{ $folder }`.
    .hint = One loa run a folder; see loa status.
daemon-unclear = The answer of the process at `{ $socket }` cannot be read.
    .hint = Two versions of loa may be running; restart the service.
time-unclear = The time `{ $time }` is not understood.
    .hint = Write 17:30, 2022-03-05 17:30 or 2022-03-05T17:30:00+07:00.

air-begun = Getting ready to air { $programme } of { $month }.
air-busy = A programme is on air or about to be.
    .hint = Wait for its end, or end it with loa stop --reason.
air-held = On hold until { $until }.
    .hint = Lift it with loa release.
clock-stepped = The clock stepped by { $seconds } s while not synchronised.
    .hint = Set the time and wait for synchronisation (timedatectl); without a network confirm the right time: loa clock confirm --by "NAME".
clock-behind = The clock is before the log's last entry ({ $entry }).
    .hint = Set the time and wait for synchronisation (timedatectl); without a network confirm the right time: loa clock confirm --by "NAME".
clock-ahead = The clock is more than a year ahead of the log's last entry ({ $entry }) and not synchronised.
    .hint = Set the time and wait for synchronisation (timedatectl); without a network confirm the right time: loa clock confirm --by "NAME".
clock-before-release = The clock is before the day on which this software was released.
    .hint = Set the time and wait for synchronisation (timedatectl); without a network confirm the right time: loa clock confirm --by "NAME".
clock-unconfirmed = The clock was in doubt before this start, and nobody has confirmed it.
    .hint = Set the time and wait for synchronisation (timedatectl); without a network confirm the right time: loa clock confirm --by "NAME".
clock-confirmed = Entered: the clock is right, it is { $now }.
clock-not-doubted = Nobody doubts the clock: it is { $now }.
air-quiet-hours = Outside the allowed windows, or the programme does not fit the rest of the window.
    .hint = Air within the windows of config/station.toml, or into a file with --output wav:FILE.
air-slot-near = The slot { $slot } is near; airing now would run into it.
    .hint = Air after that slot.
stop-done = Stopped.
stop-held = Stopped; nothing airs until { $until }.
stop-nothing = Nothing was on air.
hold-too-long = Cannot hold until { $until }.
    .hint = Choose a time within the next 24 hours.
release-done = The hold is lifted.
release-nothing = There is no hold.
cancel-done = Cancelled { $slot }.
cancel-make-good = { $slot } will not be made good.
cancel-unknown = There is no slot to come called `{ $slot }`.
    .hint = See loa status; or it has its outcome already: loa log.
note-done = Entered as number { $entry }.
correct-done = Correction entered as number { $entry }.
prepare-unreadable = The schedule `{ $file }` cannot be read.
    .hint = Run loa check to see why.
prepare-no-programme = The schedule has no programme `{ $programme }`.
    .hint = See the programme ids with loa check.

rehearse-working = Rehearsing
rehearse-done = Rehearsed { $month }: { $slots } slots, { $full } in full, { $made_good } made good, in { $seconds } s. This is no evidence.
log-empty = No airings in this span.
log-open = still open
head-slot = Slot
head-start = Start
head-error = Error
head-consumed = Aired
head-outcome = Outcome
head-reason = Reason
head-proof = Proof
manual = by hand
make-good = make-good
verify-whole = The log is whole: { $size } entries, root { $root }.
verify-broken = The log FAILS: { $count } faults in { $size } entries.
verify-entry = entry { $entry }
verify-witnessed = Countersigned by: { $keys }.
verify-witnessed-to = The witness { $by } saw the first { $size } entries of the log at { $at } (entry { $entry }); no witness has seen the { $behind } behind them.
verify-anchors-unchecked = { $count } words of witnesses could not be checked: the part of the log, or the settings, on which they rest are not at hand.
verify-not-signed = These given keys did not sign: { $keys }.
verify-unknown = { $count } entries are of kinds that a later version of loa writes: unaltered, but not understood here.

status-line = Station { $station }, { $at }
status-stopped = loa is not running; this was read from the folder.
status-on-air = { $state }: { $programme }, { $position } / { $length }
status-state-preparing = Preparing to air
status-state-armed = Waiting for its time
status-state-on-air = On air
status-idle = Nothing is on air.
status-next = Next slot: { $slot }, in { $time }
status-next-days = Next slot: { $slot }, in { $days } days { $time }
status-make-good = Make-good at { $at }: { $slot }
status-no-next = No slot to come.
status-hold = On hold until { $until }
status-device = Device: { $state } – { $detail }
status-clock = Clock: { $state } – { $detail }
status-disk = Disk: { $state } – { $detail }
status-centre = Centre: { $state } – { $detail }
status-log = Log: { $size } entries; code for the duty book: { $code }

doctor-config = Configuration
doctor-log = Log and keys
doctor-permissions = Permissions
doctor-disk = Disk
doctor-clock = Clock
doctor-device = Sound device
doctor-second = Second output
doctor-devices = Devices seen:
doctor-ok = good
doctor-warning = look at it
doctor-error = broken
doctor-unknown = not known
doctor-ready = ready
outcome-unknown = There is no outcome called `{ $outcome }`.
    .hint = Use: full, partial, missed, preempted, out-of-window, cancelled, test.
day-unclear = The day `{ $day }` is not understood.
    .hint = Write it like 2022-03-05.

approval-missing = This schedule is not approved.
    .hint = Listen, check, then approve: loa approve MONTH --by NAME.
approval-untrusted = The approval was not signed by a key that this station trusts.
    .hint = Approve again with a key of approvers under [trust] in config/station.toml, or of the trust file in force.
approval-unreadable = The approval is damaged at line { $line }.
    .hint = Approve again with loa approve.
approval-value = `{ $value }` cannot stand in an approval: it must be one line of text.
    .hint = Remove line breaks and control characters.
survey-panicked = A software fault while reading the schedule.
prepare-replaced = The schedule `{ $file }` was replaced a moment ago and is not accepted yet.
air-refused = It could not air: { $reason }.
check-nothing = There is no month's schedule in the folder.
    .hint = Put MONTH.toml into schedules/.
output-unclear = The output `{ $output }` has no known form.
    .hint = Use pulse:NAME, alsa:NAME, wav:FILE or default; loa doctor lists names.
key-unclear = `{ $key }` is no public key.
    .hint = Use what stands in data/keys/station.pub.

lamp-clock-synchronised = synchronised, at most ±{ $ms } ms off
lamp-clock-unsynchronised = not synchronised
    .hint = Connect the network so that the machine sets its clock, or check the clock's battery.
lamp-disk-free = { $gb }.{ $tenth } GB free
    .hint = Free the disk: delete files that are not the station's.
lamp-disk-unwritten = the disk takes no more entries of the log, { $kept } writes wait: free space or look at the drive, do not switch the PC off
lamp-disk-unmeasured = free space cannot be measured
    .hint = Check the drive and who may read the data folder; run `loa doctor`.
lamp-device-unknown = not probed yet
    .hint = Play a test tone in the settings, or run `loa doctor`.
lamp-device-stopped = loa is not running, so nobody knows
    .hint = Start the station: systemctl start loa.
lamp-device-probed = { $device }, probed well at { $at }
lamp-device-open = { $device }, open since { $at }
lamp-device-consuming = { $device }, taking sound since { $at }
lamp-device-returned = { $device }, back since { $at }, not steady yet
    .hint = Wait some seconds; if it comes and goes, check the cable and the socket of the sound card.
lamp-device-second = { $device } stands in for the first output since { $at }
    .hint = Mend or plug in the first device; the station goes back to it when this airing has ended.
lamp-device-unanswered = { $device } takes sound, but whether anybody hears it is unknown since { $at }: the sound server does not say ({ $detail })
    .hint = See whether the sound server (PulseAudio or PipeWire) hangs; listen at the loudspeaker.
lamp-device-consumed = took sound last at { $at }
lamp-device-fault = { $fault ->
    [absent] no such device
    [busy] another program holds the device
    [lost] the device is gone
    [stalled] the device takes no more sound
    [unpaced] the device does not run in real time
    [dummy] a dummy device that nobody can hear
    [moved] the sound server moved the sound to another device
    [muted] the sound server lets nobody hear it
    [filechanged] the file is not the one that was verified
   *[software] a fault of the software
    } { $device }, at { $at } { $detail }
    .hint = { $fault ->
        [absent] Plug it in and switch it on; under its right name it is in the list of the settings.
        [busy] Close the program that holds the device.
        [dummy] No real sound card is seen: check the card and its driver.
        [moved] Set the sound server's default device again; the station plays into no other device.
        [muted] Unmute the device and raise its volume; the station does not, since somebody may have had a reason.
        [filechanged] Copy the approved file again and check the month.
        [software] Tell whoever looks after the machine, with the system's log.
       *[lost] Check the cable, the amplifier's power and the sound card; try `loa doctor --tone`.
        }

doctor-config-faults = { $first } ({ $faults } faults in all)
doctor-config-read = { $station } / { $unit }
doctor-failed = the machine failed: { $detail }
doctor-clock-unsynchronised = not synchronised; run: timedatectl set-ntp true
doctor-log-whole = { $entries } entries, { $file }
doctor-log-other = the log is called { $origin }, and the settings say { $id }: put the old id back into config/station.toml; where nothing was aired yet, make a new folder: loa init --id { $id }
doctor-log-faults = { $faults } faults; see: loa verify
doctor-key-private = { $mode } { $file }
doctor-key-open = { $mode } { $file }: others can read the key; run: chmod 600 { $file }
doctor-key-missing = cannot read `{ $file }`: { $detail }
doctor-device-file = { $device } is no loudspeaker: it airs nothing
doctor-device-good = { $device } takes sound
doctor-device-silent = { $device } does not answer

log-lost = There is no log `{ $file }`.
    .hint = A new station: loa init. A log that was lost: loa init --new-epoch --by NAME --reason TEXT.
log-rolled-back = The log `{ $file }` has { $size } entries and has already had { $seen }: an older copy was put back.
    .hint = Put the newest copy back if there is one; else: loa init --new-epoch --by NAME --reason TEXT.
log-forked = The first { $seen } entries of the log `{ $file }` are not those that were written.
    .hint = Put the right copy back if there is one; else: loa init --new-epoch --by NAME --reason TEXT.
log-damaged = The log `{ $file }` is damaged: { $detail }.
    .hint = See loa verify; put a sound copy back if there is one, else: loa init --new-epoch --by NAME --reason TEXT.
log-foreign = { $version ->
    [none] `{ $file }` is no log of this program.
   *[other] The log `{ $file }` has tables of version { $version }, which this version of loa does not know.
    }
    .hint = See loa verify; put a sound copy back if there is one, else: loa init --new-epoch --by NAME --reason TEXT.
log-high-water = The high-water file `{ $file }` is damaged or missing.
    .hint = Put that file back if there is a copy; else see loa verify and open a new epoch: loa init --new-epoch --by NAME --reason TEXT.
log-other-key = The log `{ $file }` was not signed by this station's key.
    .hint = Put the right key back if there is one; else: loa init --new-epoch --by NAME --reason TEXT.
epoch-needless = The log `{ $file }` is sound: no new epoch while it can be gone on with.
    .hint = Start loa run.
epoch-made = Opened the new epoch { $origin }; the old log lies at { $kept }. The station's new public key: { $key }
epoch-endorsed = The old key vouches for the new one.
epoch-not-endorsed = No old key is left to vouch for the new one: tell the supervisors the new key.
code-unclear = `{ $code }` was not copied correctly.
    .hint = A code looks like 1482-PQYM-V9MG-21W5-62PG-Z; its last symbol checks the others. Compare it with the duty book once more.
verb-export = Write the evidence of a period as one file that anybody can check
verb-export-more =
    The file is a ZIP: log entries, the hashes that prove them, the signed checkpoint, schedules, approvals, public keys, a summary to read, and how to check all of it without loa.
    Without --from and --to: the whole log. To check: loa verify FILE --key KEY.
arg-export-from = From this day on, such as 2022-03-01
arg-export-to = Up to the end of this day
arg-export-output = The file to write, such as evidence-2022-03.zip
arg-audio = The approved audio files too
arg-force = Write over a file that stands there
export-done = Wrote { $file } ({ $bytes } bytes): { $held } of { $size } log entries, { $rows } airings.
export-root = Root: { $root }
export-exists = The file `{ $file }` already exists.
    .hint = Choose another name, or add --force to write over it.
export-without = Without `{ $file }`: the station no longer has the right bytes of it. See loa verify.
export-unsigned = The head of the log is not signed by the station's key, so no bundle can be made of it.
    .hint = See loa verify.
bundle-whole = The bundle is whole: all { $size } entries, root { $root }.
bundle-part = The part of the log in the bundle is whole: { $held } of { $size } entries ({ $stretches }), root { $root }. It says nothing of the others.
bundle-broken = The bundle FAILS: { $count } faults; it holds { $held } of { $size } entries ({ $stretches }).
bundle-period = By bundle.json, which nobody signed, it holds all that belongs to the days from { $from } to { $to }.
bundle-period-begin = the beginning of the log
bundle-period-end = its end
bundle-slots-part = These are the slots of its period by the slot lists that the bundle holds; entries that it leaves out may have accepted others.
bundle-unlisted = No schedule of { $months } that was accepted or refused is in the bundle: whether anything was planned then, nobody can say from it. The station may have had none, or the entry was taken away.
bundle-code-unchecked = The code { $code } cannot be checked against this part of the log: neither borne out nor refuted. Ask for the whole log.
target-missing = There is no `{ $file }`.
    .hint = Give a station's folder or a file that loa export wrote.
bundle-media-good = { $count } audio files are those that were approved.
bundle-unknown = The file `{ $file }` is no part of a bundle: neither read nor judged.
bundle-reading = summary.html, rows.json and media.json are for convenient reading; they are no evidence and were not checked here.
bundle-unreadable = This file is no bundle that can be read: { $detail }
    .hint = Give a file that loa export wrote, or a station's folder.
bundle-members = The bundle has { $found } files, more than { $most }.
bundle-large = The bundle unpacks to { $found } bytes, more than { $most }.
bundle-duplicate = Two files in the bundle have the same name, so that two programs may read two things.
bundle-name = A file name in the bundle is not allowed: `{ $file }`.
bundle-key = `{ $file }` in the bundle is no public key.
verb-enter = Enter an airing made by other means while automation was down, signed by the person who vouches for it
verb-enter-more = It stands in a row of its own, marked as vouched for, and changes no outcome that the station has entered. The key must be among operators or approvers under [trust] in config/station.toml.
verb-retain = Hold everything that belongs to some days (audit, complaint), lift a hold, or list the holds
verb-retain-more = Without arguments, lists every hold. While one is in force no file of its months is deleted.
verb-prune = Delete audio whose time of keeping is over, once its digest stands in the log
verb-prune-more = The times stand under [retention] in config/station.toml. What is still needed, what is on hold and what no schedule ever named stays. The log is never deleted.
verb-key = A person's signing key
verb-key-new = Make a new signing key that only the owner of the file may read, and print its public half
arg-at = When it began: 17:30, 2022-03-05 17:30 or RFC 3339
arg-until = When it ended
arg-enter-slot = The slot for which it stands, if any
arg-enter-outcome = Aired in full or in part, by the word of the person who vouches
arg-enter-text = By what means it was aired
arg-enter-key = Key file of the person who vouches (loa key new)
arg-retain-from = From this day on, such as 2022-03-01
arg-retain-to = Up to the end of this day
arg-lift = Lift the hold that was set by this entry
arg-dry-run = Only say what would be deleted
arg-name = Name of the key, without spaces, such as nguyen-van-a
arg-file = New file for the key

entry-unknown = The log has no entry { $entry } yet; its last is { $last }.
    .hint = See the numbers of entries with loa log --json.
slot-unknown = There is no slot called `{ $slot }`, neither in the log nor in a schedule.
    .hint = Copy its name from loa log or loa check.
enter-done = Entered the airing that a person vouches for, as number { $entry }.
enter-reversed = The airing must end after it begins.
    .hint = Correct --at or --until.
enter-future = The airing has not ended yet, so nobody can vouch for it.
    .hint = Vouch only for what is over.
enter-other-slot = `{ $slot }` is a slot of another month or programme.
    .hint = Give the month and programme of that slot.
enter-full = The station itself aired `{ $slot }` in full; nobody needs to vouch for it.
    .hint = If there is something to say, use loa note.
enter-overlap = Entry { $entry } already has an airing of this programme within that time.
    .hint = See loa log; if the earlier one is wrong, correct it with loa correct.
enter-value = `{ $value }` cannot be signed: it must be one line of text without spaces around it.
    .hint = Write it as one line.
enter-untrusted = The statement was not signed by a key that this station trusts.
    .hint = Put that person's public key into operators under [trust] in config/station.toml.
enter-statement = What was signed is not what would be entered.
    .hint = Enter it anew with loa enter, at this station.
retain-done = On hold, entered as number { $entry }.
retain-lifted = The hold is lifted, entered as number { $entry }.
retain-unknown = Entry { $entry } is no hold.
    .hint = See the holds with loa retain.
retain-lifted-already = It was lifted already, by entry { $entry }.
    .hint = See the holds with loa retain.
retain-none = There has never been a hold.
retain-in-force = in force
retain-lifted-by = lifted by { $by }: { $reason }
head-entry = Entry
head-days = Days
head-by = By
head-why = Reason
head-state = State
prune-gone = deleted { $file } ({ $bytes } bytes, last named by { $month })
prune-would = would delete { $file } ({ $bytes } bytes, last named by { $month })
prune-held = kept { $file }, on hold by entry { $entry }
prune-done = Deleted { $count } files whose time was over; audio is kept from { $from } on.
prune-dry-done = The time of { $count } files is over; audio is kept from { $from } on. Nothing was deleted.
prune-left = { $count } more are left for the next time.
prune-unwritten = Entries still wait for the disk to take them into the log; nothing was deleted.
    .hint = Free the disk and try again.
prune-running = A deletion is in progress; another cannot begin yet.
    .hint = Wait for its end, then look again.
prune-unreadable = A schedule of `{ $file }` cannot be read, so it is not known which files are still needed; nothing was deleted.
    .hint = Run loa check and mend the schedule in the folder.
key-new-done =
    Made { $file }; keep it to yourself.
    Public key (into operators or approvers under [trust]): { $key }
key-exists = `{ $file }` already stands.
    .hint = Name another file; a key is never overwritten.
key-name = `{ $name }` cannot name a key.
    .hint = Use a name without spaces and `+`, such as nguyen-van-a.
by-hand = vouched for
log-urgent = urgent
epoch-hold = The log of the epoch before cannot be read, so its holds are not known: everything is held until a person lifts it.

verb-wake = Print when (seconds since 1970) the PC must be on for the next slot, to set its alarm
verb-wake-more = 15 minutes before the next slot or make-good. config/loa-wake.timer sets the hardware clock to it with rtcwake. Ends with 1 when nothing is to come.
wake-nothing = No slot is to come; the PC need not be woken.
doctor-flush = Durable writes
doctor-rtc = Hardware clock
doctor-autostart = Autostart
doctor-power = Power on by itself
doctor-next = Next slot
doctor-data-open = { $mode } { $file }: others can write here; run: chmod go-w { $file }
doctor-flush-good = a small durable write takes { $ms } ms
doctor-flush-fast = a write takes only { $ms } ms, sooner than a disk that really writes: a power cut may cost the last entries. Turn the disk's write cache off (hdparm -W0) or use another disk
doctor-flush-slow = a write takes { $ms } ms, far too long: examine or replace the disk
doctor-flush-memory = the folder data lives in memory (tmpfs), the log ends with the power: move the station's folder to a disk
doctor-flush-mount = mounted with { $option }, a power cut may damage the log: take that option out of /etc/fstab
doctor-rtc-good = agrees with the PC's time ({ $s } s off)
doctor-rtc-off = { $s } s off the PC's time; once that is right, run: hwclock --systohc --utc
doctor-rtc-dead = shows { $shows }, { $s } s off: its battery is probably empty. Replace it (CR2032), then run: hwclock --systohc --utc
doctor-rtc-none = not found: after a power cut the time is right only with a network; without one it must be confirmed with loa clock confirm
doctor-autostart-on = { $unit } starts loa on { $folder }
doctor-autostart-elsewhere = { $unit } starts loa on another folder, not on { $folder }: mend its ExecStart
doctor-autostart-off = no systemd service starts loa on { $folder } after a power cut; copy config/loa.service to /etc/systemd/system/ and run: systemctl enable --now loa
doctor-power-wakes = the hardware clock will switch the PC on at { $at }; in the BIOS "Restore on AC Power Loss" must still be "Power On"
doctor-power-unset = no alarm is set before the next slot; run: systemctl enable --now loa-wake.timer. In the BIOS set "Restore on AC Power Loss" to "Power On", then pull the plug once to see it
doctor-power-cannot = this PC has no alarm: leave it on. In the BIOS set "Restore on AC Power Loss" to "Power On", then pull the plug once to see it
doctor-next-ready = { $slot }, in { $days } days { $time }, approved
doctor-next-not = { $slot }, in { $days } days { $time }, will not air: { $why } See: loa check
doctor-next-unread = { $file }: { $why } See: loa check
doctor-next-none = no slot is to come this month and the next: put a schedule into schedules/ and approve it (loa approve)
act-done = Entered in the log (entry { $entry }).
look-done = Looking at the schedules again.

# The people of the pages
people-unreadable = The list of people `{ $file }` cannot be read: { $detail }.
    .hint = Restore the file from a backup, or move it away and make the first admin anew by the link that loa prints at its start.
person-id = `{ $found }` is no name to sign in with.
    .hint = Use lower-case letters, digits, `-` and `.`; at most 40 of them.
person-twice = Somebody signs in as `{ $id }` already.
    .hint = Choose another name to sign in with.
person-name = The name is empty, too long, or has hidden characters.
    .hint = Write the full name as it stands in documents.
person-no-role = No role was chosen.
    .hint = Choose at least one.
person-changed = Somebody else has just changed `{ $id }`.
    .hint = Look at what stands there now, and change it if it is still needed.
person-last-admin = This is the last admin.
    .hint = Make somebody else an admin first.
person-unknown = Nobody signs in as `{ $id }`.
password-short = The password is shorter than { $least } characters.
    .hint = A sentence of a few words is easy to remember and hard to guess.
password-same = The new password is the old one.
    .hint = Choose another.

# The working file of a month
draft-conflict = While you worked, { $by } saved another change; yours is not saved.
    .hint = Look at the new state below and make your change again.
draft-changed = This was changed after you opened the page.
    .hint = Look at it again and decide then.
draft-approved = The revision of { $month } is approved and will air, so it cannot be returned.
    .hint = Change the month into a new revision and approve it, or cancel single slots.
draft-by-hand = The file `{ $file }` was written by hand; saving here loses its comments and its layout.
    .hint = Agree on the month's page to go on there; the old file is kept beside it as `.bak`.
edit-gone = What was to be changed is there no more.
    .hint = Look at the page again.
edit-cron = A repeating rule can only be removed as a whole.
    .hint = Remove the rule and add the single slots that shall stay.

verb-user = People who use the pages: add, list, change, give a new password
verb-user-add = Adds a person and prints the first password, which must be changed at the first sign-in
verb-user-list = Lists everybody with roles and standing
verb-user-reset = Gives a new first password; the person's open sessions end
verb-user-change = Changes name and roles; closes or opens a person
arg-id = Name to sign in: lower-case letters without marks, digits, hyphens and dots
arg-user-add-name = Full name, as it will stand in the log and in approvals
arg-user-change-name = New full name
arg-user-add-roles = Role: editor, approver, operator, auditor, admin; may be given several times
arg-user-change-roles = Replaces all roles by these; may be given several times
arg-password-stdin = Reads an own password from standard input, which need not be changed (for scripts)
arg-close = The person may not sign in any more
arg-open = The person may sign in again
user-none = There is nobody yet. Add an admin: loa user add ID --name "NAME" --role admin
user-done = The change of { $id } ({ $name }) is entered.
user-first-password =
    First password of { $id } ({ $name }): { $password }
    It is shown once only and must be changed at the first sign-in.
trail-unreadable = `{ $file }`, which tells who worked on this month, cannot be read: { $detail }
    .hint = Delete that file and save the month in the page again, so that who works on it is known.
user-not-entered = It could not be entered into the log, so nothing was changed.
user-open = In use
user-closed = Closed
user-must-change = First password not changed yet
head-id = Sign-in name
head-name = Name
head-roles = Roles
role-editor = Editor
role-approver = Approver
role-operator = Operator
role-auditor = Auditor
role-admin = Administrator
tone-heard = The device { $device } has played the whole second of tone. Ask somebody at the loudspeaker whether it was heard.
tone-failed = The device { $device } did not play the tone ({ $fault }): { $detail }
tone-quiet-hours = Outside the windows the loudspeakers must not sound, not even for a test.
restart-done = The station ends in order and starts again with the new settings.
settings-changed = The settings' file was changed elsewhere meanwhile.
    .hint = Look at the values as they are now, and change them again.
