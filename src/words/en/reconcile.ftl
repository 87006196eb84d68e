# Schedules beside the log: every slot must have exactly one outcome.
complete-no-outcome = The time of slot `{ $slot }` (accepted by entry { $entry }) has passed and it has no outcome: nobody can say whether it aired; the entry that said so may have been dropped
complete-twice = Entry { $entry } gives a further outcome to slot `{ $slot }`, which has one since entry { $first }: one of the two is untrue
complete-unlisted = Entry { $entry } gives an outcome to slot `{ $slot }`, but no accepted schedule holds this slot
complete-no-reason = { $slot ->
    [none] Entry { $entry } ends an airing that was not full and gives no reason
   *[other] Entry { $entry } says that slot `{ $slot }` was not aired in full and gives no reason
}
complete-full-reason = { $slot ->
    [none] Entry { $entry } calls an airing full and yet gives a reason why it was not
   *[other] Entry { $entry } calls slot `{ $slot }` aired in full and yet gives a reason why it was not
}
complete-full-short = { $slot ->
    [none] Entry { $entry } calls an airing full
   *[other] Entry { $entry } calls slot `{ $slot }` aired in full
}, but the device consumed only { $consumed } of { $expected } frames, less than 97 %
complete-full-hole = { $slot ->
    [none] Entry { $entry } calls an airing full
   *[other] Entry { $entry } calls slot `{ $slot }` aired in full
}, but its sound broke off for { $seconds } seconds, more than the 30 that are allowed
complete-consumed = Entry { $entry } says that the device consumed { $consumed } frames, more than the whole programme ({ $expected }): this figure cannot be true
complete-file-proof = Entry { $entry } claims proof level { $proof } for sound that was written to a file; a file is no loudspeaker and proves level 1 at most
complete-unproved = Entry { $entry } calls an airing aired, but proves only level { $proof }: no sound device accepted it
complete-unstarted = { $slot ->
    [none] Entry { $entry } calls an airing aired
   *[other] Entry { $entry } calls slot `{ $slot }` aired
}, but no entry tells of its first frame: when it sounded, and on which device, nobody can say
complete-test-slot = Entry { $entry } uses a test play for the scheduled slot `{ $slot }`; a test play never counts
complete-test-counted = Entry { $entry } counts a test play as aired; a test play never counts
complete-missed-aired = Entry { $entry } says that slot `{ $slot }` did not go on air, but gives the outcome of one that did
complete-unended = { $slot ->
    [none] The airing that began at entry { $entry } has no end: nobody can say how much of it was aired
   *[other] The airing of slot `{ $slot }` that began at entry { $entry } has no end: nobody can say how much of it was aired
}
complete-uncued = Entry { $entry } ends the airing { $airing }, which never began or had ended before
complete-unknown-airing = Entry { $entry } is about the airing { $airing }, which never began or had ended before
complete-other-slot = Entry { $entry } ends the airing of slot `{ $slot }`, but that airing began as `{ $cued }`
complete-list-missing = The slot list of { $month } that entry { $entry } accepted is missing: nobody can say which slots this month owes
complete-list-differs = The stored slot list of { $month } is not the one that entry { $entry } accepted: it was altered
complete-list-unreadable = The slot list that entry { $entry } accepted cannot be read or does not belong to its schedule of { $month }
complete-list-count = The slot list of { $month } has { $found } slots, but entry { $entry } says { $wanted }
complete-list-many = With the slot list of { $month } that entry { $entry } accepted there are more than { $most } slots, which no station has: this month is not judged

# What differs between schedule and airing.

# Cells of the matrix of units and months.
cell-complete = { $month }: aired as the plan wants ({ $done } airings, { $due } due)
cell-short = { $month }: not aired often enough ({ $done } of { $due } airings)
cell-none = { $month }: no airing that counts
cell-not-yet-due = { $month }: not yet due ({ $done } of { $due } airings)
cell-no-unit = { $month }: the unit did not exist at the end of the month
cell-no-report = { $month }: not reported to the end of the month ({ $done } of { $due } airings)

# Why an airing in full does not count.
uncounted-out-of-window = outside the allowed windows
uncounted-virtual-output = into a file, on no loudspeaker
uncounted-unproven = no sound device confirmed that it took the sound
uncounted-foreign-column = the programme is in no column of the plan
uncounted-no-unit = the plan did not have the unit on that day
uncounted-again = it makes good what counts already
uncounted-other-year = no plan is known of the year that the programme is for
