//! The matrix and its trend as pictures (SVG 1.1), one drawing for pages and reports. They have no colour of their own:
//! signs and hatchings tell states apart, in the colour of the text around them, on paper and on dark ground alike.

use svg::{
    Document,
    node::element::{Circle, Definitions, Description, Group, Line, Path, Pattern, Rectangle, Text, Title},
};

use crate::{
    reconcile::{Cell, Matrix, State},
    units::Month,
    words::{Lang, say},
};

/// Width and height of a cell.
const CELL: (usize, usize) = (46, 38);
/// Height of the line of months.
const HEAD: usize = 24;
/// The letters of a unit's name that are drawn; the whole name is the title of its row.
const LONGEST_NAME: usize = 34;
/// Space that a letter of a name takes, also in a wide font.
const LETTER: usize = 8;
/// Each state of the legend takes so much, and three stand in a line.
const LEGEND: (usize, usize, usize) = (250, 24, 3);
/// The height of a bar that is full.
const FULL: usize = 100;

/// `matrix` as a picture: a row a unit, a column a programme month.
#[must_use]
pub fn matrix_picture(matrix: &Matrix, lang: Lang) -> String {
    format!("{}\n", draw_matrix(matrix, lang).0)
}

/// The share of the airings due of every month that were made, as bars.
#[must_use]
pub fn trend_picture(matrix: &Matrix, lang: Lang) -> String {
    format!("{}\n", draw_trend(matrix, lang).0)
}

/// Both, one below the other.
#[must_use]
pub fn pictures(matrix: &Matrix, lang: Lang) -> String {
    let (above, (width, height)) = draw_matrix(matrix, lang);
    let (below, (trend_width, trend_height)) = draw_trend(matrix, lang);
    let placed =
        |part: Document, y, width, height| part.set("y", y).set("width", width).set("height", height);
    let whole = Document::new()
        .set("viewBox", (0, 0, width.max(trend_width), height + trend_height))
        .add(placed(above, 0, width, height))
        .add(placed(below, height, trend_width, trend_height));
    format!("{whole}\n")
}

/// A picture with its width and height.
type Drawn = (Document, (usize, usize));

fn draw_matrix(matrix: &Matrix, lang: Lang) -> Drawn {
    let names = matrix.units.iter().map(|unit| unit.name.chars().count());
    let left = names.max().unwrap_or(0).min(LONGEST_NAME) * LETTER + 12;
    let below = HEAD + matrix.units.len() * CELL.1 + 12;
    let width = (left + matrix.months.len() * CELL.0).max(LEGEND.0 * LEGEND.2) + 2;
    let totals = &matrix.totals;
    let (complete, due) = (totals.cells_complete.to_string(), totals.cells_due.to_string());
    let about = say(lang, "picture-matrix-about", &[("complete", &complete), ("due", &due)]);
    let size = (width, below + 2 * LEGEND.1);
    let mut picture = picture(size, &titled("picture-matrix", matrix, lang), &about)
        .add(hatchings())
        .add(months(matrix, left, 16));
    for (n, unit) in matrix.units.iter().enumerate() {
        let top = HEAD + n * CELL.1;
        let name = text(&short(&unit.name), 0, top + CELL.1 / 2 + 5).set("font-size", 13);
        let mut row = Group::new().add(Group::new().add(title(&unit.name)).add(name));
        for (m, cell) in unit.cells.iter().enumerate() {
            row = row.add(drawn(cell, left + m * CELL.0, top, lang));
        }
        picture = picture.add(row);
    }
    for (n, state) in State::ALL.into_iter().enumerate() {
        let (x, y) = (n % LEGEND.2 * LEGEND.0, below + n / LEGEND.2 * LEGEND.1);
        let words = say(lang, &format!("web-{}", state.key()), &[]);
        let sample = Group::new()
            .add(ground(state, x + 1, y, 22, 18))
            .add(middle(state.sign(), x + 12, y + 14).set("font-size", 13));
        picture = picture.add(sample.add(text(&words, x + 30, y + 14).set("font-size", 12)));
    }
    (picture, size)
}

fn draw_trend(matrix: &Matrix, lang: Lang) -> Drawn {
    let (left, top) = (46, 22);
    let shares: Vec<(Month, Result<u32, State>)> =
        matrix.months.iter().map(|month| (*month, share(matrix, *month))).collect();
    let said = shares.iter().filter_map(|(month, share)| {
        let share = (*share).ok()?.to_string();
        Some(say(lang, "picture-trend-month", &[("month", &number(*month)), ("percent", &share)]))
    });
    let about = said.collect::<Vec<_>>().join("; ");
    // A short period is drawn no larger than a year.
    let width = left + shares.len().max(12) * CELL.0 + 2;
    let size = (width, top + FULL + 22);
    let mut picture = picture(size, &titled("picture-trend", matrix, lang), &about);
    for percent in [0, 50, 100] {
        let y = top + FULL - percent;
        let line = Line::new().set("x1", left).set("x2", width).set("y1", y).set("y2", y);
        let line =
            line.set("stroke", "currentColor").set("stroke-opacity", if percent == 0 { 1.0 } else { 0.3 });
        let label = text(&format!("{percent} %"), left - 6, y + 4).set("text-anchor", "end");
        picture = picture.add(line).add(label.set("font-size", 11));
    }
    for (n, (_, share)) in shares.iter().enumerate() {
        let (x, base) = (left + n * CELL.0, top + FULL);
        let height = match *share {
            Ok(percent) => percent as usize,
            Err(State::NoUnit) => continue,
            Err(state) => {
                picture = picture.add(middle(state.sign(), x + CELL.0 / 2, base - 5).set("font-size", 12));
                continue;
            }
        };
        let bar = Rectangle::new().set("x", x + 8).set("y", base - height).set("width", CELL.0 - 16);
        let bar = bar.set("height", height).set("fill", "currentColor").set("fill-opacity", 0.25);
        let label = middle(&height.to_string(), x + CELL.0 / 2, base - height - 5).set("font-size", 12);
        picture = picture.add(bar.set("stroke", "currentColor")).add(label);
    }
    (picture.add(months(matrix, left, top + FULL + 16)), size)
}

/// Percent of the airings due in the cells of `month` that were made, rounded down: 100 is all of them. What a unit
/// aired beyond its due makes good for no other. A state where there is no share: no unit exists, nothing is due yet, or
/// no unit has anything to show.
fn share(matrix: &Matrix, month: Month) -> Result<u32, State> {
    let cells = matrix.units.iter().flat_map(|unit| &unit.cells).filter(|cell| cell.month == month);
    if cells.clone().all(|cell| cell.state == State::NoUnit) {
        return Err(State::NoUnit);
    }
    let due: Vec<&Cell> = cells.filter(|cell| cell.is_due()).collect();
    let of = |many: fn(&Cell) -> u32| due.iter().map(|cell| u64::from(many(cell))).sum::<u64>();
    let (done, wanted) = (of(|cell| cell.airings_within), of(|cell| cell.airings_due));
    let known = done > 0 || due.iter().any(|cell| cell.state != State::NoReport);
    let percent = (done * 100).checked_div(wanted).ok_or(State::NotYetDue)?;
    if known { Ok(u32::try_from(percent).unwrap_or(100)) } else { Err(State::NoReport) }
}

fn drawn(cell: &Cell, x: usize, y: usize, lang: Lang) -> Group {
    let centre = x + CELL.0 / 2;
    let many = format!("{}/{}", cell.airings_done, cell.airings_due);
    let drawn = Group::new()
        .add(title(&cell.message().say(lang)))
        .add(ground(cell.state, x + 2, y + 2, CELL.0 - 4, CELL.1 - 4))
        .add(middle(cell.state.sign(), centre, y + 19).set("font-size", 15));
    match cell.state {
        State::NoUnit => drawn,
        _ => drawn.add(middle(&many, centre, y + 31).set("font-size", 10)),
    }
}

/// What lies under a sign.
fn ground(state: State, x: usize, y: usize, width: usize, height: usize) -> Rectangle {
    let ground = Rectangle::new().set("x", x).set("y", y).set("width", width).set("height", height);
    let ground = ground.set("rx", 3);
    let lined = |fill: &str| ground.clone().set("fill", fill).set("stroke", "currentColor");
    match state {
        State::Complete => lined("currentColor").set("fill-opacity", 0.12),
        State::Short => lined("url(#hatch-short)"),
        State::None => lined("url(#hatch-none)").set("stroke-width", 2),
        State::NoReport => lined("url(#hatch-no-report)"),
        State::NotYetDue => lined("none").set("stroke-dasharray", "3 3"),
        State::NoUnit => ground.set("fill", "none"),
    }
}

fn hatchings() -> Definitions {
    let pattern = |id: &str| {
        let pattern = Pattern::new().set("id", format!("hatch-{id}")).set("patternUnits", "userSpaceOnUse");
        pattern.set("width", 8).set("height", 8)
    };
    let lines = |way: &str| {
        let lines = Path::new().set("d", way).set("stroke", "currentColor");
        lines.set("stroke-opacity", 0.35).set("fill", "none")
    };
    let dot = Circle::new().set("cx", 3).set("cy", 3).set("r", 1).set("fill", "currentColor");
    Definitions::new()
        .add(pattern("short").add(lines("M0 8L8 0")))
        .add(pattern("none").add(lines("M0 8L8 0M0 0L8 8")))
        .add(pattern("no-report").add(dot.set("fill-opacity", 0.45)))
}

fn picture((width, height): (usize, usize), name: &str, about: &str) -> Document {
    Document::new()
        .set("viewBox", (0, 0, width, height))
        .set("role", "img")
        .set("font-family", "sans-serif")
        .set("fill", "currentColor")
        .add(title(name))
        .add(Description::new().add(svg::node::Text::new(readable(about))))
}

fn months(matrix: &Matrix, left: usize, y: usize) -> Group {
    let group = Group::new().set("font-size", 12);
    let centre = |n: usize| left + n * CELL.0 + CELL.0 / 2;
    let labels = matrix.months.iter().enumerate();
    labels.fold(group, |group, (n, month)| group.add(middle(&number(*month), centre(n), y)))
}

fn number(month: Month) -> String {
    format!("{:02}", month.number())
}

fn titled(key: &str, matrix: &Matrix, lang: Lang) -> String {
    let [from, to] = [matrix.span.from, matrix.span.to].map(|day| day.format("%d/%m/%Y").to_string());
    say(lang, key, &[("from", &from), ("to", &to)])
}

fn title(text: &str) -> Title {
    Title::new(readable(text))
}

fn text(words: &str, x: usize, y: usize) -> Text {
    Text::new(readable(words)).set("x", x).set("y", y)
}

fn middle(words: &str, x: usize, y: usize) -> Text {
    text(words, x, y).set("text-anchor", "middle")
}

fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// Without the characters that XML cannot hold at all, escaped or not (XML 1.0, section 2.2).
fn readable(text: &str) -> String {
    let held =
        |c: &char| !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    text.chars().filter(held).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        reconcile::{Beside, MatrixTotals, Span, UnitRow},
        report::tests::golden,
    };

    /// A letter of the legend is six and a half points wide at most on the average; its sign takes thirty-six.
    #[test]
    fn no_word_of_the_legend_runs_into_the_next() {
        for lang in [Lang::Vi, Lang::En] {
            for state in State::ALL {
                let said = say(lang, &format!("web-{}", state.key()), &[]);
                assert!(said.chars().count() * 13 <= (LEGEND.0 - 36) * 2, "{said}");
            }
        }
    }

    fn sample(names: [&str; 2]) -> Matrix {
        let months = ["2022-01", "2022-02", "2022-03"];
        let rows = [
            [(State::Complete, 5), (State::Short, 1), (State::NotYetDue, 0)],
            [(State::None, 0), (State::NoReport, 1), (State::NoUnit, 0)],
        ];
        let row = |(name, states): (&str, [(State, u32); 3])| UnitRow {
            unit: name.into(),
            name: name.into(),
            cells: months
                .iter()
                .zip(states)
                .map(|(month, (state, done))| Cell::sample(month, state, done))
                .collect(),
        };
        Matrix {
            span: Span { from: "2022-01-01".parse().unwrap(), to: "2022-12-10".parse().unwrap() },
            months: months.map(|month| month.parse().unwrap()).to_vec(),
            units: names.into_iter().zip(rows).map(row).collect(),
            topics: BTreeMap::new(),
            totals: MatrixTotals { cells_due: 4, cells_complete: 1, ..MatrixTotals::default() },
            counted: BTreeSet::new(),
            beside: Beside::default(),
        }
    }

    #[test]
    fn pictures_are_as_they_were_looked_at() {
        let matrix = sample(["phường Phổ Hòa", "xã Phổ An"]);
        golden("matrix.svg", &matrix_picture(&matrix, Lang::Vi));
        golden("trend.svg", &trend_picture(&matrix, Lang::Vi));
    }

    #[test]
    fn what_one_unit_aired_too_often_hides_no_lack_of_another() {
        let matrix = sample(["a", "b"]);
        let shares: Vec<_> = matrix.months.iter().map(|month| share(&matrix, *month)).collect();
        assert_eq!(shares, [Ok(50), Ok(50), Err(State::NotYetDue)]);
        let mut silent = sample(["a", "b"]);
        silent.units[1].cells[1].airings_within = 0;
        silent.units.remove(0);
        assert_eq!(share(&silent, silent.months[1]), Err(State::NoReport));
    }

    #[test]
    fn a_month_in_which_no_unit_exists_is_drawn_as_nothing() {
        let mut matrix = sample(["a", "b"]);
        let last = matrix.months[2];
        assert_eq!(trend_picture(&matrix, Lang::En).matches(State::NotYetDue.sign()).count(), 1);
        matrix.units[0].cells[2] = Cell::sample("2022-03", State::NoUnit, 0);
        assert_eq!(share(&matrix, last), Err(State::NoUnit));
        let drawn = trend_picture(&matrix, Lang::En);
        let signs = State::ALL.map(State::sign);
        assert!(!signs.iter().any(|sign| drawn.contains(&format!(">\n{sign}\n<"))), "{drawn}");
        matrix.units.clear();
        assert_eq!(share(&matrix, last), Err(State::NoUnit));
    }

    proptest! {
        #[test]
        fn any_name_gives_a_picture_that_can_be_read(a in any::<String>(), b in "[<>&\"'\\]\\[!-]{0,60}|\\PC{0,80}") {
            let matrix = sample([&a, &b]);
            for picture in [matrix_picture(&matrix, Lang::En), trend_picture(&matrix, Lang::Vi)] {
                let read = roxmltree::Document::parse(&picture).map_err(|e| TestCaseError::fail(e.to_string()))?;
                let first = read.root_element().first_element_child().unwrap();
                prop_assert_eq!(first.tag_name().name(), "title");
            }
            let picture = pictures(&matrix, Lang::En);
            let read = roxmltree::Document::parse(&picture).unwrap();
            let titles = read.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")));
            let titles: Vec<&str> = titles.filter_map(|node| node.text()).collect();
            // A carriage return is a line's end in XML.
            let whole = readable(&b).replace("\r\n", "\n").replace('\r', "\n");
            prop_assert!(b.trim().is_empty() || titles.iter().any(|title| title.trim() == whole.trim()), "{:?}", titles);
        }
    }
}
