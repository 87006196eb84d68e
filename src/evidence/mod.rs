//! What can be proved: entries, their canonical bytes, the Merkle tree over them, signed heads, verification.

pub mod asrun;
pub mod canonical;
pub mod checkpoint;
mod clocks;
mod entry;
mod scan;
pub mod statement;
pub mod tree;
pub mod verify;

#[cfg(test)]
mod samples;

pub use asrun::AsRunRow;
pub use canonical::{Leaf, LeafFault};
pub use checkpoint::Checkpoint;
pub use entry::{
    Airing, Body, BootFacts, Clk, Cue, DeleteFact, DeviceFact, DeviceState, End, Entry, HoldFact, ManualFact,
    Missed, OperatorAct, Outcome, Reason, ScheduleFact, SegmentFact, Start, Trigger,
};
pub use tree::Frontier;
pub use verify::{Fault, Verifier, VerifyReport};
