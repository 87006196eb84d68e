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
enrol-refused = The wish of `{ $origin }` is not taken: this log is enrolled with another key, or too many wishes wait.
    .hint = Decide on those that wait; if the station was installed anew, open a new epoch with `loa init --new-epoch`.
enrol-unknown = No station asked to enrol the log `{ $origin }`.
    .hint = See the right name with `loa fleet`.
enrol-code = The code is not that of `{ $origin }`.
    .hint = Read the code again that the station shows with `loa status`; if it still differs, do not enrol it: another machine may pretend to be it.
enrol-revoked = The log `{ $origin }` was revoked.
    .hint = Let the station open a new epoch and ask again.
word-malformed = The station's word is malformed or wrongly signed.
blob-refused = Bytes of the kind `{ $kind }` are not kept beside a log.

# The centre as a station sees it.
centre-heard = The centre has the whole log (at { $at }).
centre-asked = The centre has not enrolled this station yet (at { $at }).
    .hint = Read the code { $code } to an officer of the centre.
centre-refused = The centre refuses ({ $status }, at { $at }): { $detail }
    .hint = Ask an officer of the centre whether this station was revoked.
centre-away = The centre is not reached (at { $at }): { $detail }
    .hint = The station airs all the same; see to the line, the address and the stick.
centre-not-cosigned = The acknowledgement is not signed by the centre's key.
    .hint = Compare the key in the table [centre] of config/station.toml with the one that the centre publishes.
centre-holds-more = The log here has { $size } entries, the centre holds { $held }: an older copy was put back.
    .hint = Start loa again while the centre can be reached, to fetch back what is missing; if that fails, open a new epoch with `loa init --new-epoch`.
centre-holds-other = The log here is not the one that the centre holds ({ $held } entries).
    .hint = Two machines use one key, or the log was changed; tell the centre, and open a new epoch with `loa init --new-epoch`.

# Command line.
verb-fleet = The stations of the centre: who is enrolled, how far their logs came, which months they hold
verb-fleet-enrol = Enrols a station by the code that it shows
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
fleet-revoked = { $origin } is revoked.
fleet-station = Log
fleet-standing = Standing
fleet-size = Entries
fleet-heard = Last heard
fleet-holds = Holds
fleet-minutes = { $minutes } minutes ago
fleet-asked = asks to enrol, code { $code }
fleet-enrolled-short = enrolled
fleet-revoked-short = revoked
fleet-fork = `{ $origin }` signed two different histories; both signed heads are kept.
fleet-rollback = `{ $origin }` has fewer entries than it brought: its log was rolled back; both signed statements are kept.
