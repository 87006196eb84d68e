//! What a person, the command line or another station may ask for: plain data in, plain data out.

mod approve;
mod audit;
mod check;
mod doctor;
mod error;
mod folder;
mod init;
mod masters;
mod month;
mod names;
mod prepare;
mod request;
mod row;
mod rows;
mod stamp;
mod status;
mod survey;
mod view;

pub use crate::media::{Measure, Progress};
pub use approve::{Approve, approve};
pub use audit::{audit, audit_log};
pub use check::{CheckReport, ProgrammeReport, SegmentReport, check};
pub use doctor::{Examination, doctor};
pub use error::ControlError;
pub use folder::{Folder, Lock};
pub use init::{Made, clk, copy_month, init};
pub use masters::{prune_masters, render_month};
pub use month::{Clearance, MonthFile, airable, months};
pub use prepare::prepare;
pub use request::{Ask, Lamp, LogHead, NextSlot, OnAir, Reply, Said, Status, ask};
pub use row::{NoteRow, Row, SegmentRow};
pub use rows::{RowFilter, each_row, rows};
pub use stamp::{Alive, Position, Stamper};
pub use status::{disk_lamp, status_at_rest};
pub use survey::{Standing, Survey, survey};
pub use view::{FindingView, finding_view};
