//! A month's rows out of a log of a million entries: the question inside a process, and the whole command.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails has nothing to report")]

mod million;

use std::{hint::black_box, process::Command, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use loa::{
    control::{self, RowFilter},
    evidence::Outcome,
    store::Log,
};
use million::filled;

/// Processor time of one run of `work` out of twenty, in milliseconds.
fn processor_ms(work: impl Fn()) -> f64 {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let begun = now();
    (0..20).for_each(|_| work());
    let ended = now();
    let seconds = ended.tv_sec - begun.tv_sec;
    (Duration::from_secs(u64::try_from(seconds).unwrap()).as_secs_f64() * 1e3
        + f64::from(i32::try_from(ended.tv_nsec - begun.tv_nsec).unwrap()) / 1e6)
        / 20.0
}

fn month_of_a_million(c: &mut Criterion) {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // Fifteen airings a day, hourly signs of life and a boot each morning fill it in twelve years.
    let (folder, month) = filled(root.path(), "2014-01".parse().unwrap(), 5..20, 1_000_000);
    let filter = RowFilter { from: Some(month.first()), to: Some(month.last()), outcome: None };
    let rows = control::rows(&folder, &folder.log_path(), &filter).unwrap();
    println!(
        "{} rows of {month}, {} entries",
        rows.len(),
        rows.iter().map(|r| r.entries.len()).sum::<usize>()
    );
    // Of a machine that others use as well only the processor's time is telling.
    let spent = processor_ms(|| drop(control::rows(&folder, &folder.log_path(), &filter).unwrap()));
    let reader = Log::read_only(&folder.log_path()).unwrap();
    let from = month.first().and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
    let read = processor_ms(|| drop(reader.entries_planned(from..from + 31 * 86_400_000).unwrap()));
    println!("processor time: a month's rows {spent:.1} ms, of which reading their entries {read:.1} ms");
    let mut group = c.benchmark_group("log of a million");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function("a month's rows in one process", |b| {
        b.iter(|| black_box(control::rows(&folder, &folder.log_path(), &filter).unwrap()));
    });
    let missed = RowFilter { outcome: Some(Outcome::Missed), ..filter.clone() };
    group.bench_function("a month's misses in one process", |b| {
        b.iter(|| black_box(control::rows(&folder, &folder.log_path(), &missed).unwrap()));
    });
    let days = [month.first().to_string(), month.last().to_string()];
    for form in [&["--json"][..], &[]] {
        group.bench_function(format!("loa log of a month {form:?}"), |b| {
            b.iter(|| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_loa"));
                command.args(["log", "--from", &days[0], "--to", &days[1], "--dir"]).arg(root.path());
                black_box(command.args(form).output().unwrap().stdout.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, month_of_a_million);
criterion_main!(benches);
