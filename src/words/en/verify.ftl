# Faults that verification of a log finds.
verify-signature = The signed head does not verify with the given keys: { $detail }
verify-leaf = Entry { $entry } is not a canonical leaf: { $detail }
verify-seq = The entry at position { $entry } says that it is entry { $found }: entries were dropped, doubled or swapped
verify-opening = The log does not begin with its opening entry
verify-origin = The log was opened as `{ $found }`, but its head is signed for `{ $wanted }`
verify-opened-twice = Entry { $entry } opens a log in the middle of this one
verify-short = The log has { $found } entries, but its signed head covers { $wanted }: its tail was cut off
verify-unsigned = The log has { $found } entries, but its signed head covers only { $wanted }: the tail is unsigned
verify-root = The tree over the { $found } entries has another root than the signed head: at least one entry was altered
verify-altered = Entry { $entry } is not the one whose hash the tree keeps: it was altered
verify-boottime-back = At entry { $entry } the time since boot goes back by { $ms } ms within one boot: an older state of the machine was put back
verify-clock-step = At entry { $entry } the wall clock jumps by { $ms } ms and no entry explains it
verify-boot-missing = Entry { $entry } comes from another boot of the machine, and no boot entry stands before it
verify-wall-behind = Entry { $entry } begins an airing while the wall clock is { $ms } ms behind the log and nobody set or confirmed it
