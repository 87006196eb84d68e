# Faults that verification of a log finds: what was found, at which entry, and what it means.
verify-signature = { $what ->
    [untrusted] None of the given keys signed the head of the log
    [head] What was signed is no head of a log
   *[note] The head of the log is no signed note
}. Either it was signed by another key or the record was changed after signing; nothing in this log is vouched for
verify-leaf = Entry { $entry } { $what ->
    [long] is longer than an entry may be
    [version] is of a format that this version does not know ({ $found })
    [boot] names its boot wrongly
    [body] has not the fields of its kind `{ $kind }`
    [value] holds a value that no entry can hold
   *[spelling] is not spelled canonically from byte { $at } on
}. loa never writes such bytes: the entry was altered, and two readers might read two different things in it
verify-seq = The entry at position { $entry } says that it is entry { $found }: entries were dropped, doubled or swapped
verify-row = Entry { $entry } is stored under the number `{ $found }`: the table was changed by hand, and searches may find other entries than they should
verify-opening = The log does not begin with its opening entry: its beginning was cut off or replaced
verify-origin = The log was opened as `{ $found }`, but its head is signed for `{ $wanted }`: the entries of one log stand under the signature of another
verify-opened-twice = Entry { $entry } opens a log in the middle of this one: two logs were joined
verify-short = The log has { $found } entries, but its signed head covers { $wanted }: entries that were signed are gone
verify-unsigned = The log has { $found } entries, but its signed head covers only { $wanted }: the station never signed the rest
verify-root = The tree over the { $found } entries has another root than the signed head: at least one entry was altered
verify-altered = Entry { $entry } is not the one whose hash the tree keeps: it was altered after it was written
verify-boottime-back = At entry { $entry } the time since boot goes back by { $ms } ms within one boot: an older state of the machine was put back, or entries were back-dated
verify-clock-step = At entry { $entry } the wall clock jumps by { $ms } ms and no entry explains it: the times from here on may be wrong, or entries were back-dated
verify-boot-missing = Entry { $entry } comes from another boot of the machine, and no boot entry stands before it: entries are missing, or come from another machine
verify-wall-behind = Entry { $entry } begins an airing while the wall clock is { $ms } ms behind the log and nobody set or confirmed it: the stated time of this airing proves nothing
verify-head = The stored size of the log is not that of its signed head: the head was changed by hand
verify-schema = `{ $name }` in the log's database is not what loa makes: it was altered, removed or added, and searches may show something else than the entries say
verify-unread = The entries were not read: a table that holds them is not what loa makes, and could answer with anything
verify-node = Node { $node } of the stored tree, written with entry { $entry }, is wrong: the entries themselves are whole, but proofs made from this tree would fail
verify-nodes-more = The stored tree has nodes that belong to no entry: entries were removed, or the tree was changed by hand
verify-blob-missing = { $kind ->
    [schedule] The schedule
    [slots] The slot list
    [approval] The approval
    [config] The settings
    [plan] The year's plan
    [statement] The signed statement
    [checkpoint] The checkpoint of the epoch before
   *[endorsement] The endorsement of the new key
} that entry { $entry } names (SHA-256 { $digest }) is not stored any more: what it said can no longer be checked
verify-blob-altered = What is stored as { $digest } beside the log has another SHA-256: a schedule, approval or setting was altered after it was entered
verify-blob-kind = What is stored as { $digest } beside the log is labelled as something else than its entry says: the label was changed by hand
verify-blob-large = What entry { $entry } names (SHA-256 { $digest }) is longer than { $most } bytes, which no schedule, approval or setting is: it was not judged
verify-unjudged = At entry { $entry } the log has named more than { $most } bytes of settings, slot lists, approvals and statements, many times what a station has: it was made to exhaust whoever verifies it, and from here on neither slots nor signatures were judged
verify-statement = The statement of entry { $entry } { $what ->
    [other] says something else than the entry
   *[untrusted] is not signed by a key that the station trusted then
}: nobody whose word counts vouches for this airing by hand
verify-approval = The approval of the schedule that entry { $entry } accepts { $what ->
    [other] is about something else
   *[untrusted] is not signed by a key that the station trusted then
}: this schedule was not approved for air
verify-urgent = The urgent programme of entry { $entry } { $what ->
    [other] is not the one that its package names
    [missing] belongs to no package that was taken before
   *[untrusted] lacks the signatures of an editor and two approvers of the trust file
}: it was not approved for air
verify-anchor = The witness's word in entry { $entry } { $what ->
    [beyond] is about { $size } entries, more than stand before it
    [root] is about another history: the first { $size } entries of this log are not those that the witness saw
    [signature] is not signed by `{ $by }`
   *[unknown] is by `{ $by }`, which is no key of the centre by the settings in force then
}: this entry, or what stands before it, was forged; ask the centre for the head that it holds (`loa fleet`) and compare
verify-rolled-back = The log has { $found } entries, but the high-water file beside it has already seen { $wanted }: an older copy of the log was put back
verify-forked = The first { $size } entries are not those that the high-water file beside the log vouches for: the log was replaced by another
verify-high-water = The high-water file `{ $file }` is damaged: whether an older copy of the log was put back can no longer be told from it
verify-high-water-missing = The high-water file `{ $file }` is missing though the log is longer than its opening: whoever put back an older copy of the log would remove just this file
verify-code-differs = The log does not have the code { $code }: at { $size } entries it has { $found }. What was noted in the duty book is another log: the entries up to there were rewritten since
verify-code-beyond = The code { $code } was noted at { $wanted } entries, but the log has only { $found }: entries that existed then are gone
verify-database = The log's file is damaged: { $what ->
    [other] it is no database
    [short] it ends too early
    [corrupt] its inner structure is broken
    [index] its indexes do not agree with its tables
   *[content] a part of it cannot be read
}. What cannot be read can no longer be proved
verify-foreign = The file is no log of this program: { $version ->
    [none] it is a database of something else
   *[other] its tables have version { $version }
}. It was replaced or damaged
verify-key = The station's public key in `{ $file }` is damaged: without it the signature cannot be checked
verify-before = This log was opened at { $opened }, when the log `{ $origin }` had ended ({ $reason ->
    [rollback] an older copy of it had been put back
    [fork] another log stood in its place
    [damaged] it was damaged
    [lost] it was lost
    [key] its key was lost or another one
   *[other] { $reason }
}). { $endorsed ->
    [opened] Its key vouches for this log's.
    [unopened] Whether its key vouches for this log's was not checked: give its public key with --key as well.
   *[no] Its key does not vouch for this log's.
}
verify-epoch = { $what ->
    [checkpoint] What this log calls the last checkpoint of the epoch before is none of that log
    [checkpoint-key] What this log calls the last checkpoint of the epoch before is not signed by that epoch's key
    [endorsement] The note by which the epoch before should vouch for this log does not name this log's key and why the other ended
    [endorsement-key] The note by which the epoch before should vouch for this log is not signed by that epoch's key
   *[keys] The last checkpoint of the epoch before, and the note by which it should vouch for this log, are signed by two different keys
}: that this log follows that epoch is not proved
verify-before-slots = { $count } slots of this log's lists lie before { $opened } and are counted nowhere here: what became of them must be found in the log `{ $origin }`. A slot for which that log has no outcome either has none.
verify-slots = Slots: { $listed }; full { $full }, with another outcome { $other }, to come or on air { $open }, without any outcome { $without }.
verify-slots-unjudged = No slot can be judged: the entries are not those that were signed.
verify-own-key = No key was given: only the key that lies here was used, so this shows no more than that the data agree with themselves. To know which station signed, check again with --key and a public key that you had from the station by another way.
bundle-missing = The bundle lacks the file `{ $file }`
bundle-foreign = The file `{ $file }` does not belong to a log of the signed size
bundle-tile = The hashes in `{ $file }` do not agree with the tile above: something was altered
bundle-tile-length = The file `{ $file }` has not the number of hashes that it must have
bundle-root = The tiles at the right edge of the tree do not lead to the signed root: something was altered
bundle-entries = The file `{ $file }` cannot be parted into the number of entries that it must have
bundle-blob = The content of `{ $file }` has not the digest that the log names
bundle-approver = The key in `{ $file }` is none that the settings in the bundle trusted to approve: do not open approvals with it
bundle-media = The audio file `{ $file }` is not one that was approved
bundle-manifest = `{ $file }` does not speak of the log that the checkpoint signs, or its days are no period
bundle-stretches = The entries in the bundle are not those that `{ $file }` declares: files were taken away or added
bundle-gap = The entries in the bundle do not cover the period that `{ $file }` claims without a gap: some were taken away, or the period was changed
bundle-damaged = The file `{ $file }` in the bundle is damaged: { $detail }
bundle-member-large = The file `{ $file }` in the bundle is larger than allowed ({ $most } bytes)
