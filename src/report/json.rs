//! One object, with a list of rows under the name of every table.

use serde_json::{Map, Value};

use super::{Cell, Table};

/// `tables` as one object.
#[must_use]
pub fn json(tables: &[Table]) -> Value {
    let row = |table: &Table, row: &[Cell]| {
        let fields = table.columns.iter().zip(row).map(|(column, cell)| (column.key.to_owned(), value(cell)));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    let rows = |table: &Table| table.rows.iter().map(|cells| row(table, cells)).collect::<Vec<_>>();
    let all = tables.iter().map(|table| (table.name.to_owned(), Value::Array(rows(table))));
    Value::Object(all.collect())
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Blank => Value::Null,
        Cell::Text(text) => text.as_str().into(),
        Cell::Count(count) => (*count).into(),
        Cell::Ms(ms) => (*ms).into(),
        Cell::Yes(yes) => (*yes).into(),
    }
}
