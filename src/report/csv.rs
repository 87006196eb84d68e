//! Comma separated values (RFC 4180) in UTF-8 with a byte order mark, since Excel reads them as Latin without it.

use super::{Cell, ReportError, Table};

/// What Excel and `LibreOffice` would run as a formula begins with one of these; a quote in front makes it text.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// `table` with its keys as the header, which stay the same in every version and language.
///
/// # Errors
///
/// Never for tables of this room.
pub fn csv(table: &Table) -> Result<Vec<u8>, ReportError> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    lines.write_record(table.columns.iter().map(|column| column.key))?;
    for row in &table.rows {
        lines.write_record(row.iter().map(text))?;
    }
    lines.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Text(text) if text.starts_with(FORMULAS) => format!("'{text}"),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Ms(ms) => ms.to_string(),
        Cell::Yes(yes) => u8::from(*yes).to_string(),
    }
}
