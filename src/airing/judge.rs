//! From counted frames to an outcome and its reason (`domain.md`, "aired in full").

use chrono::TimeDelta;

use super::{Job, controller::OnAir};
use crate::{
    evidence::{
        Airing, End, Outcome, Reason, Trigger,
        aired::{is_enough, is_tolerable},
    },
    playout::{EndCause, Fault, Tally},
    units::Frames,
};

/// The coded reason of an output fault.
pub(super) fn reason_of(fault: Fault) -> Reason {
    match fault {
        Fault::Absent | Fault::Lost | Fault::Moved | Fault::Dummy => Reason::DeviceLost,
        Fault::Busy => Reason::DeviceBusy,
        Fault::Stalled | Fault::Unpaced => Reason::OutputStalled,
        Fault::Muted => Reason::Muted,
        Fault::FileChanged => Reason::FileChanged,
        Fault::Software => Reason::SoftwareFault,
    }
}

/// A hole as entries hold it; a wall clock that was set back between two stretches leaves none to tell.
pub(super) fn hole_ms(hole: TimeDelta) -> Option<u64> {
    u64::try_from(hole.num_milliseconds()).ok()
}

/// What is said of an airing in the end: all its stretches added up.
pub(super) fn end(job: &Job, air: &OnAir, tally: &Tally, rehearsal: bool) -> End {
    // What the sound server threw away was taken by the device, but consumed by nobody who could hear it.
    let muted = job.before.muted + tally.muted;
    let taken = job.before.heard + tally.consumed;
    let consumed = taken.saturating_sub(muted);
    let restart_hole = match (job.before.heard_until, air.first) {
        (Some(until), Some(first)) => first - until,
        _ => TimeDelta::zero(),
    };
    let hole = tally.hole.max(restart_hole).max(job.before.hole);
    let hole_ms = hole_ms(hole).unwrap_or(0);
    let slept_ms = air.slept.num_milliseconds().unsigned_abs();
    let whole = is_enough(consumed, job.length) && is_tolerable(hole_ms);
    // Nothing but the muting is to blame where everything went out.
    let by_muting = (muted > Frames::ZERO && is_enough(taken, job.length)).then_some(Reason::Muted);
    // Every stretch of sound counts for what it was: a device that is gone now takes nothing from what it
    // accepted before the cut, and a file that was filled then does not become a loudspeaker.
    let stretches = [(job.before.heard, job.before.proof), (tally.consumed, tally.proof)];
    let sounded = stretches.into_iter().filter(|(heard, _)| *heard > Frames::ZERO).map(|(_, proof)| proof);
    let proof = sounded.min().unwrap_or(tally.proof);
    let displaced = air.displaced && tally.cause == EndCause::Stopped;
    let virtual_only = proof < 2 && consumed > Frames::ZERO && !rehearsal;
    let outcome = match () {
        () if job.trigger == Trigger::Test || virtual_only => Outcome::Test,
        () if displaced => Outcome::Preempted,
        () if consumed == Frames::ZERO => Outcome::Missed,
        () if whole && tally.cause != EndCause::Stopped => Outcome::Full,
        () => Outcome::Partial,
    };
    let reason = match tally.cause {
        _ if outcome == Outcome::Full => None,
        EndCause::Stopped if displaced => Some(Reason::Urgent),
        EndCause::Stopped => Some(Reason::OperatorStop),
        // Device and sound rest while the machine is suspended: whatever they then did, that was why.
        _ if !is_tolerable(slept_ms) => Some(Reason::PowerOff),
        EndCause::Failed(fault) => Some(reason_of(fault)),
        // It ran to its end or to the window's: what was lost, was lost earlier.
        EndCause::WindowEnd | EndCause::Finished => by_muting
            .or(air.fault.map(reason_of))
            .or(job.before.reason)
            .or((outcome != Outcome::Test).then_some(Reason::LateStart)),
    };
    End {
        airing: air.airing,
        slot: job.slot.clone(),
        outcome,
        reason,
        last_us: tally.last.or(job.before.heard_until).map(|last| last.timestamp_micros()),
        expected: job.length,
        decoded: job.before.heard + tally.decoded,
        delivered: job.before.heard + tally.delivered,
        consumed,
        muted,
        underruns: tally.underruns,
        hole_ms,
        proof,
    }
}

/// The end of an airing that was cued and cannot go on: what it had achieved before, and why.
pub(super) fn abandoned(job: &Job, airing: Airing, reason: Option<Reason>, rehearsal: bool) -> End {
    let taken = job.before.heard;
    let muted = job.before.muted;
    let heard = taken.saturating_sub(muted);
    let hole_ms = hole_ms(job.before.hole).unwrap_or(0);
    let whole = is_enough(heard, job.length) && is_tolerable(hole_ms);
    let virtual_only = job.before.proof < 2 && heard > Frames::ZERO && !rehearsal;
    let outcome = match () {
        () if job.trigger == Trigger::Test || virtual_only => Outcome::Test,
        () if reason == Some(Reason::Urgent) && !whole => Outcome::Preempted,
        () if heard == Frames::ZERO => Outcome::Missed,
        // The last frame was heard; only its entry was lost with the power.
        () if whole => Outcome::Full,
        () => Outcome::Partial,
    };
    End {
        airing,
        slot: job.slot.clone(),
        outcome,
        reason: reason.or(job.before.reason).filter(|_| outcome != Outcome::Full),
        last_us: job.before.heard_until.map(|at| at.timestamp_micros()),
        expected: job.length,
        decoded: taken,
        delivered: taken,
        consumed: heard,
        muted,
        underruns: Frames::ZERO,
        hole_ms,
        proof: if heard == Frames::ZERO { 0 } else { job.before.proof },
    }
}
