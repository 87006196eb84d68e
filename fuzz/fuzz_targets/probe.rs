//! An audio file: whatever it is, it is measured or refused by name, in bounded time and memory.
#![no_main]

use std::{io::Write as _, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use loa::media::{Limits, measure};

/// One file in memory for all runs of this process.
static PATH: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(format!("/dev/shm/loa-fuzz-{}", std::process::id())));

// A panic of a decoder that is caught and becomes a refusal is no finding; one that escapes still ends the run.
fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    let mut file = std::fs::File::create(&*PATH).expect("a file in memory");
    file.write_all(bytes).expect("room in memory");
    // No file of this size can honestly hold a minute more.
    let limits = Limits { most_s: 60, ..Limits::default() };
    if let Ok(measure) = measure("fuzz", &PATH, &limits) {
        assert!(measure.frames > 0, "what holds nothing is refused");
    }
});
