//! What is meant to air: plan, windows, schedule, programme, segment, slot; read, write, check, rundown, approval.

mod finding;
mod schedule;
mod window;

pub use finding::{Finding, Place, Severity};
pub use schedule::{Programme, Schedule, Segment, SegmentKind, SlotRule, Source, When};
pub use window::Windows;
