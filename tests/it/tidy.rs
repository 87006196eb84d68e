//! The house rules that a machine can hold: who may look at whom, how long a file may be, how it opens.

use std::{collections::BTreeMap, fs, path::Path};

/// Which rooms a room may name (`ARCHITECTURE.md`, Map). A room not listed here may not exist.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("units", &[]),
    ("disk", &[]),
    ("keys", &[]),
    ("words", &[]),
    ("programme", &["units", "keys", "words"]),
    ("evidence", &["units", "keys", "words"]),
    ("reconcile", &["programme", "evidence", "units", "keys", "words"]),
    ("config", &["programme", "units", "keys", "words"]),
    ("media", &["programme", "config", "disk", "units", "words"]),
    ("playout", &["clock", "media", "programme", "config", "units", "words"]),
    ("airing", &["clock", "programme", "evidence", "media", "playout", "config", "units", "words"]),
    ("store", &["programme", "evidence", "config", "disk", "units", "keys", "words"]),
    ("fleet", &["evidence", "disk", "units", "keys"]),
    ("package", &["programme", "evidence", "disk", "units", "keys", "words"]),
    (
        "control",
        &[
            "fleet",
            "package",
            "clock",
            "disk",
            "programme",
            "evidence",
            "reconcile",
            "media",
            "airing",
            "playout",
            "store",
            "config",
            "units",
            "keys",
            "words",
        ],
    ),
    (
        "sync",
        &[
            "clock",
            "control",
            "disk",
            "fleet",
            "package",
            "programme",
            "evidence",
            "config",
            "units",
            "keys",
            "words",
        ],
    ),
    ("report", &["control", "reconcile", "programme", "evidence", "config", "units", "words"]),
    ("web", &["report", "control", "reconcile", "programme", "evidence", "config", "units", "words"]),
    (
        "daemon",
        &[
            "web",
            "sync",
            "clock",
            "disk",
            "programme",
            "evidence",
            "reconcile",
            "media",
            "airing",
            "playout",
            "store",
            "control",
            "config",
            "units",
            "keys",
            "words",
        ],
    ),
    (
        "cli",
        &[
            "daemon",
            "report",
            "fleet",
            "control",
            "reconcile",
            "programme",
            "evidence",
            "clock",
            "config",
            "units",
            "words",
        ],
    ),
];

/// Longest file, in lines. House rule; a file reads best at 60–250.
const MOST_LINES: usize = 600;

fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
        }
    }
}

/// The rooms that `text` names: `crate::room` (in a path or a use list) outside comments.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut rooms = Vec::new();
    // Comments go, offsets of lines stay.
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n").collect();
    let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].lines().count().max(1);
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && depth == 0 && c.is_alphabetic() => {
                        rooms.push((line, word(&list[i..])));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            rooms.push((line, word(rest)));
        }
    }
    rooms
}

#[test]
fn rooms_name_only_what_lies_below_them() {
    let allowed: BTreeMap<_, _> = MAY_NAME.iter().copied().collect();
    let mut files = BTreeMap::new();
    sources(Path::new("src"), &mut files);
    let mut faults = Vec::new();
    for (path, text) in &files {
        let mut parts = Path::new(path).components().skip(1);
        let first = parts.next().unwrap().as_os_str().to_str().unwrap();
        if first == "main.rs" || first == "lib.rs" {
            continue;
        }
        let Some(may) = allowed.get(first) else {
            faults.push(format!("{path}: the room `{first}` is not in the table"));
            continue;
        };
        for (line, room) in named(text) {
            if room != first && !may.contains(&room.as_str()) {
                faults.push(format!("{path}:{line}: `{first}` may not name `{room}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let table: BTreeMap<_, _> = MAY_NAME.iter().copied().collect();
    // A room is settled once all that it names are; what never settles is in a circle.
    let mut settled: Vec<&str> = Vec::new();
    loop {
        let next: Vec<&str> = table
            .iter()
            .filter(|(room, may)| !settled.contains(room) && may.iter().all(|m| settled.contains(m)))
            .map(|(room, _)| *room)
            .collect();
        if next.is_empty() {
            break;
        }
        settled.extend(next);
    }
    let stuck: Vec<_> = table.keys().filter(|room| !settled.contains(room)).collect();
    assert!(stuck.is_empty(), "rooms in a circle: {stuck:?}");
}

#[test]
fn files_say_what_they_are_and_stay_readable() {
    let mut files = BTreeMap::new();
    for folder in ["src", "tests", "benches"] {
        if Path::new(folder).exists() {
            sources(Path::new(folder), &mut files);
        }
    }
    let mut faults = Vec::new();
    for (path, text) in &files {
        if !text.starts_with("//!") {
            faults.push(format!("{path}: does not open with `//!`"));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!("{path}: {lines} lines, more than {MOST_LINES}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_paths_and_lists() {
    let text = "use crate::{\n    units::{Digest, Level},\n    words,\n};\nfn f() { crate::disk::replace() } // crate::cli\n";
    let rooms: Vec<String> = named(text).into_iter().map(|(_, room)| room).collect();
    assert_eq!(rooms, ["units", "words", "disk"]);
}

#[test]
fn everything_that_can_be_said_stands_in_the_catalogues() {
    let mut files = BTreeMap::new();
    sources(Path::new("src"), &mut files);
    let mut catalogue = String::new();
    for entry in fs::read_dir("src/words/vi").unwrap() {
        catalogue += &fs::read_to_string(entry.unwrap().path()).unwrap();
    }
    let known: Vec<&str> =
        catalogue.lines().filter_map(|line| line.split_once(" =").map(|(key, _)| key)).collect();
    let mut faults = Vec::new();
    for (path, text) in &files {
        for (_, rest) in
            text.match_indices("Message::new(\"").map(|(at, found)| (at, &text[at + found.len()..]))
        {
            let code = rest.split('"').next().unwrap();
            if !known.contains(&code) {
                faults.push(format!("{path}: nothing is said for `{code}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
