//! A workbook (ECMA-376) that opens in Excel and `LibreOffice`: a sheet a table, and the matrix once more as people
//! look at it, unit by month. Sums are formulas over the data, so that whoever doubts one can follow it.

use rust_xlsxwriter::{
    Color, ConditionalFormatText, ConditionalFormatTextRule, Format, FormatAlign, Formula, Image, Workbook,
    Worksheet, utility::column_number_to_name,
};

use super::{Cell, ReportError, Table, pictures, raster::raster};
use crate::{
    control::Account,
    reconcile::{Matrix, State},
    words::{Lang, Message, say},
};

/// Widest column, in characters.
const WIDEST: u16 = 60;

/// Lines of a sheet, behind its heads (Excel's specifications and limits).
const MOST_LINES: usize = 1_048_575;

/// `account` and its `tables` as a workbook for people who read `lang`.
///
/// # Errors
///
/// A table is larger than a sheet can be, or the workbook cannot be written.
pub fn xlsx(account: &Account, tables: &[Table], lang: Lang) -> Result<Vec<u8>, ReportError> {
    if let Some(table) = tables.iter().find(|table| table.rows.len() > MOST_LINES) {
        let (lines, most) = (table.rows.len(), MOST_LINES);
        let no = Message::new("report-too-large").with("table", &table.title);
        return Err(ReportError::TooLarge(no.with("lines", lines).with("most", most)));
    }
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(say(lang, "report-of-grid", &[]))?;
    grid(sheet, &account.matrix, lang)?;
    for table in tables {
        let sheet = book.add_worksheet();
        sheet.set_name(&table.title)?;
        fill(sheet, table)?;
    }
    let totals = tables.iter().position(|table| table.name == "totals");
    let named = |name: &str| tables.iter().find(|table| table.name == name);
    let data = [named("matrix"), named("airings"), named("incidents")];
    if let (Some(totals), [Some(matrix), Some(airings), Some(incidents)]) = (totals, data) {
        // The grid stands before the tables.
        let sheet = book.worksheet_from_index(totals + 1)?;
        live(sheet, &tables[totals], [matrix, airings, incidents])?;
    }
    drawn(&mut book, &account.matrix, lang)?;
    Ok(book.save_to_buffer()?)
}

/// A sheet of the pictures, one below the other; none where they cannot be drawn.
fn drawn(book: &mut Workbook, matrix: &Matrix, lang: Lang) -> Result<(), ReportError> {
    let Some(drawn) = raster(&pictures(matrix, lang)) else { return Ok(()) };
    let sheet = book.add_worksheet();
    sheet.set_name(say(lang, "report-of-pictures", &[]))?;
    let alike = say(lang, "report-of-grid", &[]);
    // As large as the drawing itself: the points are twice as many.
    let image = Image::new_from_buffer(&drawn.png)?.set_alt_text(alike);
    let image = image.set_scale_width(0.5).set_scale_height(0.5);
    sheet.insert_image(1, 1, &image)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 1);
    Ok(())
}

fn head() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color(Color::RGB(0x00D9_E2EC))
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), ReportError> {
    let head = head();
    for (at, column) in (0..).zip(&table.columns) {
        sheet.write_string_with_format(0, at, &column.heading, &head)?;
        let cells = table.rows.iter().filter_map(|row| row.get(usize::from(at)));
        let longest = cells.map(|cell| said(cell).chars().count()).max().unwrap_or(0);
        let width = u16::try_from(longest.max(column.heading.chars().count())).unwrap_or(WIDEST);
        sheet.set_column_width(at, width.clamp(8, WIDEST) + 2)?;
    }
    for (line, row) in (1..).zip(&table.rows) {
        for (at, cell) in (0..).zip(row) {
            put(sheet, line, at, cell)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    let last = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
    let width = u16::try_from(table.columns.len()).unwrap_or(1).max(1) - 1;
    sheet.autofilter(0, 0, last.max(1), width)?;
    print(sheet)
}

/// On A4 across, as wide as the paper, the heads on every page.
fn print(sheet: &mut Worksheet) -> Result<(), ReportError> {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    Ok(())
}

fn said(cell: &Cell) -> String {
    match cell {
        Cell::Blank | Cell::Yes(_) => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Ms(ms) => ms.to_string(),
    }
}

/// Characters of a field; Excel counts those beyond the basic plane twice.
const LONGEST: usize = 16_000;

fn put(sheet: &mut Worksheet, line: u32, at: u16, cell: &Cell) -> Result<(), ReportError> {
    match cell {
        Cell::Blank => return Ok(()),
        // Never as a formula, whatever it begins with.
        Cell::Text(text) => {
            // The longest text of a field in Excel; the whole stands in the other forms.
            let fits = text.chars().count() <= LONGEST;
            let short = || text.chars().take(LONGEST - 1).chain(['…']).collect::<String>();
            sheet.write_string(line, at, if fits { text.clone() } else { short() })?
        }
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        Cell::Count(count) => sheet.write_number(line, at, *count as f64)?,
        Cell::Ms(ms) => sheet.write_number(line, at, *ms)?,
        Cell::Yes(yes) => sheet.write_number(line, at, f64::from(u8::from(*yes)))?,
    };
    Ok(())
}

fn column(table: &Table, key: &str) -> u16 {
    let at = table.columns.iter().position(|column| column.key == key).unwrap_or_default();
    u16::try_from(at).unwrap_or_default()
}

/// Unit by month, "done/due" with the sign of the state, and a colour by the sign.
fn grid(sheet: &mut Worksheet, matrix: &Matrix, lang: Lang) -> Result<(), ReportError> {
    let (head, middle) = (head(), Format::new().set_align(FormatAlign::Center));
    sheet.write_string_with_format(0, 0, say(lang, "report-name", &[]), &head)?;
    sheet.set_column_width(0, 32)?;
    for (at, month) in (1..).zip(&matrix.months) {
        sheet.write_string_with_format(0, at, month.to_string(), &head)?;
    }
    let mut last = (1, 1);
    for (line, unit) in (1..).zip(&matrix.units) {
        sheet.write_string(line, 0, &unit.name)?;
        for (at, cell) in (1..).zip(&unit.cells) {
            let done = format!("{}/{} {}", cell.airings_done, cell.airings_due, cell.state.sign());
            sheet.write_string_with_format(line, at, done, &middle)?;
            last = (line, at);
        }
    }
    for (state, colour) in
        [(State::Complete, 0x00C6_E5C3), (State::Short, 0x00FF_E699), (State::None, 0x00F4_B6B0)]
    {
        let rule = ConditionalFormatTextRule::Contains(state.sign().to_owned());
        let format = Format::new().set_background_color(Color::RGB(colour));
        let contains = ConditionalFormatText::new().set_rule(rule).set_format(format);
        sheet.add_conditional_format(1, 1, last.0, last.1, &contains)?;
    }
    sheet.set_freeze_panes(1, 1)?;
    print(sheet)
}

/// Puts formulas over the data where a sum can be told from it.
fn live(
    sheet: &mut Worksheet,
    totals: &Table,
    [matrix, airings, incidents]: [&Table; 3],
) -> Result<(), ReportError> {
    let range = |table: &Table, key: &str| {
        let letter = column_number_to_name(column(table, key));
        format!("'{}'!${letter}$2:${letter}${}", table.title.replace('\'', "''"), table.rows.len().max(1) + 1)
    };
    let of_due = |key: &str| format!("=SUMIFS({},{},1)", range(matrix, key), range(matrix, "due"));
    let of_counted = |key: &str| format!("=SUMIFS({},{},1)", range(airings, key), range(airings, "counts"));
    let of_slots = |outcome: &str, counts: u8| {
        let [outcomes, scheduled, counted] =
            ["outcome", "scheduled", "counts"].map(|key| range(airings, key));
        format!("=COUNTIFS({outcomes},\"{outcome}\",{scheduled},1,{counted},{counts})")
    };
    let value = column(totals, "value");
    for (line, row) in (1..).zip(&totals.rows) {
        let (Some(Cell::Text(key)), Some(Cell::Count(known))) = (row.first(), row.get(usize::from(value)))
        else {
            continue;
        };
        let formula = match key.as_str() {
            "airings_due" => of_due("airings_due"),
            "airings_done" => of_due("airings_within"),
            "cells_due" => format!("=SUM({})", range(matrix, "due")),
            "vouched" => format!("=SUM({})", range(matrix, "vouched")),
            "in_period" => format!("=SUM({})", range(airings, "counts")),
            "aired_ms" => of_counted("sounded_ms"),
            "declared_ms" => of_counted("duration_ms"),
            "cells_complete" => {
                format!("=COUNTIFS({},\"complete\",{},1)", range(matrix, "state"), range(matrix, "due"))
            }
            "full" => of_slots("full", 1),
            "full_uncounted" => of_slots("full", 0),
            "out_of_window" => of_slots("out-of-window", 0),
            "partial" | "missed" | "preempted" | "cancelled" => of_slots(key, 0),
            "tested" => of_slots("test", 0),
            "cells_early" => format!("=SUM({})", range(matrix, "early")),
            "airings_over" => format!("{}-{}", of_due("airings_done"), &of_due("airings_within")[1..]),
            "repaired" => format!("=COUNT({})", range(incidents, "repaired_by")),
            "no_outcome" => {
                let [all, told] = ["planned", "outcome_said"].map(|key| range(incidents, key));
                format!("=COUNTA({all})-COUNTA({told})")
            }
            "superseded" => format!("=COUNTIF({},\"superseded\")", range(airings, "reason")),
            "strays" => format!("=COUNTIF({},\"no-unit\")", range(airings, "uncounted")),
            _ => continue,
        };
        sheet.write_formula(line, value, Formula::new(formula).set_result(known.to_string()))?;
    }
    Ok(())
}
