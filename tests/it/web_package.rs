//! Packages in the pages: signed at the centre by two people, each in their own name; looked at and taken at a station.

use std::{fs, process::Command};

use loa::{control::Role, evidence::PackageAct};

use crate::{
    support::{
        browser::Browser,
        station::{Station, leaves, noise},
        visitor::Visitor,
        way::{Way, airs, facts},
    },
    web_month::sign_in,
    web_on_air::{PASSWORD, look, pages, person},
};

/// A way whose ends can be opened in a browser.
fn way() -> Way {
    let way = Way::new();
    for station in [&way.centre, &way.station] {
        station.settle("");
    }
    fs::copy(way.key("editor"), way.centre.path("data/keys/editor.key")).unwrap();
    person(&way.centre, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    person(&way.centre, "hoa", "Lê Thị Hoa", &[Role::Approver]);
    person(&way.centre, "ca-hai", "Phạm Hai Vai", &[Role::Editor, Role::Approver]);
    person(&way.station, "an", "Trần Văn An", &[Role::Operator]);
    way
}

fn sign(browser: &Browser, voice: &str, password: &str) {
    browser.fill(&format!("#sign-{voice} [name=password]"), password);
    browser.send(&format!("#sign-{voice} button"));
}

/// How many entries have all of `parts` in their bytes.
fn entered(station: &Station, parts: &[&str]) -> usize {
    leaves(station).iter().filter(|leaf| parts.iter().all(|part| leaf.contains(part))).count()
}

#[test]
fn two_people_of_the_centre_sign_and_a_file_goes_out() {
    let way = way();
    way.centre.issue(2, &["2022-03/a.wav"], &way.slots);
    let daemon = way.centre.daemon_alone();
    let base = pages(&daemon);
    let path = format!("/month/{}/pack", way.month());
    let [lan, hoa] = ["lan", "hoa"].map(|id| sign_in(&base, id));
    lan.go(&format!("/month/{}", way.month()));
    lan.send("#pack");
    assert_eq!(lan.path(), path);
    assert!(!lan.has("#sign-approver"), "that is another's to sign");
    look(&lan, "pack-empty");
    sign(&lan, "editor", "không đúng");
    assert!(lan.has(".flash.bad"), "{}", lan.text("main"));
    assert_eq!(entered(&way.centre, &["Nguyễn Thị Lan", "\"reason\":\"pack "]), 0);
    sign(&lan, "editor", PASSWORD);
    let text = lan.text("main");
    assert!(text.contains("còn chờ người kia ký") && text.contains("Nguyễn Thị Lan"), "{text}");
    assert!(!lan.has("#sign-editor"));
    assert_eq!(entered(&way.centre, &["Nguyễn Thị Lan", "\"reason\":\"pack "]), 1);
    hoa.go(&path);
    look(&hoa, "pack-waiting");
    sign(&hoa, "approver", PASSWORD);
    let text = hoa.text("main");
    assert!(text.contains("Gói số 2 đã đủ chữ ký") && text.contains("Tải tệp .tar"), "{text}");
    assert!(!hoa.has("#sign-approver"), "what was issued is not signed again");
    look(&hoa, "pack-done");
    assert_eq!(entered(&way.centre, &["Lê Thị Hoa", "\"reason\":\"pack "]), 1);
    let visitor = Visitor::at(&base);
    assert_eq!(visitor.sign_in("lan", PASSWORD).status, 303);
    let file = visitor.get(&format!("{path}/2"));
    assert_eq!((file.status, file.header("content-type")), (200, "application/x-tar"));
    let tar = way.tools.path().join("từ trang.tar");
    fs::write(&tar, &file.bytes).unwrap();
    assert_eq!(way.import_from(&tar), [("2.note".to_owned(), "taken".to_owned())]);
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
    // The first package is of a revision that no longer stands there; a number that was never given is none.
    for seq in [1, 9] {
        assert_ne!(visitor.get(&format!("{path}/{seq}")).status, 200);
    }
    daemon.end();
    way.centre.ok(&["verify"]);
}

#[test]
fn nobody_signs_as_both_and_what_is_missing_is_said() {
    let way = way();
    way.centre.issue(2, &["2022-03/a.wav"], &way.slots);
    let daemon = way.centre.daemon_alone();
    let path = format!("/month/{}/pack", way.month());
    let both = Visitor::at(&pages(&daemon));
    both.sign_in("ca-hai", PASSWORD);
    let post = |voice: &str| both.post(&path, &[("voice", voice), ("password", PASSWORD)]);
    post("editor");
    assert!(both.get(&path).text.contains("còn chờ người kia ký"));
    post("approver");
    let said = both.get(&path).text;
    assert!(said.contains("Phạm Hai Vai đã ký gói này với tư cách khác"), "{said}");
    let lan = Visitor::at(&pages(&daemon));
    lan.sign_in("lan", PASSWORD);
    lan.post(&path, &[("voice", "approver"), ("password", PASSWORD)]);
    assert!(!lan.get(&path).text.contains("đã đủ chữ ký"), "an editor has no approver's voice");
    fs::rename(way.centre.path("data/keys/editor.key"), way.centre.path("data/keys/elsewhere.key")).unwrap();
    let said = lan.get(&path).text;
    assert!(said.contains("Chưa có khóa <code>data/keys/editor.key</code>"), "{said}");
    fs::copy(way.key("stranger"), way.centre.path("data/keys/editor.key")).unwrap();
    assert!(lan.get(&path).text.contains("Tệp tin cậy đang dùng không nêu khóa"));
    // Without its approval the month goes nowhere.
    fs::remove_file(way.centre.path(&format!("schedules/{}.approval", way.month()))).unwrap();
    assert!(lan.get(&path).text.contains("chưa được duyệt đúng như đang có"));
    daemon.end();
}

#[test]
fn a_package_is_looked_at_and_taken_in_the_pages() {
    let way = way();
    let media = way.tools.path().join("media");
    way.station.settle(&format!("\n[import]\nfolders = [\"{}\"]\n", media.display()));
    fs::create_dir_all(media.join("an")).unwrap();
    let daemon = way.station.daemon_alone();
    let an = sign_in(&pages(&daemon), "an");
    an.go("/import");
    assert!(an.text("main").contains("Chưa thấy gói nào"), "{}", an.text("main"));
    look(&an, "import-empty");
    // The stick is plugged in.
    Command::new("cp").arg("-r").arg(way.stick()).arg(media.join("an/KINGSTON")).status().unwrap();
    an.go("/import");
    assert!(!an.text("main").contains("KINGSTON/"), "what lies within is no stick of its own");
    look(&an, "import");
    an.send("section li a");
    let text = an.text("main");
    assert!(text.contains("dùng được, chưa có bản nào được duyệt"), "{text}");
    assert!(!way.station.path("media/2022-03").exists(), "it was only looked at");
    look(&an, "import-from");
    an.send("#take button");
    assert!(an.text("main").contains("Đã nhập 1 mục"), "{}", an.text("main"));
    daemon.until("knows the slot", |status| status["next"].is_object());
    let fact = way.last();
    assert_eq!((fact.act, fact.by.as_str()), (PackageAct::Taken, "Trần Văn An"));
    // A later one as a file, and one that somebody changed.
    noise(&way.centre.path("media/2022-03/b.wav"), 1, 9);
    way.issue(2, &["2022-03/a.wav", "2022-03/b.wav"]);
    let tar = way.tools.path().join("thang.tar");
    Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(way.stick()).arg(".").status().unwrap();
    an.go("/import");
    an.give("input[type=file]", &[&tar]);
    an.send("#send button");
    let text = an.text("main");
    assert!(text.contains("sẽ thay cho bản 1 đang được duyệt"), "{text}");
    look(&an, "import-replaces");
    an.send("#take button");
    assert!(an.text("main").contains("Đã nhập 1 mục"), "{}", an.text("main"));
    assert_eq!(airs(&way.station.path(""), way.month()), 2);
    assert_eq!(fs::read_dir(way.station.path("data/arriving")).unwrap().count(), 0);
    let note = media.join("an/KINGSTON/1.note");
    let changed = fs::read_to_string(&note).unwrap().replacen("\"seq\":1", "\"seq\":3", 1);
    fs::write(media.join("an/KINGSTON/3.note"), changed).unwrap();
    let before = facts(&way.station.path("")).len();
    an.go("/import");
    an.send("section li a");
    let text = an.text("main");
    assert!(text.contains("Chữ ký không khớp") && !an.has("#take"), "{text}");
    look(&an, "import-refused");
    an.go("/import");
    an.send("section li a");
    let all = facts(&way.station.path(""));
    let refusals: Vec<&str> = all[before..].iter().map(|fact| fact.reason.as_str()).collect();
    assert_eq!(refusals, ["package-signature", "package-older"], "looking again is no entry");
    daemon.end();
    way.station.ok(&["verify"]);
}

#[test]
fn only_what_the_page_offers_is_imported() {
    let way = way();
    let media = way.tools.path().join("media");
    fs::create_dir_all(&media).unwrap();
    way.station.settle(&format!("\n[import]\nfolders = [\"{}\"]\n", media.display()));
    std::os::unix::fs::symlink(way.stick(), media.join("link")).unwrap();
    let daemon = way.station.daemon_alone();
    let an = Visitor::at(&pages(&daemon));
    an.sign_in("an", PASSWORD);
    let stick = way.stick().display().to_string();
    let climbing = format!("{}/../stick", media.display());
    let link = media.join("link").display().to_string();
    for from in [stick.as_str(), &climbing, &link, "sent", "", "/"] {
        let answer = an.post("/import/take", &[("from", from)]);
        assert_eq!((answer.status, answer.header("location")), (303, "/import"), "{from}");
        assert!(an.get("/import").text.contains("flash bad"), "{from}");
        let query = serde_urlencoded::to_string([("from", from)]).unwrap();
        assert_eq!(an.get(&format!("/import/from?{query}")).header("location"), "/import", "{from}");
    }
    assert!(facts(&way.station.path("")).is_empty());
    // A file that is none is refused by its name, entered, and gone.
    an.get("/import");
    let sent = an.upload("/import/send", "file", "x.tar", &b"r\xc3\xa1c".repeat(1000));
    assert_eq!(sent.header("location"), "/import/from?from=sent");
    assert_eq!(an.get("/import/from?from=sent").header("location"), "/import");
    assert!(an.get("/import").text.contains("bị hỏng, bị cắt"));
    let fact = way.last();
    assert_eq!((fact.reason.as_str(), fact.by.as_str()), ("package-tar-malformed", "Trần Văn An"));
    // What nobody took goes with the next start.
    assert_eq!(fs::read_dir(way.station.path("data/arriving")).unwrap().count(), 1);
    daemon.end();
    way.station.daemon_alone().end();
    assert!(!way.station.path("data/arriving").exists());
}
