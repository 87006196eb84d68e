//! Documents for Word and `LibreOffice` (ECMA-376) in the layout of Nghị định 30/2020/NĐ-CP: the year's report and a
//! station's sheet of a month. Every number comes from the tables of the report, or is a sum over their rows.

mod as_run;
mod block;
mod lacks;
mod paper;
mod said;
mod sheet;
#[cfg(test)]
pub(super) mod tests;
mod year;

use std::io::{Cursor, Write as _};

use askama::Template;
use zip::{DateTime, ZipWriter, write::SimpleFileOptions};

use self::{
    block::{Block, Part, Picture},
    paper::Paper,
};
use super::{ReportError, Table};
use crate::{control::Account, reconcile::Period, words::Lang};

/// `account` and its `tables` as a document for people who read `lang`: the station's sheet where it is of a month, else
/// the report on the plan's year.
///
/// # Errors
///
/// None that input could bring about: the parts of the document do not fit together.
pub fn docx(account: &Account, tables: &[Table], lang: Lang) -> Result<Vec<u8>, ReportError> {
    let paper = Paper { account, tables, lang };
    let (title, parts) = laid_out(&paper);
    let tag = tag(lang);
    let pictures: Vec<&Picture> = parts
        .iter()
        .flat_map(|part| &part.blocks)
        .filter_map(|block| if let Block::Picture(picture) = block { Some(&**picture) } else { None })
        .collect();
    let relations = Relations { pictures: pictures.iter().map(|picture| picture.n).collect() }.render()?;
    let media: Vec<(String, Vec<u8>)> = pictures
        .iter()
        .flat_map(|Picture { n, drawn, .. }| {
            let lines = drawn.svg.clone().into_bytes();
            [("png", drawn.png.clone()), ("svg", lines)]
                .map(|(form, bytes)| (format!("word/media/picture{n}.{form}"), bytes))
        })
        .collect();
    let creator = paper.office().name.clone();
    let members = [
        ("[Content_Types].xml", include_str!("../../../templates/docx/content-types.xml").to_owned()),
        ("_rels/.rels", include_str!("../../../templates/docx/package.rels").to_owned()),
        ("docProps/core.xml", Core { title, creator, tag }.render()?),
        ("word/document.xml", Document { parts }.render()?),
        ("word/_rels/document.xml.rels", relations),
        ("word/header.xml", include_str!("../../../templates/docx/header.xml").to_owned()),
        ("word/settings.xml", include_str!("../../../templates/docx/settings.xml").to_owned()),
        ("word/styles.xml", Styles { tag }.render()?),
    ];
    let members = members.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).chain(media);
    // One date for all members: the same account gives the same bytes, on machines with the same fonts.
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name, options)?;
        zip.write_all(&bytes).map_err(zip::result::ZipError::from)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The same document as one page for browsers, ready to print: it refers to nothing outside itself.
///
/// # Errors
///
/// None that input could bring about.
pub fn page(account: &Account, tables: &[Table], lang: Lang) -> Result<String, ReportError> {
    let (title, parts) = laid_out(&Paper { account, tables, lang });
    Ok(Page { title, tag: tag(lang), parts }.render()?)
}

/// The title and the sections of a document.
fn laid_out(paper: &Paper<'_>) -> (String, Vec<Part>) {
    match paper.account.period {
        Period::Month(month) | Period::Fifteenth(month) => {
            (paper.say("paper-sheet"), sheet::parts(paper, month))
        }
        Period::Year | Period::Custom { .. } => (paper.say("paper-report"), year::parts(paper)),
    }
}

/// A language as documents name it (BCP 47).
fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Vi => "vi-VN",
        Lang::En => "en-GB",
    }
}

/// The text with its sections, for browsers.
#[derive(Template)]
#[template(path = "docx/page.html")]
struct Page {
    title: String,
    tag: &'static str,
    parts: Vec<Part>,
}

/// The text with its sections.
#[derive(Template)]
#[template(path = "docx/document.xml")]
struct Document {
    parts: Vec<Part>,
}

/// The numbers of the pictures, and by which names the text knows them.
#[derive(Template)]
#[template(path = "docx/relations.xml")]
struct Relations {
    pictures: Vec<usize>,
}

/// The styles; their measures are those of the decree.
#[derive(Template)]
#[template(path = "docx/styles.xml")]
struct Styles {
    tag: &'static str,
}

/// What file managers show.
#[derive(Template)]
#[template(path = "docx/core.xml")]
struct Core {
    title: String,
    creator: String,
    tag: &'static str,
}
