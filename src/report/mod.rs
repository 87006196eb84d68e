//! Reports of a period, as tables: a matrix, the airings, the incidents, the topics and the sums. One set of tables
//! is written as a workbook, as CSV and as JSON, so that no number stands in one and not in the other.

mod csv;
mod format;
mod json;
mod letter;
mod picture;
mod tables;
mod xlsx;

use thiserror::Error;

pub use self::{
    csv::csv,
    format::{Format, write},
    json::json,
    letter::{lacks, letter, remedy},
    picture::{matrix_picture, pictures, trend_picture},
    tables::{Cell, Column, TABLES, Table, tables},
    xlsx::xlsx,
};

/// Why a report could not be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The workbook.
    #[error("cannot write the workbook")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// The lines.
    #[error("cannot write the lines")]
    Lines(#[from] ::csv::Error),
}
