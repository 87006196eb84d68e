//! Reports of a period, as tables: a matrix, the airings, the incidents, the topics and the sums. One set of tables
//! is written as a workbook, as a document, as CSV and as JSON, so that no number stands in one and not in the other.

mod csv;
mod docx;
mod format;
mod json;
mod letter;
mod picture;
mod raster;
mod slots;
mod tables;
#[cfg(test)]
mod tests;
mod xlsx;

use thiserror::Error;

use crate::words::Message;

pub use self::{
    csv::csv,
    docx::{docx, page},
    format::{Format, write},
    json::json,
    letter::{lacks, letter, ready_letter, remedy},
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
    /// The text of a document.
    #[error("cannot write the text of the document")]
    Text(#[from] askama::Error),
    /// The file of a document.
    #[error("cannot write the document")]
    Document(#[from] zip::result::ZipError),
    /// The lines.
    #[error("cannot write the lines")]
    Lines(#[from] ::csv::Error),
    /// More than the form holds, in words for people.
    #[error("the report is larger than its form can hold")]
    TooLarge(Message),
}
