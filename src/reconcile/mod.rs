//! Meant beside proved: outcome of every slot, completeness, discrepancy, make-good, compliance matrix.

mod airings;
mod completeness;
mod fault;
#[cfg(test)]
mod tests;
mod time;

pub use completeness::Completeness;
pub use fault::{CompletenessReport, SlotFault, Totals};
pub use time::Patience;
