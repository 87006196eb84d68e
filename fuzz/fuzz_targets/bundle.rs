//! An evidence bundle: a ZIP file from a stranger. Whatever it is, it is judged in bounded time and memory.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use loa::control::{Against, audit_bundle};

/// One file in memory for all runs of this process.
static PATH: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(format!("/dev/shm/loa-fuzz-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*PATH, bytes).expect("a file in memory");
    if let Ok(report) = audit_bundle(&PATH, &Against::default()) {
        assert!(report.log.size <= report.of || !report.log.holds(), "no more is held than was signed");
    }
});
