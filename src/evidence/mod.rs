//! What can be proved: entries, their canonical bytes, the Merkle tree over them, signed heads, verification.

mod entry;

pub use entry::{
    Airing, Body, BootFacts, Clk, Cue, DeviceFact, DeviceState, End, Entry, Missed, OperatorAct, Outcome,
    Reason, ScheduleFact, SegmentFact, Start, Trigger,
};
