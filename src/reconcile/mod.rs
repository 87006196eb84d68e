//! Meant beside proved: outcome of every slot, completeness, discrepancy, make-good, compliance matrix.

mod airings;
mod cell;
mod completeness;
mod fault;
mod matrix;
mod period;
mod rules;
mod slots;
#[cfg(test)]
mod tests;
mod time;

pub use cell::{Cell, State};
pub use completeness::Completeness;
pub use fault::{CompletenessReport, SlotFault, Totals};
pub use matrix::{Matrix, MatrixTotals, ProgrammeFact, StationRecord, UnitRow, matrix};
pub use period::{Period, Span};
pub use rules::Rules;
pub use slots::{Discrepancy, MakeGood, Meant, Reconciled, Vouched, reconcile};
pub use time::Patience;
