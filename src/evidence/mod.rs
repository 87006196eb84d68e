//! What can be proved: entries, their canonical bytes, the Merkle tree over them, signed heads, verification.

pub mod aired;
mod anchor;
pub mod asrun;
pub mod canonical;
pub mod checkpoint;
mod clocks;
pub mod code;
mod entry;
mod package;
mod quick;
mod report;
mod scan;
pub mod statement;
pub mod tiles;
pub mod tree;
mod trusted;
pub mod verify;

#[cfg(test)]
pub(crate) mod samples;

pub use anchor::AnchorFact;
pub use asrun::AsRunRow;
pub use canonical::{Leaf, LeafFault};
pub use checkpoint::Checkpoint;
pub use code::{Code, CodeFault};
pub use entry::{
    After, Airing, Body, BootFacts, Clk, Cue, DeleteFact, DeviceFact, DeviceState, End, Entry, HoldFact,
    ManualFact, Missed, OperatorAct, Outcome, Reason, ScheduleFact, SegmentFact, Start, Trigger,
};
pub use package::{PackageAct, PackageFact, PackageName, UrgentFact};
pub use report::{Fault, VerifyReport};
pub use tree::Frontier;
pub use trusted::Trusted;
pub use verify::{Kept, ReadLeaf, Verifier};
