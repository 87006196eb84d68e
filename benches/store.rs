//! The hot paths of the log: durable appends, verification.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

mod typical;

use std::{path::Path, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loa::{
    evidence::{canonical, verify},
    keys::SigningKey,
    store::Log,
};
use typical::{clk, end};

fn new_log(folder: &Path) -> Log {
    let key = SigningKey::generate("loa/station/bench").unwrap();
    Log::create(&folder.join("log.db"), "loa/station/bench/1", key, clk(0), "init").unwrap()
}

/// A log of `size` entries, a minute apart, appended in batches.
fn filled(folder: &Path, size: u64) -> Log {
    let mut log = new_log(folder);
    while log.size() < size {
        let range = log.size()..size.min(log.size() + 5000);
        let batch: Vec<_> = range.map(|n| (clk(i64::try_from(n).unwrap() * 60_000), end(n))).collect();
        log.append(&batch).unwrap();
    }
    log
}

fn appends(c: &mut Criterion) {
    // On the disk of the build folder, not on a temporary file system in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut log = new_log(folder.path());
    let mut group = c.benchmark_group("store");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(5));
    let mut ms = 0;
    group.bench_function("durable append", |b| {
        b.iter(|| {
            ms += 1;
            log.append(&[(clk(ms), end(9))]).unwrap()
        });
    });
    group.finish();
}

fn reading(c: &mut Criterion) {
    const SIZE: u64 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let log = filled(folder.path(), SIZE);
    let reader = log.reader();
    let bytes = std::fs::metadata(folder.path().join("log.db")).unwrap().len()
        + std::fs::metadata(folder.path().join("log.db-wal")).unwrap().len();
    println!("{} bytes an event on disk, write-ahead log included", bytes / SIZE);
    let leaves: Vec<String> = reader.leaves(0..SIZE).map(|leaf| leaf.unwrap().1).collect();
    let note = reader.head().unwrap();
    let mut group = c.benchmark_group("store");
    group.sample_size(10).throughput(Throughput::Elements(SIZE));
    group.bench_function("verify 100k from disk", |b| b.iter(|| reader.verify(&[]).unwrap()));
    group.bench_function("verify 100k in memory", |b| {
        b.iter(|| verify::verify(&leaves, note.as_bytes(), &[]));
    });
    group.bench_function("decode 100k", |b| {
        b.iter(|| leaves.iter().map(|leaf| canonical::decode(leaf.as_bytes()).unwrap().seq()).sum::<u64>());
    });
    group.finish();
}

criterion_group!(benches, appends, reading);
criterion_main!(benches);
