//! Meant beside proved: outcome of every slot, completeness, why an airing does not count, make-good, compliance matrix.

mod airings;
mod beside;
mod cell;
mod completeness;
mod fault;
mod matrix;
mod period;
mod rules;
mod slots;
mod tally;
#[cfg(test)]
mod tests;
mod time;

pub use beside::{Beside, OpenSlot, Repair, Uncounted, to_come};
pub use cell::{Cell, State};
pub use completeness::Completeness;
pub use fault::{CompletenessReport, SlotFault, Totals};
pub use matrix::{Matrix, MatrixTotals, ProgrammeFact, StationRecord, UnitRow, matrix, tallied};
pub use period::{Period, Span};
pub use rules::Rules;
pub use slots::{Meant, Vouched};
pub use tally::{TalliedSlot, Tally};
pub use time::Patience;
