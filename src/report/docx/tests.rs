//! Documents measured in millimetres by their XML, and their words beside the tables.

mod wording;

use std::io::{Cursor, Read as _};

use super::{
    docx,
    said::{self, Look},
};
use crate::{
    control::{Account, Aired, Cosigned, Course, Histories, LogState, Row},
    evidence::{Checkpoint, Outcome, Reason, Trigger},
    programme::{Plan, plan},
    reconcile::{Period, State, Uncounted, matrix},
    report::{tables, tests::row},
    units::{Digest, Month},
    words::{Lang, say},
};

#[test]
fn entries_that_follow_one_another_are_one_run() {
    for (entries, said) in [
        ("", ""),
        ("7", "7"),
        ("7 8", "7–8"),
        ("1550 1551 1552 1560 1562 1563", "1550–1552, 1560, 1562–1563"),
        ("0 1 18446744073709551614 18446744073709551615", "0–1, 18446744073709551614–18446744073709551615"),
    ] {
        assert_eq!(said::entries(entries), said);
    }
}

/// A name of eighty letters.
const LONG: &str = "phường Nguyễn Nghiêm Thượng và các tổ dân phố Đồng Quang, Phổ Trường, Liên Hiệp";

fn plan_of_2022() -> Plan {
    let text = include_str!("../../../config/plan-2022.toml")
        .replace("phường Nguyễn Nghiêm\"", &format!("{LONG}\""));
    let (plan, findings) = plan::read("plan", text.as_bytes());
    plan.unwrap_or_else(|| panic!("{findings:?}"))
}

/// An account of the year: `airings` with what the matrix says of them.
fn account(airings: Vec<(Row, bool)>) -> Account {
    let plan = plan_of_2022();
    let mut matrix = matrix(&plan, Period::Year, "2022-12-10".parse().unwrap(), &[]);
    if !airings.is_empty() {
        for (at, cell) in matrix.units.iter_mut().flat_map(|unit| &mut unit.cells).enumerate() {
            (cell.state, cell.airings_due, cell.airings_done) =
                if at % 5 == 0 { (State::Short, 2, 1) } else { (State::Complete, 2, 2) };
            cell.airings_within = cell.airings_done;
        }
        matrix.totals.cells_due = 176;
        matrix.totals.cells_complete = 141;
        matrix.topics.entry("II.1".into()).or_default().insert("2022-03".parse().unwrap());
    }
    matrix.totals.in_period = u32::try_from(airings.iter().filter(|(_, counts)| *counts).count()).unwrap();
    let airings = airings.into_iter().map(|(row, counts)| Aired {
        row,
        log: "loa/station/duc-pho/1".into(),
        counts,
        uncounted: None,
        repair: None,
    });
    let airings: Vec<Aired> = airings.collect();
    let head = Checkpoint { origin: "loa/station/duc-pho/1".into(), size: 4711, root: Digest::of(b"root") };
    let note =
        format!("{}\n{}\n{}\n\n— loa/station/duc-pho/1 AAAA\n", head.origin, head.size, "q83vEjRWeJA=");
    let cosigned = Cosigned {
        size: 4700,
        root: Digest::of(b"seen"),
        by: "loa/centre/duc-pho".into(),
        at: "2022-12-09T18:30:05+07:00".parse().unwrap(),
    };
    let [station, unit] = ["duc-pho".to_owned(), "duc-pho".to_owned()];
    let log = LogState {
        station: station.clone(),
        unit: unit.clone(),
        head,
        note,
        cosigned: Some(cosigned),
        state: Course::Current,
        histories: Histories::One,
    };
    Account {
        plan,
        period: Period::Year,
        as_of: "2022-12-10".parse().unwrap(),
        matrix,
        airings,
        to_come: Vec::new(),
        logs: vec![log],
        station,
        unit,
    }
}

/// A slot on three days of every month; every fourth is missed.
fn a_year() -> Account {
    let reasons = [Reason::PowerOff, Reason::DeviceLost, Reason::OperatorStop];
    let days = (1..=12).flat_map(|month| [5, 15, 25].map(|day| (month, day)));
    let rows = (0..).zip(days).map(|(n, (month, day))| {
        let reason = (n % 4 == 3).then(|| reasons[usize::try_from(n).unwrap() / 4 % 3]);
        (row(n * 2, month, day, reason), reason.is_none())
    });
    account(rows.collect())
}

/// The members of a document.
pub struct Opened {
    pub document: String,
    styles: String,
    header: String,
}

pub fn open(account: &Account, lang: Lang) -> Opened {
    let bytes = docx(account, &tables(account, lang), lang).unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        balanced(name, &text);
        text
    };
    for name in ["[Content_Types].xml", "_rels/.rels", "word/_rels/document.xml.rels", "docProps/core.xml"] {
        read(name);
    }
    Opened {
        document: read("word/document.xml"),
        styles: read("word/styles.xml"),
        header: read("word/header.xml"),
    }
}

/// Every element that opens closes in order, and nothing stands in the text that XML cannot hold.
fn balanced(name: &str, xml: &str) {
    assert!(!xml.chars().any(|c| c.is_control() && c != '\n'), "{name}");
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1).map(|rest| rest.split_once('>').expect(name).0) {
        match tag.strip_prefix('/') {
            Some(end) => assert_eq!(open.pop(), Some(end), "{name}"),
            None if tag.ends_with('/') || tag.starts_with('?') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "{name}");
}

/// The elements of that name, each to its end.
pub fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (start, end) = (format!("<{name}"), format!("</{name}>"));
    let starts =
        xml.match_indices(&start).filter(|(at, _)| xml[at + start.len()..].starts_with([' ', '>', '/']));
    let whole = starts.map(|(at, _)| {
        let tag = xml[at..].find('>').unwrap() + 1;
        let long = if xml[at..at + tag].ends_with("/>") { tag } else { xml[at..].find(&end).unwrap() };
        &xml[at..at + long]
    });
    whole.collect()
}

fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let value = element.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} in {element}")).1;
    value.split_once('"').unwrap().0
}

/// Twentieths of a point in millimetres.
fn mm(element: &str, name: &str) -> f64 {
    attribute(element, name).parse::<f64>().unwrap() / 1440.0 * 25.4
}

fn points(style: &str) -> f64 {
    attribute(elements(style, "w:sz")[0], "w:val").parse::<f64>().unwrap() / 2.0
}

fn style<'a>(styles: &'a str, id: &str) -> &'a str {
    let all = elements(styles, "w:style");
    all.into_iter().find(|style| attribute(style, "w:styleId") == id).unwrap_or_else(|| panic!("{id}"))
}

/// The words of a paragraph or field.
fn words(xml: &str) -> String {
    let text = elements(xml, "w:t").first().map_or("", |t| t.split_once('>').unwrap().1);
    text.replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

/// What paragraphs of that style say.
fn said(xml: &str, style: &str) -> Vec<String> {
    let of = format!("<w:pStyle w:val=\"{style}\"/>");
    elements(xml, "w:p").into_iter().filter(|line| line.contains(&of)).map(words).collect()
}

/// Fields of a table, row by row.
pub fn fields(table: &str) -> Vec<Vec<String>> {
    let row = |row: &&str| elements(row, "w:tc").into_iter().map(words).collect();
    elements(table, "w:tr").iter().map(row).collect()
}

/// The words of every paragraph, of tables, too.
pub fn paragraphs(document: &str) -> Vec<String> {
    elements(document, "w:p").into_iter().map(words).collect()
}

#[test]
fn pages_have_the_measures_of_the_decree() {
    let Opened { document, styles, header } = open(&a_year(), Lang::Vi);
    let sections = elements(&document, "w:sectPr");
    let wide: Vec<bool> = sections.iter().map(|section| section.contains("w:orient=\"landscape\"")).collect();
    assert_eq!(wide, [false, true, true, true, false], "the report, three appendices across, the log");
    for (section, wide) in sections.iter().zip(wide) {
        let size = elements(section, "w:pgSz")[0];
        let (across, down) = if wide { (297.0, 210.0) } else { (210.0, 297.0) };
        assert!((mm(size, "w:w") - across).abs() < 0.1 && (mm(size, "w:h") - down).abs() < 0.1, "{size}");
        let margins = elements(section, "w:pgMar")[0];
        for (side, least, most) in
            [("top", 20.0, 25.0), ("bottom", 20.0, 25.0), ("left", 30.0, 35.0), ("right", 15.0, 20.0)]
        {
            let margin = mm(margins, &format!("w:{side}"));
            assert!((least..=most).contains(&margin), "{side}: {margin} mm");
        }
        let text = mm(size, "w:w") - mm(margins, "w:left") - mm(margins, "w:right");
        let ours = if wide { super::block::ACROSS } else { super::block::UPRIGHT };
        assert!((f64::from(ours) / 1440.0 * 25.4 - text).abs() < 0.01, "tables fill the text: {text} mm");
        assert!(
            section.contains("<w:titlePg/>") && !section.contains("w:type=\"first\""),
            "no number on the first page"
        );
        assert!(mm(margins, "w:header") < 15.0 && section.contains("<w:headerReference w:type=\"default\""));
    }
    assert!(header.contains(" PAGE ") && style(&styles, "Header").contains("<w:jc w:val=\"center\"/>"));
    for table in elements(&document, "w:tbl") {
        let widths: f64 = elements(table, "w:gridCol").iter().map(|column| mm(column, "w:w")).sum();
        assert!((widths - mm(elements(table, "w:tblW")[0], "w:w")).abs() < 0.1 && widths < 251.1);
    }
}

#[test]
fn styles_have_the_letters_of_the_decree() {
    let Opened { styles, .. } = open(&account(Vec::new()), Lang::Vi);
    let defaults = elements(&styles, "w:docDefaults")[0];
    assert_eq!(attribute(elements(defaults, "w:rFonts")[0], "w:ascii"), "Times New Roman");
    assert!((13.0..=14.0).contains(&points(defaults)));
    for (id, least, most, bold, italic) in [
        ("AgencyAbove", 12.0, 13.0, false, false),
        ("Agency", 12.0, 13.0, true, false),
        ("Nation", 12.0, 13.0, true, false),
        ("Motto", 13.0, 14.0, true, false),
        ("Number", 13.0, 13.0, false, false),
        ("PlaceDate", 13.0, 14.0, false, true),
        ("Header", 13.0, 14.0, false, false),
        ("RecipientsHead", 12.0, 12.0, true, true),
        ("Recipient", 11.0, 11.0, false, false),
    ] {
        let style = style(&styles, id);
        assert!((least..=most).contains(&points(style)), "{id}");
        assert_eq!((style.contains("<w:b/>"), style.contains("<w:i/>")), (bold, italic), "{id}");
    }
    for id in ["Title", "Subtitle", "Heading1", "Heading2", "Authority", "Signer", "Appendix"] {
        let style = style(&styles, id);
        assert!(style.contains("<w:b/>") && !style.contains("<w:sz"), "{id}: bold, 14 as the text");
    }
    let body = elements(style(&styles, "BodyText"), "w:spacing")[0];
    assert!(attribute(body, "w:after").parse::<u32>().unwrap() >= 6 * 20, "6 pt between paragraphs");
}

#[test]
fn the_head_and_the_foot_stand_where_the_decree_has_them() {
    let Opened { document, styles, .. } = open(&a_year(), Lang::Vi);
    assert_eq!(said(&document, "Title"), ["BÁO CÁO"]);
    let tables = elements(&document, "w:tbl");
    let head = fields(tables[0]);
    let cells = elements(tables[0], "w:tc");
    assert_eq!(said(cells[0], "AgencyAbove"), ["ỦY BAN NHÂN DÂN THỊ XÃ ĐỨC PHỔ"]);
    assert_eq!(said(cells[0], "Agency"), ["TRUNG TÂM TRUYỀN THÔNG - VĂN HÓA - THỂ THAO THỊ XÃ ĐỨC PHỔ"]);
    assert_eq!(said(cells[1], "Nation"), ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]);
    assert_eq!(said(cells[1], "Motto"), ["Độc lập - Tự do - Hạnh phúc"]);
    assert_eq!(head[1], ["Số: ……/BC-……", "Đức Phổ, ngày …… tháng …… năm 2022"]);
    let all = tables.iter().find(|table| table.contains("\"RecipientsHead\"")).unwrap();
    let cells = elements(all, "w:tc");
    assert_eq!(said(cells[0], "RecipientsHead"), ["Nơi nhận:"]);
    let recipients = said(cells[0], "Recipient");
    assert_eq!(recipients[..2], ["- Như trên;", "- Sở Thông tin và Truyền thông tỉnh;"]);
    assert_eq!(said(&document, "AddressHead"), ["Kính gửi:"]);
    let addressees = ["- Ủy ban nhân dân thị xã Đức Phổ;", "- Phòng Văn hóa và Thông tin thị xã Đức Phổ."];
    assert_eq!(said(&document, "Addressee"), addressees);
    // Who addresses nobody but itself has one receiver, beside the words; a ward has recipients of its own.
    let mut account = a_year();
    account.unit = "nguyen-nghiem".into();
    account.plan.report.hub = account.plan.report.to.clone();
    let document = open(&account, Lang::Vi).document;
    assert_eq!(said(&document, "AddressHead"), ["Kính gửi: Ủy ban nhân dân thị xã Đức Phổ."]);
    assert_eq!(said(&document, "Recipient"), ["- Như trên;", "- Lưu: VT."]);
    assert_eq!(recipients.last().unwrap(), "- Lưu: VT.");
    assert_eq!(said(cells[1], "Authority"), ["GIÁM ĐỐC"]);
    assert_eq!(said(cells[1], "Signer"), ["……………………………"], "nobody's name is known: a blank");
    let end = said(&document, "Closing").remove(0);
    assert!(end.starts_with("Trên đây là Báo cáo") && end.ends_with("./."), "{end}");
    for line in elements(&document, "w:pStyle") {
        style(&styles, attribute(line, "w:val"));
    }
}

#[test]
fn a_numbered_report_of_a_ward_names_its_number_its_day_and_who_signs() {
    let mut account = a_year();
    account.unit = "pho-hoa".into();
    account.plan.report.number = "45/BC-UBND".into();
    account.plan.report.date = "2022-12-05".parse().ok();
    let ward = account.plan.units.iter_mut().find(|unit| unit.id == "pho-hoa").unwrap();
    ward.office.signer = "Trần Thị B".into();
    let mut later = ward.clone();
    (later.valid_from, later.office.signer) = ("2023-01-01".parse().unwrap(), "Người đến sau".into());
    account.plan.units.push(later);
    let Opened { document, .. } = open(&account, Lang::Vi);
    let tables = elements(&document, "w:tbl");
    assert_eq!(fields(tables[0])[1], ["Số: 45/BC-UBND", "Phổ Hòa, ngày 05 tháng 12 năm 2022"]);
    let (from, to) = ("2022-01-01".parse().unwrap(), "2022-06-30".parse().unwrap());
    let half = open(&Account { period: Period::Custom { from, to }, ..account.clone() }, Lang::Vi).document;
    assert!(!half.contains("45/BC-UBND") && !half.contains("ngày 05 tháng 12"), "another paper's number");
    assert_eq!(said(&document, "AgencyAbove"), Vec::<String>::new(), "a committee has none above it");
    assert_eq!(said(&document, "Authority"), ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"]);
    assert_eq!(said(&document, "Signer"), ["Trần Thị B"], "as of the report's last day");
    let attached = said(&document, "AppendixNote");
    assert_eq!(attached.len(), 4);
    assert!(
        attached[0].contains("số 45/BC-UBND ngày 05 tháng 12 năm 2022 của Ủy ban nhân dân phường Phổ Hòa")
    );
}

#[test]
fn every_miss_stands_in_part_three_with_its_reason_and_sums_are_those_of_the_tables() {
    let account = a_year();
    for lang in [Lang::Vi, Lang::En] {
        let tables = tables(&account, lang);
        let Opened { document, .. } = open(&account, lang);
        let ruled: Vec<&str> =
            elements(&document, "w:tbl").into_iter().filter(|table| table.contains("\"Ruled\"")).collect();
        assert_eq!(ruled.len(), 8, "totals, topics, misses, lacks; grid, extract, incidents; the log");
        for table in &ruled {
            assert_eq!(table.matches("<w:tblHeader/>").count(), 1, "one row repeats");
            assert!(elements(table, "w:tr")[0].contains("<w:tblHeader/>"), "and it is the first");
        }
        let incidents = Look::of(&tables, "incidents").unwrap();
        let told = fields(ruled[2]);
        assert_eq!((incidents.0.rows.len(), told.len()), (9, 10));
        for (row, told) in incidents.0.rows.iter().zip(&told[1..]) {
            assert_eq!(told[4..], [incidents.text(row, "outcome_said"), incidents.text(row, "reason_said")]);
        }
        let totals = Look::of(&tables, "totals").unwrap();
        let mut known: Vec<[String; 2]> =
            totals.0.rows.iter().map(|row| [totals.text(row, "said"), totals.text(row, "value")]).collect();
        let log = known.split_off(known.len() - 3);
        known.truncate(known.len() - 3);
        let lengths = known.iter_mut().filter(|line| line[1] == "19440000");
        for (line, key) in lengths.zip(["paper-aired", "paper-declared"]) {
            let length = if lang == Lang::Vi { "5 giờ 24 phút 0 giây" } else { "5 h 24 min 0 s" };
            *line = [say(lang, key, &[]), length.to_owned()];
        }
        let sums = fields(ruled[0]);
        assert_eq!(sums[1..].iter().map(|row| [row[1].clone(), row[2].clone()]).collect::<Vec<_>>(), known);
        let source = fields(ruled[7]);
        assert!(log.iter().all(|line| source.iter().any(|row| row[..] == line[..])), "{source:?}");
        assert!(
            source[6][1] == "loa/station/duc-pho/1"
                && source[7][1].contains("4700")
                && source[7][1].contains("18:30:05 09/12/2022")
                && source[7][1].contains("loa/centre/duc-pho"),
            "{source:?}"
        );
        assert_eq!(fields(ruled[5]).len(), 1 + account.airings.len());
        let grid = fields(ruled[4]);
        assert_eq!((grid.len(), grid[0].len()), (17, 15));
        assert_eq!(grid[2][1], LONG);
        assert_eq!(grid[1][2..4], ["1/2 ◐", "2/2 ●"]);
    }
    let text = said(&open(&account, Lang::Vi).document, "BodyText").join("\n");
    assert!(text.contains("Đã phát 12 chương trình với 27 lượt phát đạt yêu cầu trong kỳ; tổng thời lượng thực phát của các lượt này là 5 giờ 24 phút 0 giây"), "{text}");
    assert!(
        text.contains(
            "141 trên 176 chương trình tháng (đơn vị × tháng) đã đến hạn được phát đủ, tỷ lệ hoàn thành 80,1%"
        ),
        "{text}"
    );
    assert!(
        text.contains("Nguyên nhân: mất thiết bị âm thanh: 3; mất điện hoặc máy tắt: 3; người trực dừng: 3"),
        "{text}"
    );
}
