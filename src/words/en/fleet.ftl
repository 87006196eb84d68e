# The centre and its stations.

# Settings.
folder-relative = `{ $found }` is no full path.
    .hint = Write a path that begins with `/`, such as `/media/usb/loa`.
pin-malformed = `{ $found }` is no SHA-256.
    .hint = Copy the line `pin` that `loa init --centre` prints at the centre.
centre-address = `{ $found }` is no address of a centre.
    .hint = Write `https://HOST:PORT`, without a path.
centre-two-ways = A station goes one way: with `address` there is no `folder`.
    .hint = Remove one of the two keys.
centre-no-way = The table [centre] does not say by which way the centre is reached.
    .hint = Add `address = "https://…"` or `folder = "/…"`.
centre-no-key = The table [centre] has no key of the centre.
    .hint = Copy the line `keys` that `loa init --centre` prints at the centre; without it the station cannot tell an acknowledgement.
key-no-witness = `{ $found }` is no key with which a centre cosigns.
    .hint = Copy the whole line that `loa init --centre` prints at the centre.

# The centre.
centre-none = This folder is no centre's.
    .hint = Run `loa init --centre` to make it one.
centre-no-own-key = The centre has no cosigning key `{ $file }`.
    .hint = Run `loa init --centre`, or bring the key back from a backup.
centre-store-unknown = This program cannot open the store `{ $address }`.
    .hint = Write a path below the centre's folder.
centre-store-key = The variable `{ $name }` that opens the store `{ $address }` is not set.
    .hint = Set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` in the environment of the service (such as with `systemctl edit loa`).
pack-nowhere = It is not said where the package goes, and this folder is no centre's.
    .hint = Add `-o DIR` or `--tar FILE`; at a centre the stations fetch it by themselves.
centre-listen = The door for stations cannot be opened at `{ $address }`: { $detail }
    .hint = See whether the address is this machine's and whether another program uses the port.
enrol-malformed = The wish to enrol is malformed or wrongly signed.
    .hint = Let the station send it again.
enrol-refused = The wish of `{ $origin }` is not taken: this log is enrolled with another key.
    .hint = If the station lost disk and key, copy its log with `loa fleet copy` and run `loa init --new-epoch --from FOLDER` there.
enrol-unknown = No station asked to enrol the log `{ $origin }`.
    .hint = See the right name with `loa fleet`.
enrol-code = The code is not that of `{ $origin }`.
    .hint = Read the code again that the station shows with `loa status`; if it still differs, do not enrol it: another machine may pretend to be it.
enrol-revoked = The log `{ $origin }` was revoked.
    .hint = Let the station open a new epoch with `loa init --new-epoch --revoked` and ask again.
revoke-asked = The log `{ $origin }` is not enrolled: there is nothing to revoke.
    .hint = Drop the wishes that wait with `loa fleet drop { $origin }`.
word-malformed = The station's word is malformed or wrongly signed.
blob-refused = Bytes of the kind `{ $kind }` are not kept beside a log.
    .hint = Bring loa up to date at the centre first, then at the stations.
blob-no-room = Too many bytes of the log `{ $origin }` wait for entries that name them.
    .hint = After a day they wait no longer; if it comes again, look at the station and think of revoking it.

# The centre as a station sees it.
centre-heard = The centre has the whole log (at { $at }).
centre-asked = The centre has not enrolled this station yet (at { $at }).
    .hint = Read the code { $code } to an officer of the centre.
centre-refused = The centre refuses ({ $status }, at { $at }): { $detail }
    .hint = Ask an officer of the centre whether this station was revoked; where the disk was replaced, ask for the old log and run `loa init --new-epoch --from FOLDER`.
centre-clock-apart = The station's clock said { $own }, the centre's { $centre }: one is wrong.
    .hint = Compare both with a true clock and set the wrong one (`timedatectl`).
centre-away = The centre is not reached (at { $at }): { $detail }
    .hint = The station airs all the same; see to the line, the address and the stick.
centre-not-cosigned = The acknowledgement is signed by `{ $by }`, which is no key in this station's table [centre].
    .hint = Ask the centre whether it changed its key (`loa fleet key` there); if so, add the new one to `keys` in config/station.toml, beside the old one, and restart loa.
centre-holds-more = The log here has { $size } entries, the centre holds { $held }: an older copy was put back.
    .hint = Start loa again while the centre can be reached, to fetch back what is missing; if that fails, open a new epoch with `loa init --new-epoch`.
centre-holds-other = The log here is not the one that the centre holds ({ $held } entries).
    .hint = Two machines use one key, or the log was changed; tell the centre, and open a new epoch with `loa init --new-epoch`.

# Command line.
verb-fleet = The stations of the centre: who is enrolled, how far their logs came, which months they hold
verb-fleet-enrol = Enrols a station by the code that it shows
verb-fleet-drop = Drops the wishes to enrol that wait under the name of a log; a station that still asks is there again soon
arg-fleet-drop-origin = The name of the log in the wish
verb-fleet-settle = Say that what contradicts itself in a station's log is dealt with: red no more, both statements stay
verb-fleet-copy = Copy a station's log into a folder, from which a station goes on that lost its disk and key
verb-fleet-key = The centre's cosigning key: show it, make the next one, change to it
arg-fleet-settle-origin = Name of the station's log
arg-fleet-settle-reason = The cause and what was done, in words
arg-fleet-copy-origin = Name of the station's log
arg-fleet-copy-output = Folder, on a stick for instance
arg-fleet-key-next = Make the next key, for the stations' settings
arg-fleet-key-change = Use the next key from now on; the old one signs nothing more
arg-init-revoked = The old key was revoked or may be known to others: open a new epoch though the log is whole
arg-init-from = Go on behind the log that the centre retained (a folder made by `loa fleet copy`), where the station's disk and key are lost
verb-fleet-revoke = Revokes a station: nothing more of it is taken, what came stays
arg-fleet-enrol-origin = The name of the station's log, such as loa/station/pho-an/1
arg-fleet-enrol-code = The code that the station shows with `loa status`
arg-fleet-revoke-origin = The name of the station's log
arg-init-centre = Makes a centre: adds config/centre.toml and the cosigning key
init-centre =
    Write into the table [centre] of config/station.toml at each station:
    address = "https://…"
    pin     = "{ $pin }"
    keys    = ["{ $key }"]
fleet-enrolled = { $origin } is enrolled.
fleet-dropped = { $count } waiting wishes of { $origin } are dropped.
fleet-settled = The contradiction of { $origin } is settled; both statements stay.
fleet-settle-none = The log `{ $origin }` has no contradiction that is not settled.
    .hint = See the contradictions with `loa fleet`.
fleet-copied = Copied { $size } entries of { $origin } into { $folder }.
fleet-keys = For the [centre] table of the stations: keys = [{ $keys }]
fleet-key-next = Put both keys into every station first, then change with `loa fleet key --change`.
fleet-key-changed = The cosigning key is changed; restart loa at the centre for it to be used.
fleet-key-no-next = There is no next key yet.
    .hint = Make one with `loa fleet key --next`, put it into the stations' settings, then change.
comeback-none = There is no log with its public key in the folder `{ $folder }`.
    .hint = At the centre, run `loa fleet copy LOG -o FOLDER` and bring that folder here.
comeback-damaged = The log in `{ $folder }` is not whole.
    .hint = Copy it from the centre once more; `loa verify FOLDER` shows what is wrong.
comeback-other = `{ $origin }` is no log of the station `{ $station }`.
    .hint = Copy this station's own log, or correct `id` in config/station.toml.
comeback-needless = The key of the log `{ $origin }` is still here.
    .hint = Start loa where it reaches the centre: what is missing comes by itself, and no new epoch is needed.
comeback-done = The log here goes on behind `{ $origin }` already.
    .hint = Nothing more is to be done: let the centre enrol the new log.
comeback-taken = `{ $file }` stands already and is another than the one that was brought.
    .hint = That epoch is kept here already; look at it with `loa verify` before going on.
fleet-revoked = { $origin } is revoked.
fleet-station = Log
fleet-standing = Standing
fleet-size = Entries
fleet-heard = Last heard
fleet-holds = Holds
fleet-minutes = { $minutes } minutes ago
fleet-asked-short = asks to enrol
fleet-enrolled-short = enrolled
fleet-revoked-short = revoked
fleet-fork = `{ $origin }` signed two different histories; both signed heads are kept.
fleet-rollback = `{ $origin }` has fewer entries than it brought: its log was rolled back; both signed statements are kept.
