//! What a paper says of rows, days and logs that are not as usual.

use super::*;

#[test]
fn a_miss_without_a_reason_says_what_is_known() {
    let [mut cut, mut open_end, full] = [1, 2, 3].map(|day| row(day.into(), 3, day, None));
    (cut.outcome, open_end.outcome) = (Some(Outcome::Partial), None);
    let rows = [cut, open_end, full].map(|row| (row, false));
    let mut account = account(rows.into());
    account.airings[2].uncounted = Some(Uncounted::Unproven);
    let Opened { document, .. } = open(&account, Lang::Vi);
    let text = said(&document, "BodyText").join("\n");
    for known in [
        "nhật ký chưa ghi kết quả: 1",
        "nhật ký không ghi lý do: 1",
        "phát đủ nhưng không tính: thiết bị âm thanh không xác nhận đã nhận tiếng: 1",
    ] {
        assert!(text.contains(known), "{known}: {text}");
    }
}

#[test]
fn a_year_without_data_is_a_report_too() {
    let account = account(Vec::new());
    let Opened { document, .. } = open(&account, Lang::Vi);
    let text = said(&document, "BodyText").join("\n");
    assert!(text.contains("Không có lượt phát theo lịch nào không thực hiện"), "{text}");
    assert!(
        said(&document, "AfterTable").iter().any(|line| line.starts_with("Chưa có đủ số liệu của 16 đơn vị"))
    );
    assert!(
        elements(&document, "w:tc").iter().all(|cell| cell.contains("<w:p>")),
        "Word wants a line in every field"
    );
    let month: Month = "2022-03".parse().unwrap();
    let sheet = open(&Account { period: Period::Month(month), ..account }, Lang::Vi).document;
    assert!(sheet.contains("Nhật ký của kỳ này không có lượt phát nào."));
}

#[test]
fn a_sheet_has_every_row_and_two_signatures() {
    let mut account = Account { period: Period::Month("2022-03".parse().unwrap()), ..a_year() };
    account.airings[1].row.outcome = None;
    let Opened { document, .. } = open(&account, Lang::Vi);
    assert_eq!(said(&document, "Title"), ["NHẬT KÝ PHÁT"]);
    assert_eq!(said(&document, "Subtitle"), ["Tháng 3 năm 2022, đài duc-pho, thị xã Đức Phổ"]);
    let tables = elements(&document, "w:tbl");
    let rows = fields(tables[1]);
    assert_eq!(rows.len(), 1 + account.airings.len());
    assert_eq!(rows[1][1..4], ["05:30:00 05/01/2022", "05:30:00", "05:42:00"]);
    assert_eq!(rows[4][5], "Không phát: mất điện hoặc máy tắt");
    assert!(rows[2][5].starts_with("chưa có kết quả trong nhật ký"), "{}", rows[2][5]);
    assert_eq!(said(tables[2], "Authority"), ["NGƯỜI TRỰC MÁY", "GIÁM ĐỐC"]);
    assert!(document.contains("&#60;một cửa &#38; trực tuyến&#62;"), "words are escaped");
}

#[test]
fn pictures_stand_in_the_first_appendix_as_lines_and_as_points() {
    let account = a_year();
    let bytes = docx(&account, &tables(&account, Lang::Vi), Lang::Vi).unwrap();
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap_or_else(|_| panic!("{name}")).read_to_end(&mut bytes).unwrap();
        bytes
    };
    let [document, relations] = ["word/document.xml", "word/_rels/document.xml.rels"]
        .map(|name| String::from_utf8(read(name)).unwrap());
    let pictures = elements(&document, "w:drawing");
    assert_eq!((pictures.len(), said(&document, "PictureTitle").len()), (2, 2));
    for picture in pictures {
        for (element, magic) in [("a:blip", &b"\x89PNG"[..]), ("asvg:svgBlip", b"<svg")] {
            let id = attribute(elements(picture, element)[0], "r:embed");
            let all = elements(&relations, "Relationship");
            let relation = all.into_iter().find(|relation| attribute(relation, "Id") == id).unwrap();
            let member = read(&format!("word/{}", attribute(relation, "Target")));
            assert!(member.starts_with(magic), "{id}");
            assert!(
                !String::from_utf8_lossy(&member).contains("currentColor"),
                "nothing around it has a colour"
            );
        }
        let extent = elements(picture, "wp:extent")[0];
        let [across, down] =
            ["cx", "cy"].map(|side| attribute(extent, side).parse::<f64>().unwrap() / 36_000.0);
        assert!((60.0..=251.1).contains(&across) && (20.0..=145.1).contains(&down), "{across} × {down} mm");
    }
}

#[test]
fn the_page_to_print_says_what_the_document_says() {
    let sheet = Account { period: Period::Month("2022-03".parse().unwrap()), ..a_year() };
    for account in [a_year(), sheet] {
        let page = super::super::page(&account, &tables(&account, Lang::Vi), Lang::Vi).unwrap();
        let Opened { document, .. } = open(&account, Lang::Vi);
        let lines = |of: &str, open: &str, close: &str| {
            let after = of.split(open).skip(1).map(|rest| rest.split_once("\">").unwrap().1);
            let words = after.map(|rest| rest.split_once(close).unwrap().0.to_owned());
            words.filter(|words| !words.is_empty()).collect::<Vec<_>>()
        };
        assert_eq!(lines(&page, "<p class", "</p>"), lines(&document, "<w:t xml:space", "</w:t>"));
        let wide = elements(&document, "w:sectPr").iter().filter(|part| part.contains("landscape")).count();
        assert_eq!(page.matches("<section class=\"across\">").count(), wide);
        assert!(!page.contains(" src=") && !page.contains(" href="), "it refers to nothing outside itself");
    }
}

#[test]
fn a_log_that_ended_or_contradicts_itself_says_so() {
    for (lang, known) in [
        (
            Lang::Vi,
            ["hai phiên bản đã ký mâu thuẫn nhau", "đã bị thu hồi", "hai phiên bản đã ký mâu thuẫn, chưa rõ"],
        ),
        (Lang::En, ["Two contradicting histories", "is revoked", "two contradicting histories, nobody"]),
    ] {
        let mut account = account(vec![(row(1, 3, 5, None), true)]);
        let text = |account: &Account| open(account, lang).document;
        let clean = text(&account);
        (account.logs[0].state, account.logs[0].histories) = (Course::Revoked, Histories::Two);
        let document = text(&account);
        for known in known {
            assert!(document.contains(known) && !clean.contains(known), "{known}");
        }
        account.period = Period::Month("2022-03".parse().unwrap());
        assert!(text(&account).contains(known[0]), "on the sheet of a month, too");
    }
}

#[test]
fn no_paper_speaks_of_days_that_have_not_come() {
    let mut account = account(vec![(row(1, 3, 5, None), true)]);
    for (as_of, days) in [
        ("2022-12-31", "(Số liệu từ ngày 01/01/2022 đến ngày 10/12/2022)"),
        ("2022-03-06", "(Số liệu từ ngày 01/01/2022 đến ngày 06/03/2022)"),
        ("2021-12-31", "(Kỳ từ ngày 01/01/2022 đến ngày 10/12/2022, chưa có số liệu)"),
    ] {
        account.as_of = as_of.parse().unwrap();
        assert_eq!(said(&open(&account, Lang::Vi).document, "Period"), [days]);
    }
}

#[test]
fn a_row_that_somebody_vouches_for_names_them_and_says_how() {
    let mut by_hand = row(1, 3, 5, None);
    (by_hand.trigger, by_hand.by) = (Some(Trigger::ByHand), "Trần Thị Trực".into());
    by_hand.detail = "Phát bằng đầu CD và tăng âm".into();
    let mut account = account(vec![(by_hand, false)]);
    account.period = Period::Month("2022-03".parse().unwrap());
    let document = open(&account, Lang::Vi).document;
    for known in ["Phát đủ: theo xác nhận của Trần Thị Trực, không tính", "Phát bằng đầu CD và tăng âm"]
    {
        assert!(document.contains(known), "{known}");
    }
}
