//! A disk that takes nothing: what goes to the reserve, and how it comes into the log.

use super::*;

/// A log whose database takes nothing, as on a full disk, until [`Full::mended`].
struct Full(rusqlite::Connection);

impl Full {
    fn of(place: &Place) -> Full {
        let disk = rusqlite::Connection::open(&place.path).unwrap();
        disk.execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .unwrap();
        Full(disk)
    }

    fn mended(self) {
        self.0.execute_batch("DROP TRIGGER full").unwrap();
    }
}

/// Sends an append; gives its answer once the writer has taken its turn.
fn ask(
    (writer, handle): &mut (Writer, super::super::WriterHandle),
    entries: Vec<(Clk, Body)>,
    at_all: bool,
) -> Result<Vec<u64>, StoreError> {
    let (sender, answer) = mpsc::channel();
    let reply: super::super::Reply = Box::new(move |result| sender.send(result).unwrap());
    handle.send(Append { entries, blobs: Vec::new(), at_all, reply: Some(reply) }).unwrap();
    writer.drain();
    answer.try_recv().unwrap()
}

fn walls(log: &Log) -> Vec<i64> {
    log.reader().entries(1..log.size()).map(|entry| entry.unwrap().clk.wall_ms).collect()
}

fn walls_of(entries: &[(Clk, Body)]) -> Vec<i64> {
    entries.iter().map(|(clk, _)| clk.wall_ms).collect()
}

#[test]
fn what_a_full_disk_refuses_goes_to_the_reserve_and_is_merged_in_order() {
    let place = place();
    let mut writer = Writer::new(place.create().unwrap());
    let full = Full::of(&place);
    assert_eq!(ask(&mut writer, beats(1, 3), false).unwrap(), [1, 2], "the positions that they will have");
    assert_eq!(ask(&mut writer, beats(3, 4), false).unwrap(), [3]);
    // An entry that can never be written does not hold up the others.
    let mut bad = beats(4, 5);
    bad[0].0.boot.clear();
    assert!(matches!(ask(&mut writer, bad, true), Err(StoreError::Leaf { .. })));
    assert_eq!((writer.1.unwritten(), writer.0.log().size()), (2, 1));
    full.mended();
    assert_eq!(ask(&mut writer, beats(4, 5), false).unwrap(), [4]);
    assert_eq!((writer.1.unwritten(), writer.0.log().size()), (0, 5));
    assert_eq!(walls(writer.0.log()), walls_of(&beats(1, 5)), "in the order in which it happened");
    drop(writer);
    let log = place.open().unwrap();
    assert_eq!(log.size(), 5, "merged once");
    assert!(log.reader().verify(&[place.key().public().clone()]).unwrap().holds());
}

#[test]
fn what_stands_in_the_reserve_survives_the_process_and_is_merged_once() {
    let place = place();
    let mut writer = Writer::new(place.create().unwrap());
    let full = Full::of(&place);
    for n in 1..4 {
        ask(&mut writer, beats(n, n + 1), false).unwrap();
    }
    drop(writer);
    assert!(matches!(place.open(), Err(StoreError::Database { .. })), "nothing airs without what was aired");
    let reserve = fs::read(super::super::reserve::path_of(&place.path)).unwrap();
    full.mended();
    let log = place.open().unwrap();
    assert_eq!(walls(&log), walls_of(&beats(1, 4)));
    drop(log);
    // The power went between the merge and the clearing, and tore the last record besides.
    let mut torn = reserve.clone();
    let last = torn.iter().rposition(|byte| *byte != 0).unwrap();
    torn[last] ^= 1;
    for (left, size) in [(reserve, 4), (torn, 4)] {
        fs::write(super::super::reserve::path_of(&place.path), left).unwrap();
        assert_eq!(place.open().unwrap().size(), size);
    }
    assert!(place.open().unwrap().reader().verify(&[place.key().public().clone()]).unwrap().holds());
}

#[test]
fn a_start_on_a_disk_that_is_still_full_goes_on_behind_its_reserve() {
    let place = place();
    let mut writer = Writer::new(place.create().unwrap());
    let full = Full::of(&place);
    for n in 1..4 {
        ask(&mut writer, beats(n, n + 1), false).unwrap();
    }
    let seqs = |log: &Log| log.entries().map(|entry| entry.unwrap().seq).collect::<Vec<_>>();
    for end in 4..7_u64 {
        let next = i64::try_from(end).unwrap();
        drop(writer);
        let log = Log::take_up(&place.path, place.key()).unwrap();
        assert_eq!((seqs(&log), log.size()), ((0..end).collect(), 1), "all of it is the past");
        writer = Writer::new(log);
        assert_eq!(writer.1.unwritten() as u64, end - 1);
        assert_eq!(ask(&mut writer, beats(next, next + 1), false).unwrap(), [end]);
    }
    full.mended();
    assert!(writer.0.step(Duration::ZERO), "tried again when nothing else is to be");
    assert_eq!((walls(writer.0.log()), writer.1.unwritten()), (walls_of(&beats(1, 7)), 0));
    drop(writer);
    let log = place.open().unwrap();
    assert_eq!(log.size(), 7, "merged once");
    assert!(log.reader().verify(&[place.key().public().clone()]).unwrap().holds());
}

#[test]
fn bytes_that_stand_only_in_the_reserve_are_found_and_known_ones_fill_no_room() {
    let place = place();
    let mut log = place.create().unwrap();
    let blob = |bytes: &[u8]| Blob { kind: "config", bytes: bytes.to_vec() };
    log.append_with_blobs(&beats(1, 2), &[blob(b"known")]).unwrap();
    let (mut writer, handle) = Writer::new(log);
    let full = Full::of(&place);
    let blobs = vec![blob(b"known"), blob(b"new")];
    handle.send(Append { entries: beats(2, 3), blobs, at_all: false, reply: None }).unwrap();
    writer.drain();
    drop(writer);
    let aside = fs::read(super::super::reserve::path_of(&place.path)).unwrap();
    let holds = |bytes: &[u8]| aside.windows(2 * bytes.len()).any(|at| at == hex::encode(bytes).as_bytes());
    assert_eq!((holds(b"known"), holds(b"new")), (false, true));
    let log = Log::take_up(&place.path, place.key()).unwrap();
    for bytes in [&b"known"[..], b"new"] {
        assert_eq!(log.blob(Digest::of(bytes)).unwrap().as_deref(), Some(bytes));
    }
    assert_eq!(log.blob(Digest::of(b"other")).unwrap(), None);
    full.mended();
}

#[test]
fn a_reserve_tells_of_an_older_copy_too() {
    let place = place();
    drop(place.create().unwrap());
    let high = place.path.with_extension("high");
    let older = [&place.path, &high].map(|file| fs::read(file).unwrap());
    let mut writer = Writer::new(place.open().unwrap());
    ask(&mut writer, beats(1, 3), false).unwrap();
    let full = Full::of(&place);
    ask(&mut writer, beats(3, 4), false).unwrap();
    drop(writer);
    full.mended();
    let newer = [&place.path, &high].map(|file| fs::read(file).unwrap());
    let put = |files: &[Vec<u8>; 2]| {
        [&place.path, &high].iter().zip(files).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    };
    put(&older);
    assert!(matches!(place.open(), Err(StoreError::RolledBack { size: 1, seen: 3, .. })));
    put(&newer);
    assert_eq!(place.open().unwrap().size(), 4);
}

#[test]
fn a_reserve_that_the_station_did_not_sign_is_no_evidence() {
    let place = place();
    let mut writer = Writer::new(place.create().unwrap());
    let full = Full::of(&place);
    ask(&mut writer, beats(1, 2), false).unwrap();
    drop(writer);
    full.mended();
    let path = super::super::reserve::path_of(&place.path);
    let mut forged = fs::read(&path).unwrap();
    let at = forged.windows(9).position(|bytes| bytes == b"heartbeat").unwrap();
    forged[at + 20] ^= 1;
    fs::write(&path, forged).unwrap();
    assert_eq!(place.open().unwrap().size(), 1);
}

#[test]
fn where_the_disk_takes_nothing_at_all_memory_keeps_what_may_wait() {
    let place = place();
    let mut writer = Writer::new(place.create().unwrap());
    let full = Full::of(&place);
    let reserve = super::super::reserve::path_of(&place.path);
    fs::OpenOptions::new().write(true).open(&reserve).unwrap().set_len(0).unwrap();
    assert!(matches!(ask(&mut writer, beats(1, 2), false), Err(StoreError::Disk(_))));
    assert_eq!(ask(&mut writer, beats(1, 2), true).unwrap(), [1]);
    // Behind a hole nothing is durable.
    fs::OpenOptions::new().write(true).open(&reserve).unwrap().set_len(1 << 20).unwrap();
    assert!(matches!(ask(&mut writer, beats(2, 3), false), Err(StoreError::Behind { kept: 1 })));
    assert_eq!(ask(&mut writer, beats(2, 3), true).unwrap(), [2]);
    full.mended();
    assert!(writer.0.step(Duration::ZERO), "tried again when nothing else is to be");
    assert_eq!(walls(writer.0.log()), walls_of(&beats(1, 3)));
    assert_eq!(writer.1.unwritten(), 0);
}
