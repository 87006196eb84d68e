//! The tamper table: what somebody with the disk, a database tool or even the key can do to a log, and by
//! which faults the real `loa verify` names it. Beside it, tampering at random.

use std::{fs, process::Command};

use loa::{
    control::{Against, audit},
    evidence::Code,
    keys::SigningKey,
    units::Digest,
};
use rusqlite::{Connection, params, types::Value as Cell};
use serde_json::Value;

use super::support::site::{Site, entry, settings};

type Wanted<'a> = &'a [(Option<u64>, &'a str)];

/// Tampers with a copy of `site`; the faults must be exactly `wanted`, each with a sentence.
fn check(site: &Site, what: &str, tamper: impl FnOnce(&Site), wanted: Wanted<'_>) {
    let copy = site.copy();
    tamper(&copy);
    expect(&copy, what, &[], wanted);
}

fn expect(site: &Site, what: &str, args: &[&str], wanted: Wanted<'_>) {
    let (code, document) = site.verify(args);
    let faults = document["faults"].as_array().unwrap_or_else(|| panic!("{what}: {code} {document}"));
    let found: Vec<(Option<u64>, &str)> =
        faults.iter().map(|fault| (fault["entry"].as_u64(), fault["code"].as_str().unwrap())).collect();
    assert_eq!(found, wanted, "{what}: {document:#}");
    assert_eq!(
        (code, &document["holds"]),
        (i32::from(!wanted.is_empty()), &wanted.is_empty().into()),
        "{what}"
    );
    for fault in faults {
        let message = fault["message"].as_str().unwrap();
        assert!(message.len() > 40 && !message.contains("{$"), "{what}: {message}");
    }
}

fn put(from: &Site, to: &Site, file: &str) {
    fs::copy(from.path(file), to.path(file)).unwrap();
}

/// The same length, another number.
fn back_dated(leaf: &str) -> String {
    let at = leaf.find("\"wall_ms\":").unwrap() + "\"wall_ms\":".len();
    let wall: i64 = leaf[at..].split('}').next().unwrap().parse().unwrap();
    leaf.replace(&wall.to_string(), &(wall - 3_600_000).to_string())
}

#[test]
fn edited_entries_are_named() {
    let site = Site::new();
    check(&site, "nothing", |_| {}, &[]);
    let altered = |n| [(None, "verify-root"), (Some(n), "verify-altered")];
    let n = entry::SEGMENT;
    check(&site, "a number", |s| s.forge(n, |leaf| leaf.replace("1600000", "1600001")), &altered(n));
    check(
        &site,
        "an outcome",
        |s| s.forge(entry::END, |leaf| leaf.replace("\"full\"", "\"partial\"")),
        &altered(entry::END),
    );
    check(
        &site,
        "back-dated",
        |s| s.forge(n, back_dated),
        &[(Some(n), "verify-clock-step"), (None, "verify-root"), (Some(n), "verify-altered")],
    );
    let twisted = [(Some(n), "verify-leaf"), (None, "verify-root"), (Some(n), "verify-altered")];
    let twin = |leaf: &str| leaf.replace("\"frames\":1600000", "\"frames\":1600000,\"frames\":1600000");
    check(&site, "twin keys", |s| s.forge(n, twin), &twisted);
    check(&site, "a space", |s| s.forge(n, |leaf| leaf.replace(",\"clk\"", ", \"clk\"")), &twisted);
    let n = entry::DEVICE;
    let no_text =
        "UPDATE event SET leaf = replace(leaf, 'loud', 'lou' || CAST(x'ff' AS TEXT)) WHERE seq = 12";
    let twisted = [(Some(n), "verify-leaf"), (None, "verify-root"), (Some(n), "verify-altered")];
    check(&site, "no text", |s| s.sql(no_text), &twisted);
}

#[test]
fn entries_that_were_moved_are_named() {
    let site = Site::new();
    check(
        &site,
        "dropped",
        |s| s.sql("DELETE FROM event WHERE seq = 7; UPDATE event SET seq = seq - 1 WHERE seq > 7"),
        &[(Some(7), "verify-seq"), (None, "verify-short")],
    );
    let rows: Vec<_> = (7..entry::LAST).map(|n| (Some(n), "verify-row")).collect();
    let gap = [&[(Some(7), "verify-seq")], &rows[..], &[(None, "verify-short")]].concat();
    check(&site, "dropped, with its number", |s| s.sql("DELETE FROM event WHERE seq = 7"), &gap);
    check(
        &site,
        "swapped",
        |s| {
            s.sql(
                "UPDATE event SET seq = 99 WHERE seq = 7; UPDATE event SET seq = 7 WHERE seq = 8;
                   UPDATE event SET seq = 8 WHERE seq = 99",
            );
        },
        &[(Some(7), "verify-seq"), (Some(8), "verify-seq"), (None, "verify-root")],
    );
    check(
        &site,
        "doubled at the end",
        |s| s.sql("INSERT INTO event(seq, leaf) SELECT 18, leaf FROM event WHERE seq = 17"),
        &[(Some(18), "verify-seq"), (None, "verify-unsigned")],
    );
    check(&site, "cut", |s| s.sql("DELETE FROM event WHERE seq >= 12"), &[(None, "verify-short")]);
    check(&site, "emptied", |s| s.sql("DELETE FROM event"), &[(None, "verify-short")]);
    check(
        &site,
        "beginning cut",
        |s| s.sql("DELETE FROM event WHERE seq = 0; UPDATE event SET seq = seq - 1"),
        &[(Some(0), "verify-seq"), (Some(0), "verify-opening"), (None, "verify-short")],
    );
}

#[test]
fn another_signature_is_named() {
    let site = Site::new();
    let other = SigningKey::generate("loa/station/pho-hoa").unwrap();
    check(&site, "signed anew", |s| s.sign(&other), &[(None, "verify-signature")]);
    check(
        &site,
        "cut and signed by another",
        |s| {
            s.sql("DELETE FROM event WHERE seq >= 12");
            s.sign(&other);
        },
        &[(None, "verify-signature"), (None, "verify-rolled-back")],
    );
    let public = "data/keys/station.pub";
    check(
        &site,
        "another public key",
        |s| fs::write(s.path(public), other.public().as_text()).unwrap(),
        &[(None, "verify-signature")],
    );
    check(
        &site,
        "a damaged public key",
        |s| fs::write(s.path(public), b"\xff").unwrap(),
        &[(None, "verify-signature"), (None, "verify-key")],
    );
    check(
        &site,
        "no head",
        |s| s.sql("DELETE FROM head"),
        &[(None, "verify-signature"), (None, "verify-head")],
    );
    check(&site, "the head's column", |s| s.sql("UPDATE head SET size = 12"), &[(None, "verify-head")]);
    check(
        &site,
        "the head's text",
        |s| {
            s.sql("UPDATE head SET note = replace(note, char(10) || '18' || char(10), char(10) || '17' || char(10))");
        },
        &[(None, "verify-signature")],
    );
}

/// Who has the key can write a log that agrees with itself; what was kept outside it tells on him.
#[test]
fn the_stolen_key_meets_what_is_kept_outside() {
    let site = Site::new();
    let key = site.key();
    check(
        &site,
        "cut with the key",
        |s| {
            s.sql("DELETE FROM event WHERE seq >= 12");
            s.sign(&key);
        },
        &[(None, "verify-rolled-back")],
    );
    let rewrite = |s: &Site| {
        s.forge(entry::SEGMENT, |leaf| leaf.replace("1600000", "1600001"));
        s.sign(&key);
    };
    check(&site, "rewritten with the key", rewrite, &[(None, "verify-forked")]);
    let (_, document) = site.verify(&[]);
    let root = document["root"].as_str().unwrap().parse().unwrap();
    let code = Code::new(entry::LAST + 1, root).to_string();
    expect(&site, "its code", &["--code", &code.to_lowercase()], &[]);
    let copy = site.copy();
    rewrite(&copy);
    copy.raise();
    expect(&copy, "rewritten, mark and all", &[], &[]);
    expect(&copy, "met by the duty book", &["--code", &code], &[(None, "verify-code-differs")]);
    let copy = site.copy();
    copy.sql("DELETE FROM event WHERE seq >= 12");
    copy.sign(&key);
    copy.raise();
    expect(&copy, "cut, mark and all", &[], &[]);
    expect(&copy, "met by the duty book", &["--code", &code], &[(None, "verify-code-beyond")]);
    let slip = code.replacen('-', "-X", 1);
    assert_eq!(site.verify(&["--code", &slip]).0, 2, "a slip of the pen is no tampering");
}

/// What the station's own key signed is still not what people signed, in the folder and in a bundle of it.
#[test]
fn what_people_did_not_sign_is_named() {
    let site = Site::new();
    let key = site.key();
    let check = |site: &Site, what: &str, tamper: &dyn Fn(&Site), wanted: Wanted<'_>| {
        let copy = site.copy();
        tamper(&copy);
        expect(&copy, what, &[], wanted);
        expect(&copy, what, &[&copy.export()], wanted);
    };
    let forged = |entry: u64, from: &'static str, to: &'static str| {
        let key = &key;
        move |s: &Site| {
            s.forge(entry, |leaf| leaf.replace(from, to));
            s.sign(key);
            s.raise();
        }
    };
    let statement = [(Some(entry::MANUAL), "verify-statement")];
    let approval = [(Some(entry::ACCEPT), "verify-approval")];
    check(&site, "another word", &forged(entry::MANUAL, "máy FM cũ", "máy mới"), &statement);
    check(&site, "another person", &forged(entry::MANUAL, "\"by\":\"An\"", "\"by\":\"Bình\""), &statement);
    check(&site, "another approver", &forged(entry::ACCEPT, "Lãnh đạo", "Phó ban"), &approval);
    check(&site, "another document", &forged(entry::ACCEPT, "1/PD", "2/PD"), &approval);
    let other = settings(&SigningKey::generate("duyet").unwrap());
    for (what, now) in [("other people trusted", other), ("no settings", "id = 1".to_owned())] {
        let trusting = |s: &Site| {
            let digest = Digest::of(now.as_bytes());
            let set =
                "UPDATE blob SET digest = ?1, bytes = CAST(?2 AS BLOB) WHERE kind = 'config' RETURNING 1";
            let old: [u8; 32] = s
                .database()
                .query_row("SELECT digest FROM blob WHERE kind = 'config'", [], |row| row.get(0))
                .unwrap();
            s.edit(|db| db.query_row(set, params![digest.0, now], |_| Ok(()))).unwrap();
            s.forge(entry::CONFIG, |leaf| leaf.replace(&Digest(old).to_string(), &digest.to_string()));
            s.sign(&key);
            s.raise();
        };
        check(&site, what, &trusting, &[approval[0], statement[0]]);
    }
}

#[test]
fn an_older_copy_is_named() {
    let site = Site::new();
    let older = site.copy();
    older.sql("DELETE FROM event WHERE seq >= 12");
    older.sign(&older.key());
    let file = "data/log.db";
    check(&site, "an older file", |s| put(&older, s, file), &[(None, "verify-rolled-back")]);
    let other = Site::new();
    check(
        &site,
        "another station's file",
        |s| put(&other, s, file),
        &[(None, "verify-signature"), (None, "verify-forked")],
    );
    let mark = "data/log.high";
    older.raise();
    let damaged = |bytes: &'static [u8]| move |s: &Site| fs::write(s.path(mark), bytes).unwrap();
    check(&site, "a damaged mark", damaged(b"x"), &[(None, "verify-high-water")]);
    check(&site, "an empty mark", damaged(b""), &[(None, "verify-high-water")]);
    let gone = |s: &Site| fs::remove_file(s.path(mark)).unwrap();
    check(&site, "no mark", gone, &[(None, "verify-high-water-missing")]);
    let without = |s: &Site| {
        put(&older, s, file);
        gone(s);
    };
    check(&site, "an older file without a mark", without, &[(None, "verify-high-water-missing")]);
    // The mark may lag behind by design: an older one is true as well.
    check(&site, "an older mark", |s| put(&older, s, mark), &[]);
}

/// The key of an epoch that ended, put back with its public half or without.
#[test]
fn an_older_epochs_key_is_named() {
    let site = Site::new();
    let files = ["data/keys/station.key", "data/keys/station.pub"];
    let older = files.map(|file| fs::read(site.path(file)).unwrap());
    let own = String::from_utf8(older[1].clone()).unwrap();
    fs::remove_file(site.path("data/log.high")).unwrap();
    let (code, made) = site.run("init", &["--new-epoch", "--by", "An", "--reason", "mất tệp"]);
    assert_eq!((code, &made["origin"]), (0, &"loa/station/pho-hoa/2".into()), "{made}");
    expect(&site, "a new epoch", &[], &[]);
    expect(&site, "by the older key", &["--key", own.trim()], &[(None, "verify-signature")]);
    let put_back = |count: usize| {
        let older = &older;
        move |s: &Site| {
            files
                .iter()
                .zip(older)
                .take(count)
                .for_each(|(file, bytes)| fs::write(s.path(file), bytes).unwrap());
        }
    };
    check(&site, "the older key", put_back(2), &[(None, "verify-signature")]);
    // The private half proves nothing to a verifier; whoever would sign with it is refused.
    let copy = site.copy();
    put_back(1)(&copy);
    expect(&copy, "the older private key", &[], &[]);
    let (code, no) = copy.run("note", &["2022-03/cchc/2022-03-05T05:30:00", "--text", "x", "--by", "An"]);
    assert_eq!((code, &no["no"]["code"]), (1, &"log-other-key".into()), "{no}");
    check(
        &site,
        "signed by the older key",
        |s| s.sign(&SigningKey::parse(std::str::from_utf8(&older[0]).unwrap()).unwrap()),
        &[(None, "verify-signature")],
    );
}

#[test]
fn what_entries_name_is_held() {
    let site = Site::new();
    let kind = |kind: &str, set: &str| format!("UPDATE blob SET {set} WHERE kind = '{kind}'");
    for (what, at) in [
        ("config", entry::CONFIG),
        ("plan", entry::CONFIG),
        ("schedule", entry::ACCEPT),
        ("slots", entry::ACCEPT),
        ("approval", entry::ACCEPT),
        ("statement", entry::MANUAL),
    ] {
        // Without its list nobody can say which slots an acceptance held.
        let unlisted = (what == "slots").then_some((Some(at), "complete-list-missing"));
        let with_list = |fault| [fault].into_iter().chain(unlisted).collect::<Vec<_>>();
        let altered = with_list((Some(at), "verify-blob-altered"));
        check(&site, what, |s| s.sql(&kind(what, "bytes = CAST(bytes || ' ' AS BLOB)")), &altered);
        let gone = with_list((Some(at), "verify-blob-missing"));
        check(&site, what, |s| s.sql(&format!("DELETE FROM blob WHERE kind = '{what}'")), &gone);
        check(&site, what, |s| s.sql(&kind(what, "kind = 'x'")), &[(Some(at), "verify-blob-kind")]);
    }
    check(
        &site,
        "another digest",
        |s| s.sql(&kind("plan", "digest = zeroblob(32)")),
        &[(None, "verify-blob-altered"), (Some(entry::CONFIG), "verify-blob-missing")],
    );
}

#[test]
fn the_stored_tree_is_held() {
    let site = Site::new();
    let hash = "UPDATE node SET hash = zeroblob(32) WHERE idx =";
    check(&site, "a leaf's hash", |s| s.sql(&format!("{hash} 0")), &[(Some(0), "verify-node")]);
    check(&site, "a node's hash", |s| s.sql(&format!("{hash} 2")), &[(Some(1), "verify-node")]);
    check(&site, "no node", |s| s.sql("DELETE FROM node WHERE idx = 2"), &[(Some(1), "verify-node")]);
    check(
        &site,
        "more nodes",
        |s| s.sql("INSERT INTO node(idx, hash) VALUES(999, zeroblob(32))"),
        &[(None, "verify-nodes-more")],
    );
}

#[test]
fn an_altered_schema_is_named() {
    let site = Site::new();
    let schema = [(None, "verify-schema")];
    check(
        &site,
        "a trigger gone",
        |s| s.database().execute_batch("DROP TRIGGER event_update").unwrap(),
        &schema,
    );
    check(
        &site,
        "another trigger",
        |s| s.database().execute_batch("CREATE TRIGGER t AFTER INSERT ON event BEGIN SELECT 1; END").unwrap(),
        &schema,
    );
    check(&site, "an index gone", |s| s.sql("DROP INDEX event_slot"), &schema);
    check(&site, "a view", |s| s.sql("CREATE VIEW rows AS SELECT * FROM event"), &schema);
    let doctored = |from: &'static str, to: &'static str| {
        move |s: &Site| {
            let db = s.database();
            db.execute_batch("PRAGMA writable_schema = ON").unwrap();
            let text = "UPDATE sqlite_schema SET sql = replace(sql, ?1, ?2) WHERE sql LIKE '%' || ?1 || '%'";
            assert_eq!(db.execute(text, params![from, to]).unwrap(), 1);
        }
    };
    let unread = [(None, "verify-unread"), (None, "verify-schema")];
    check(&site, "a generated column", doctored("$.body.outcome", "$.body.reason"), &unread);
    check(&site, "a check", doctored("CHECK(json_valid(leaf))", "/* was checked before */"), &unread);
    let stopped = |s: &Site| {
        let often = "%a".repeat(40);
        let text =
            format!("CREATE TABLE t(a CHECK(NOT a LIKE '{often}b')); INSERT INTO t VALUES(hex(zeroblob(9)))");
        s.sql(&text);
    };
    check(&site, "another table", stopped, &schema);
}

/// What stands in the place of a table may answer for ever, or with whatever it likes: it is named and not read.
#[test]
fn what_is_no_table_of_ours_is_named_and_not_read() {
    let site = Site::new();
    let endless = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT";
    for (table, columns) in [
        ("event", "n AS seq, 'x' AS leaf"),
        ("node", "-n AS idx, zeroblob(32) AS hash"),
        ("head", "n AS id, 1 AS size, 'x' AS note"),
        ("blob", "zeroblob(32) AS digest, 'x' AS kind, zeroblob(9) AS bytes"),
    ] {
        let copy = site.copy();
        let view =
            format!("ALTER TABLE {table} RENAME TO kept; CREATE VIEW {table} AS {endless} {columns} FROM n");
        copy.database().execute_batch(&view).unwrap();
        // The limit is there for a program that reads on; this one answers at once.
        let answer = Command::new("timeout")
            .args(["--signal=KILL", "20", env!("CARGO_BIN_EXE_loa"), "verify", "--json", "--dir"])
            .arg(copy.path(""))
            .output()
            .unwrap();
        assert_eq!(answer.status.code(), Some(1), "{table}");
        let document: Value = serde_json::from_slice(&answer.stdout).unwrap();
        let faults = document["faults"].as_array().unwrap();
        let schema = faults.iter().filter(|fault| fault["code"] == "verify-schema");
        let named: Vec<_> = schema.map(|fault| fault["message"].as_str().unwrap()).collect();
        assert!(named.iter().any(|said| said.contains(&format!("`{table}`"))), "{table}: {document:#}");
        assert_eq!(faults[0]["code"], "verify-unread", "{table}: {document:#}");
        assert_eq!((&document["size"], &document["slots"]), (&0.into(), &Value::Null), "{table}");
    }
}

#[test]
fn a_file_that_is_no_log_is_named_and_no_failure_of_the_machine() {
    let site = Site::new();
    let file = "data/log.db";
    let database = [(None, "verify-database")];
    check(&site, "text", |s| fs::write(s.path(file), "x".repeat(5000)).unwrap(), &database);
    check(&site, "empty", |s| fs::write(s.path(file), "").unwrap(), &[(None, "verify-foreign")]);
    check(&site, "another application", |s| s.sql("PRAGMA application_id = 7"), &[(None, "verify-foreign")]);
    check(&site, "another version", |s| s.sql("PRAGMA user_version = 99"), &[(None, "verify-foreign")]);
    let copy = site.copy();
    fs::OpenOptions::new().write(true).open(copy.path(file)).unwrap().set_len(9000).unwrap();
    assert_eq!(copy.verify(&[]).0, 1);
    assert_eq!(copy.verify(&[]).1["holds"], false);
    fs::remove_file(copy.path(file)).unwrap();
    assert_eq!(copy.verify(&[]).1["no"]["code"], "log-missing");
}

/// Everything that must be as it was: leaves, head, blobs, schema.
fn content(site: &Site) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let db = site.database();
    let mut all = Vec::new();
    for text in [
        "SELECT seq, CAST(leaf AS BLOB) FROM event ORDER BY seq",
        "SELECT id, size, CAST(note AS BLOB) FROM head",
        "SELECT digest, CAST(kind AS BLOB), bytes FROM blob ORDER BY digest",
        "SELECT idx, hash FROM node ORDER BY idx",
        "SELECT CAST(type || name || tbl_name || ifnull(sql, '') AS BLOB) FROM sqlite_schema ORDER BY 1",
    ] {
        let mut query = db.prepare(text)?;
        let columns = query.column_count();
        let rows = query.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
        for row in rows {
            all.push(row?);
        }
    }
    Ok(all)
}

fn holds(site: &Site) -> bool {
    audit(&site.path(""), &Against::default()).is_ok_and(|report| report.holds())
}

const CELLS: &[(&str, &str)] = &[
    ("event", "seq"),
    ("event", "leaf"),
    ("node", "idx"),
    ("node", "hash"),
    ("head", "id"),
    ("head", "size"),
    ("head", "note"),
    ("blob", "digest"),
    ("blob", "kind"),
    ("blob", "bytes"),
];

fn mutated(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let at = random.usize(..=bytes.len());
    match random.u8(..3) {
        0 if at < bytes.len() => bytes[at] ^= random.u8(1..),
        1 if at < bytes.len() => drop(bytes.remove(at)),
        _ => bytes.insert(at, random.u8(..)),
    }
}

/// Another value in a random cell; an error when the database cannot hold it.
fn change_a_cell(db: &Connection, random: &mut fastrand::Rng) -> rusqlite::Result<usize> {
    let (table, column) = CELLS[random.usize(..CELLS.len())];
    let count: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    let (row, before): (i64, Cell) = db.query_row(
        &format!("SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 1 OFFSET ?1"),
        [random.i64(..count)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (value, bytes) = match before {
        Cell::Integer(n) => ("?2", Cell::Integer(n ^ 1 << random.u8(..40))),
        Cell::Text(text) => {
            let mut bytes = text.into_bytes();
            mutated(&mut bytes, random);
            ("CAST(?2 AS TEXT)", Cell::Blob(bytes))
        }
        Cell::Blob(mut bytes) => {
            mutated(&mut bytes, random);
            ("?2", Cell::Blob(bytes))
        }
        other => ("?2", other),
    };
    db.execute(&format!("UPDATE {table} SET {column} = {value} WHERE rowid = ?1"), params![row, bytes])
}

#[test]
fn no_changed_cell_goes_unnoticed() {
    let site = Site::new();
    assert!(holds(&site));
    let mut random = fastrand::Rng::with_seed(2022);
    let mut changed = 0;
    for round in 0..100 {
        let copy = site.copy();
        if copy.edit(|db| change_a_cell(db, &mut random)).is_ok() {
            changed += 1;
            let report = audit(&copy.path(""), &Against::default()).unwrap().report;
            assert!(!report.holds(), "round {round}: {:?}", content(&copy));
        }
    }
    assert!(changed > 60, "{changed}");
}

/// Bytes of the file itself: some stand for nothing (free space, counters), and then all must be as it was.
#[test]
fn a_log_that_holds_says_what_it_said_before() {
    let site = Site::new();
    drop(site.database());
    let original = content(&site).unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let mut noticed = 0;
    for round in 0..100 {
        let copy = site.copy();
        let mut bytes = fs::read(copy.path("data/log.db")).unwrap();
        let at = random.usize(..bytes.len());
        bytes[at] ^= random.u8(1..);
        fs::write(copy.path("data/log.db"), bytes).unwrap();
        if holds(&copy) {
            assert_eq!(content(&copy).unwrap(), original, "round {round}: byte {at}");
        } else {
            noticed += 1;
        }
    }
    assert!(noticed > 20, "{noticed}");
}

#[test]
fn a_verification_tells_who_signed() {
    let site = Site::new();
    let own = fs::read_to_string(site.path("data/keys/station.pub")).unwrap();
    let witness = SigningKey::generate("duc-pho/xac-nhan").unwrap();
    let head: String = site.database().query_row("SELECT note FROM head", [], |row| row.get(0)).unwrap();
    let text = head.split("\n\n").next().unwrap().to_owned() + "\n";
    let cosigned = witness.sign(&text).unwrap();
    let line = cosigned.split("\n\n").nth(1).unwrap();
    site.edit(|db| db.execute("UPDATE head SET note = note || ?1", [line])).unwrap();
    let witness = witness.public().as_text();
    let (code, document) = site.verify(&["--key", own.trim(), "--key", witness]);
    assert_eq!((code, &document["signed_by"]), (0, &Value::from(vec![own.trim(), witness])));
    assert_eq!(document["witnessed_by"], Value::from(vec![witness]));
    assert_eq!(document["not_signed_by"], Value::Array(vec![]));
    let absent = SigningKey::generate("duc-pho/vang-mat").unwrap();
    let absent = absent.public().as_text();
    let (code, document) = site.verify(&["--key", own.trim(), "--key", absent]);
    assert_eq!((code, &document["not_signed_by"]), (0, &Value::from(vec![absent])));
    let (_, alone) = site.verify(&[]);
    assert_eq!((&alone["holds"], &alone["witnessed_by"]), (&true.into(), &Value::Array(vec![])));
    // The key that lies in the folder is no witness, whatever its name.
    fs::write(site.path("data/keys/station.pub"), witness).unwrap();
    let (_, alone) = site.verify(&[]);
    assert_eq!((&alone["signed_by"], &alone["witnessed_by"]), (&vec![witness].into(), &Value::Array(vec![])));
}
