//! A schedule file: never a panic, findings with a place; what can be written reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (schedule, findings) = loa::programme::read("2022-03.toml", bytes);
    assert!(schedule.is_some() || !findings.is_empty(), "what cannot be read is explained");
    if let Some(schedule) = schedule {
        let written = loa::programme::write(&schedule);
        let (again, _) = loa::programme::read("2022-03.toml", written.as_bytes());
        assert_eq!(again.as_ref(), Some(&schedule), "{written}");
        assert_eq!(loa::programme::write(&schedule), written);
        let zone = "Asia/Ho_Chi_Minh".parse().expect("a zone");
        let _ = loa::programme::expand("2022-03.toml", &schedule, zone, "duc-pho");
    }
});
