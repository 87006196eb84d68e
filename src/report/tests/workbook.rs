//! The workbook beside a count that knows none of the program's rules, its formulas worked out from its own sheets.

use std::io::{Cursor, Read as _};

use calamine::{Data, DataType as _, Range, Reader as _, Xlsx};

use super::naive::Counted;
use crate::{
    control::Account,
    report::{Format, Table, write},
    words::Lang,
};

/// A formula of the workbook, worked out from the sheets that it looks at.
fn worked_out(formula: &str, book: &mut Xlsx<Cursor<Vec<u8>>>) -> f64 {
    if let Some((from, less)) = formula.split_once(")-") {
        return worked_out(from, book) - worked_out(less, book);
    }
    let (name, arguments) = formula.trim_end_matches(')').split_once('(').unwrap();
    let mut fields = |range: &str| -> Vec<Data> {
        let (sheet, cells) = range.split_once('!').unwrap();
        let sheet = book.worksheet_range(sheet.trim_matches('\'')).unwrap();
        let mut parts = cells.split(['$', ':']).filter(|part| !part.is_empty());
        let column = parts.next().unwrap().bytes().fold(0, |n, letter| n * 26 + u32::from(letter - b'@')) - 1;
        let [from, to] = [parts.next(), parts.nth(1)].map(|row| row.unwrap().parse::<u32>().unwrap() - 1);
        (from..=to).map(|row| sheet.get_value((row, column)).cloned().unwrap_or_default()).collect()
    };
    let mut quoted = false;
    let comma = |c: char| {
        quoted ^= c == '\'' || c == '"';
        c == ',' && !quoted
    };
    let arguments: Vec<&str> = arguments.split(comma).collect();
    let values = fields(arguments[0]);
    // From nought on: an empty sum of fractions is a negative one.
    let many = |is: &dyn Fn(&Data) -> bool| values.iter().filter(|value| is(value)).fold(0.0, |n, _| n + 1.0);
    match name {
        "COUNT" => return many(&|value| value.get_float().is_some()),
        "COUNTA" => return many(&|value| *value != Data::Empty),
        _ => {}
    }
    let conditions = if name.contains("COUNTIF") { &arguments[..] } else { &arguments[1..] };
    let mut kept = vec![true; values.len()];
    for condition in conditions.chunks(2) {
        let wanted = condition[1].trim_matches('"');
        let wanted = wanted.strip_prefix("<>").map_or((wanted, true), |wanted| (wanted, false));
        for (kept, value) in kept.iter_mut().zip(fields(condition[0])) {
            *kept &= (value.to_string().as_str() == wanted.0) == wanted.1;
        }
    }
    // A field that is no number adds nothing to a sum.
    let number = |value: &Data| if name.contains("COUNTIF") { 1.0 } else { value.get_float().unwrap_or(0.0) };
    values
        .iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .map(|(value, _)| number(value))
        .fold(0.0, |sum, value| sum + value)
}

/// Heads that stay, a filter over each of the `tables`, and the colours of the grid, which follow its signs.
fn is_to_be_worked_with(bytes: &[u8], tables: usize) {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut sheet = |n: usize| {
        let mut text = String::new();
        archive.by_name(&format!("xl/worksheets/sheet{n}.xml")).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let grid = sheet(1);
    assert!(grid.contains("xSplit=\"1\" ySplit=\"1\"") && grid.contains("state=\"frozen\""), "{grid}");
    assert_eq!(grid.matches("type=\"containsText\"").count(), 3, "{grid}");
    for n in 2..tables + 2 {
        let table = sheet(n);
        assert!(table.contains("ySplit=\"1\"") && table.contains("state=\"frozen\""), "{n}: {table}");
        assert!(table.contains("<autoFilter ref=\"A1:"), "{n}: {table}");
    }
}

pub fn workbook_agrees(account: &Account, counted: &Counted, all: &[Table]) {
    let bytes = write(account, Format::Xlsx, "", Lang::Vi).unwrap().unwrap();
    is_to_be_worked_with(&bytes, all.len());
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let sheets = book.sheet_names();
    assert_eq!(sheets[1..=all.len()], all.iter().map(|table| table.title.clone()).collect::<Vec<_>>());
    let totals = book.worksheet_range(&sheets[5]).unwrap();
    let formulas: Range<String> = book.worksheet_formula(&sheets[5]).unwrap();
    let mut live = 0;
    for row in 1..u32::try_from(totals.height()).unwrap() {
        let key = totals.get_value((row, 0)).unwrap().to_string();
        let Some(known) = counted.totals.get(&*key) else { continue };
        let shown = totals.get_value((row, 2)).unwrap().to_string();
        assert_eq!(shown, known.to_string(), "{key}");
        if let Some(formula) = formulas.get_value((row, 2)).filter(|formula| !formula.is_empty()) {
            assert_eq!(worked_out(formula, &mut book).to_string(), known.to_string(), "{key}: {formula}");
            live += 1;
        }
    }
    // Which units there are, and which of them aired, stands in the plan and in the grid.
    assert_eq!(live, 22, "sums that follow their data");
    let grid = book.worksheet_range(&sheets[0]).unwrap();
    let of_unit = |n: usize| grid.rows().nth(n + 1).unwrap()[1..].iter();
    for (n, unit) in account.matrix.units.iter().enumerate() {
        for (field, month) in of_unit(n).zip(&account.matrix.months) {
            let square = &counted.squares[&(unit.unit.clone(), month.to_string())];
            assert!(field.to_string().starts_with(&format!("{}/{} ", square.done, square.due)), "{field}");
        }
    }
}
