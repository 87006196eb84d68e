//! Work on a month by several people at once: nobody saves over another, and exactly what was shown is approved.

use std::{fs, sync::Barrier, thread};

use chrono::{Datelike as _, Utc};
use loa::{
    control::{self, Approve, ControlError, Draft, Folder, Glance, Hand, Role, Save, change_people},
    programme::{Approval, Schedule},
    units::{Digest, ScheduleName},
};

use super::{
    support::{
        station::{Station, in_seconds, noise},
        visitor::Visitor,
    },
    web_on_air::{PASSWORD, pages, person},
};

/// A folder with a month, which an hour from now airs `a.wav`.
fn begun() -> (Station, ScheduleName) {
    let mut station = Station::new(&[("a.wav", 3)]);
    station.schedule(&["a.wav"], &[in_seconds(3600)]);
    let name = control::schedules(&Folder::open(&station.path("")).unwrap()).unwrap()[0];
    (station, name)
}

fn open(station: &Station) -> Folder {
    Folder::open(&station.path("")).unwrap()
}

fn code<T>(result: Result<T, ControlError>) -> Result<T, &'static str> {
    result.map_err(|error| match error {
        ControlError::No(message) => message.code,
        error => panic!("{error}"),
    })
}

/// Somebody who is called `name` and signs in as that.
fn hand(name: &str) -> Hand {
    Hand { id: name.into(), name: name.into() }
}

fn save(
    folder: &Folder,
    name: ScheduleName,
    by: &str,
    seen: Digest,
    title: &str,
) -> Result<Digest, &'static str> {
    save_as(folder, name, &hand(by), seen, title)
}

fn save_as(
    folder: &Folder,
    name: ScheduleName,
    by: &Hand,
    seen: Digest,
    title: &str,
) -> Result<Digest, &'static str> {
    let mut schedule: Schedule = Draft::read(folder, name).unwrap().file.schedule.unwrap();
    schedule.programmes[0].title = title.into();
    let save = Save { name, seen: Some(seen), by, replace: true };
    code(control::save(folder, &save, schedule, Utc::now(), || Ok(())))
}

fn seen(folder: &Folder, name: ScheduleName) -> Digest {
    Draft::read(folder, name).unwrap().file.digest
}

fn shown(folder: &Folder, name: ScheduleName) -> Digest {
    Glance::default().subject(folder, &Draft::read(folder, name).unwrap()).unwrap().digest()
}

fn approve(folder: &Folder, name: ScheduleName, by: &str, seen: Digest) -> Result<Digest, &'static str> {
    approve_as(folder, name, hand(by), seen)
}

fn approve_as(folder: &Folder, name: ScheduleName, by: Hand, seen: Digest) -> Result<Digest, &'static str> {
    let order = Approve { schedule: name, by, document: "1/PD".into(), key: None, seen: Some(seen) };
    code(control::approve(folder, &order, Utc::now()))
}

fn release(station: &Station, folder: &Folder, name: ScheduleName) -> Approval {
    let note = fs::read(station.path(&folder.approval_file(name))).unwrap();
    Approval::open(&note, &folder.station.approvers).unwrap()
}

#[test]
fn of_those_who_save_at_once_one_does_and_the_others_are_told() {
    let (station, name) = begun();
    let folder = open(&station);
    for round in 0..5 {
        let seen = seen(&folder, name);
        let start = Barrier::new(8);
        let saved: Vec<_> = thread::scope(|scope| {
            let start = &start;
            let (folder, people) = (&folder, 0..8);
            let threads = people.map(|n| {
                scope.spawn(move || {
                    start.wait();
                    save(folder, name, &format!("Người {n}"), seen, &format!("Chương trình {round}.{n}"))
                })
            });
            threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let done: Vec<_> = saved.iter().filter_map(|saved| saved.as_ref().ok()).collect();
        assert_eq!(done.len(), 1, "{saved:?}");
        assert!(saved.iter().all(|saved| saved.is_ok() || *saved == Err("draft-conflict")), "{saved:?}");
        assert_eq!(*done[0], Draft::read(&folder, name).unwrap().file.digest);
    }
}

#[test]
fn exactly_what_was_shown_is_approved_its_audio_too() {
    let (station, name) = begun();
    let folder = open(&station);
    let before = shown(&folder, name);
    // The same name, other sound, in the same second.
    noise(&station.path("media/a.wav"), 3, 90);
    assert_eq!(approve(&folder, name, "Hoa", before), Err("draft-changed"));
    assert!(!station.path(&folder.approval_file(name)).exists());
    let now = shown(&folder, name);
    assert_ne!(before, now);
    save(&folder, name, "An", seen(&folder, name), "Tên khác").unwrap();
    assert_eq!(approve(&folder, name, "Hoa", now), Err("draft-changed"));
    let now = shown(&folder, name);
    assert_eq!(approve(&folder, name, "Hoa", now), Ok(now));
    assert_eq!(release(&station, &folder, name).subject.digest(), now);
}

#[test]
fn whoever_had_a_hand_in_a_revision_approves_their_own_work() {
    let (station, name) = begun();
    let folder = open(&station);
    save(&folder, name, "An", seen(&folder, name), "Một").unwrap();
    save(&folder, name, "Bình", seen(&folder, name), "Hai").unwrap();
    for (by, own) in [("An", true), ("Bình", true), ("Hoa", false)] {
        approve(&folder, name, by, shown(&folder, name)).unwrap();
        assert_eq!(release(&station, &folder, name).release.self_approved, own, "{by}");
    }
    // A new revision is the work of those who make it.
    save(&folder, name, "Lan", seen(&folder, name), "Ba").unwrap();
    approve(&folder, name, "An", shown(&folder, name)).unwrap();
    let approval = release(&station, &folder, name);
    assert_eq!((approval.release.self_approved, approval.subject.revision), (false, 2));
}

#[test]
fn who_is_called_otherwise_since_approves_their_own_work_all_the_same() {
    let (station, name) = begun();
    let folder = open(&station);
    let of = |id: &str, name: &str| Hand { id: id.into(), name: name.into() };
    let roles = [Role::Editor, Role::Approver];
    change_people(&folder, |people| people.add("an", "Nguyễn Thị An", &roles, None)).unwrap();
    save_as(&folder, name, &of("an", "Nguyễn Thị An"), seen(&folder, name), "Một").unwrap();
    change_people(&folder, |people| people.change("an", "Nguyễn Thị Bình An", &roles, false)).unwrap();
    for (by, own) in [
        (of("an", "Nguyễn Thị Bình An"), true),
        // On the command line people have names alone, the one of then and the one of now.
        (Hand::named("Nguyễn Thị An"), true),
        (Hand::named("Nguyễn Thị Bình An"), true),
        (Hand::named("Hoa"), false),
        // Another person who is called as that one was.
        (of("an2", "Nguyễn Thị An"), false),
    ] {
        approve_as(&folder, name, by.clone(), shown(&folder, name)).unwrap();
        assert_eq!(release(&station, &folder, name).release.self_approved, own, "{by:?}");
    }
}

#[test]
fn hands_that_an_older_version_kept_by_name_still_count() {
    let (station, name) = begun();
    let folder = open(&station);
    save(&folder, name, "An", seen(&folder, name), "Một").unwrap();
    let trail = station.path(&format!("data/work/{name}.json"));
    let text = fs::read_to_string(&trail).unwrap();
    let older = text.replace(r#"[{"id":"An","name":"An"}]"#, r#"["An"]"#);
    assert_ne!(older, text);
    fs::write(&trail, older).unwrap();
    save(&folder, name, "Lan", seen(&folder, name), "Hai").unwrap();
    for (by, own) in [("An", true), ("Lan", true), ("Hoa", false)] {
        approve(&folder, name, by, shown(&folder, name)).unwrap();
        assert_eq!(release(&station, &folder, name).release.self_approved, own, "{by}");
    }
}

#[test]
fn a_copied_month_leaves_out_days_that_it_does_not_have_and_tells_them() {
    let (station, name) = begun();
    let folder = open(&station);
    let text = fs::read_to_string(station.path(&folder.schedule_file(name))).unwrap();
    let (first, february) = (name.month.first(), "2023-02".parse().unwrap());
    let january: ScheduleName = "2023-01".parse().unwrap();
    let day = |text: &str| text.replace(&first.format("%Y-%m-").to_string(), "2023-01-");
    // Whatever day it is today, the slot is on the thirty-first.
    let (before, after) =
        day(&text).split_once("2023-01-").map(|(a, b)| (a.to_owned(), b[2..].to_owned())).unwrap();
    let text = format!("{before}2023-01-31{after}").replace(&format!("\"{}\"", name.month), "\"2023-01\"");
    fs::write(station.path(&folder.schedule_file(january)), text).unwrap();
    let (file, left_out) =
        control::copy_month(&folder, january, february, Some((&hand("An"), Utc::now())), || Ok(())).unwrap();
    assert_eq!((file.as_str(), left_out.len()), ("schedules/2023-02.toml", 1));
    assert_eq!((left_out[0].day(), left_out[0].month()), (31, 1));
    assert_eq!(
        Draft::read(&folder, february).unwrap().trail.unwrap().hands,
        [hand("An")],
        "a copy is somebody's work"
    );
    assert_eq!(
        code(control::copy_month(&folder, january, february, Some((&hand("An"), Utc::now())), || Ok(())))
            .unwrap_err(),
        "copy-exists"
    );
}

#[test]
fn nothing_is_changed_without_its_entry() {
    let (station, name) = begun();
    let folder = open(&station);
    let no = || Err(loa::words::Message::new("user-not-entered").into());
    let before = fs::read(station.path(&folder.schedule_file(name))).unwrap();
    let draft = Draft::read(&folder, name).unwrap();
    let save = Save { name, seen: Some(draft.file.digest), by: &hand("An"), replace: true };
    let mut schedule = draft.file.schedule.clone().unwrap();
    schedule.programmes[0].title = "Tên khác".into();
    assert_eq!(code(control::save(&folder, &save, schedule, Utc::now(), no)), Err("user-not-entered"));
    assert_eq!(
        code(control::give_back(&folder, name, draft.file.digest, "Hoa", "sửa", no)),
        Err("user-not-entered")
    );
    let to: ScheduleName = "2030-01".parse().unwrap();
    assert_eq!(code(control::copy_month(&folder, name, to, None, no)).unwrap_err(), "user-not-entered");
    assert_eq!(fs::read(station.path(&folder.schedule_file(name))).unwrap(), before);
    assert!(Draft::read(&folder, name).unwrap().trail.is_none());
    assert!(Draft::find(&folder, to).unwrap().is_none());
}

#[test]
fn the_pages_mark_own_work_and_copy_a_month() {
    let (station, name) = begun();
    station.settle("");
    let folder = open(&station);
    save(&folder, name, "lan", seen(&folder, name), "Một").unwrap();
    person(&station, "lan", "Nguyễn Thị Lan", &[Role::Editor]);
    let daemon = station.daemon_alone();
    let lan = Visitor::at(&pages(&daemon));
    assert_eq!(lan.sign_in("lan", PASSWORD).status, 303);
    let own = "(tự duyệt phần việc của mình)";
    for (by, is_own) in [("hoa", false), ("lan", true)] {
        approve(&folder, name, by, shown(&folder, name)).unwrap();
        for path in ["/months".to_owned(), format!("/month/{name}")] {
            let page = lan.get(&path).text;
            assert_eq!(
                (page.contains(" duyệt"), page.contains(own)),
                (true, is_own),
                "{path} by {by}: {page}"
            );
        }
    }
    let next = name.month.next();
    let month = next.to_string();
    let answer = lan.post("/months", &[("month", &month), ("from", &name.to_string())]);
    assert_eq!((answer.status, answer.header("location")), (303, &*format!("/month/{month}")));
    assert!(lan.get(&format!("/month/{month}")).text.contains("a.wav"));
    daemon.end();
}
