//! What a document consists of: sections of lines and tables, each line with the name of its style.

use crate::report::raster::Raster;

/// A line of dots to write on.
const DOTS: &str = "\t";

/// Width of the text between the margins of a page upright, in twentieths of a point: 164 mm.
pub const UPRIGHT: u32 = 9298;

/// The same of a page across: 251 mm.
pub const ACROSS: u32 = 14230;

/// A section with its own page numbers.
#[derive(Debug)]
pub struct Part {
    /// Whether its pages lie across.
    pub wide: bool,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A paragraph, a table or a picture.
#[derive(Debug)]
pub enum Block {
    /// A paragraph.
    Line(Line),
    /// A table.
    Grid(Grid),
    /// A picture.
    Picture(Box<Picture>),
}

/// A picture in a paragraph of its own.
#[derive(Debug)]
pub struct Picture {
    /// Its number in the document.
    pub n: usize,
    /// What it shows, for those who do not see it.
    pub about: String,
    /// As lines and as points.
    pub drawn: Raster,
    /// Width and height on paper, in English metric units (914 400 an inch).
    pub extent: (i64, i64),
}

/// A paragraph.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its style in `styles.xml`.
    pub style: &'static str,
    /// What it says.
    pub text: String,
}

/// A table.
#[derive(Debug)]
pub struct Grid {
    /// Its style in `styles.xml`.
    pub style: &'static str,
    /// Widths of its columns, in twentieths of a point.
    pub widths: Vec<u32>,
    /// The row that stands on top on every page; none in a table that only lays out.
    pub head: Vec<Vec<Line>>,
    /// Its rows of cells of lines.
    pub rows: Vec<Vec<Vec<Line>>>,
}

impl Line {
    /// `text` in `style`, without what XML cannot hold.
    pub fn new(style: &'static str, text: impl Into<String>) -> Line {
        let text: String = text.into();
        let held = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        Line { style, text: text.chars().map(|c| if held(c) { c } else { ' ' }).collect() }
    }

    /// A line of dots over the whole width.
    pub fn dots() -> Line {
        Line { style: "Blank", text: DOTS.to_owned() }
    }

    /// Whether it is such a line.
    pub fn is_dots(&self) -> bool {
        self.text == DOTS
    }
}

impl Picture {
    /// `drawn` as large as the screen shows it, or smaller where it is wider than `width` or higher than `height`, both
    /// in twentieths of a point.
    pub fn fitted(n: usize, about: String, drawn: Raster, [width, height]: [u32; 2]) -> Picture {
        // 96 points of the screen to an inch, 1440 twentieths of a point, 914 400 units.
        let (across, down) = (f64::from(drawn.size.0) * 15.0, f64::from(drawn.size.1) * 15.0);
        let scale = (f64::from(width) / across).min(f64::from(height) / down).min(1.0) * 635.0;
        #[allow(clippy::cast_possible_truncation, reason = "a page is far smaller")]
        let extent = ((across * scale) as i64, (down * scale) as i64);
        Picture { n, about, drawn, extent }
    }
}

impl From<Line> for Block {
    fn from(line: Line) -> Block {
        Block::Line(line)
    }
}

impl From<Grid> for Block {
    fn from(grid: Grid) -> Block {
        Block::Grid(grid)
    }
}

impl Grid {
    /// A table without lines that sets two cells beside each other at the edges of `width`, the first so wide and
    /// the second so wide; a gap fills what is left.
    pub fn beside(width: u32, [first, second]: [u32; 2], rows: Vec<[Vec<Line>; 2]>) -> Grid {
        let gap = width.saturating_sub(first + second);
        let row = |[left, right]: [Vec<Line>; 2]| match gap {
            0 => vec![left, right],
            _ => vec![left, vec![Line::new("Number", "")], right],
        };
        let widths = if gap == 0 { vec![first, second] } else { vec![first, gap, second] };
        Grid { style: "Plain", widths, head: Vec::new(), rows: rows.into_iter().map(row).collect() }
    }

    /// A table with lines and `heads`, its columns as wide as `shares` of `width`.
    pub fn ruled(width: u32, shares: &[u32], heads: &[String]) -> Grid {
        let head = heads.iter().map(|head| vec![Line::new("TableHead", head)]).collect();
        Grid { style: "Ruled", widths: shared(width, shares), head, rows: Vec::new() }
    }

    /// Adds a row; the cells of `middle` columns stand in the middle.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>, middle: &[usize]) {
        let style = |at| if middle.contains(&at) { "TableFigure" } else { "TableText" };
        let cells = cells.into_iter().enumerate().map(|(at, cell)| vec![Line::new(style(at), cell)]);
        self.rows.push(cells.collect());
    }

    /// The widths of its columns in percent of its own.
    pub fn shares(&self) -> Vec<u32> {
        self.widths.iter().map(|width| width * 100 / self.width().max(1)).collect()
    }

    /// How wide it is.
    pub fn width(&self) -> u32 {
        self.widths.iter().sum()
    }
}

/// `width` in the proportions of `shares`; what does not divide goes to the last.
fn shared(width: u32, shares: &[u32]) -> Vec<u32> {
    let all = shares.iter().sum::<u32>().max(1);
    let mut widths: Vec<u32> = shares.iter().map(|share| width * share / all).collect();
    let rest = width - widths.iter().sum::<u32>();
    if let Some(last) = widths.last_mut() {
        *last += rest;
    }
    widths
}
