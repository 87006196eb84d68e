//! What is meant to air: plan, windows, schedule, programme, segment, slot; read, write, check, rundown, approval.

mod approval;
mod beside;
mod check;
pub mod civil;
pub mod document;
mod field;
mod finding;
mod office;
pub mod plan;
mod repeats;
mod rundown;
mod schedule;
mod schedule_file;
mod slot_list;
mod window;

pub use approval::{Approval, ApprovalError, ApprovalSubject, Release};
pub use beside::{Measured, beside, sources};
pub use check::{Premises, check};
pub use field::{Field, Table};
pub use finding::{Finding, Place, Severity};
pub use office::Office;
pub use plan::{Plan, Unit, UnitKind};
pub use repeats::Repeats;
pub use rundown::{MOST_SLOTS, Slot, expand};
pub use schedule::{Programme, Schedule, Segment, SegmentKind, SlotRule, Source, When};
pub use schedule_file::{format_of, read, write};
pub use slot_list::SlotList;
pub use window::{WEEKDAYS, Windows};
