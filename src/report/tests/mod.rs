//! Reports of drawn and of told years, beside what was written into them.

mod drawn;
mod golden;
mod logged;
mod naive;
mod random;
mod told;
mod workbook;

use crate::{
    control::{NoteRow, Row},
    evidence::{Outcome, Reason, Trigger},
    units::SlotId,
};

/// A slot of the year: day by day one of `Reason`s, or full.
pub fn row(n: u64, month: u32, day: u32, reason: Option<Reason>) -> Row {
    let local = format!("2022-{month:02}-{day:02}T05:30:00");
    let at = format!("{local}+07:00");
    let full = reason.is_none();
    Row {
        slot: Some(format!("2022-{month:02}/cchc/{local}").parse::<SlotId>().unwrap()),
        airing: Some(n),
        station: "duc-pho".into(),
        unit: "duc-pho".into(),
        month: format!("2022-{month:02}"),
        programme: "cchc".into(),
        title: Some(format!("Chuyên mục “Cải cách hành chính” tháng {month} <một cửa & trực tuyến>")),
        column: None,
        source: None,
        topics: vec!["II.1".into()],
        editor: None,
        announcer: None,
        approved_by: None,
        document: None,
        approved_at: None,
        schedule: None,
        master: None,
        trigger: Some(Trigger::Schedule),
        by: String::new(),
        planned: at.clone(),
        first_frame: full.then(|| at.clone()),
        last_frame: full.then(|| at.replace("05:30", "05:42")),
        start_error_ms: full.then_some(12.4),
        latency_ms: None,
        duration_ms: full.then_some(720_000),
        frames_expected: None,
        frames_decoded: None,
        frames_delivered: None,
        frames_consumed: full.then_some(720_000 * 48),
        frames_muted: None,
        underruns: None,
        hole_ms: None,
        loudness_lufs: None,
        true_peak_dbtp: None,
        devices: Vec::new(),
        starts: u32::from(full),
        segments: Vec::new(),
        clock_synchronised: true,
        clock_last_step_ms: None,
        boot: String::new(),
        software: None,
        outcome: Some(if full { Outcome::Full } else { Outcome::Missed }),
        reason,
        detail: if full { String::new() } else { "không khởi động được máy".into() },
        proof: if full { 3 } else { 0 },
        repairs: None,
        vouches: None,
        statement: None,
        signed_with: None,
        notes: if full { Vec::new() } else { vec![note(n)] },
        entries: vec![n, n + 1],
        hash: None,
    }
}

fn note(n: u64) -> NoteRow {
    let text = format!("Mất điện\u{1} lưới toàn xã, dòng {n}");
    NoteRow { entry: n + 1, corrects: None, act: "explain".into(), by: "Nguyễn Văn Trực".into(), text }
}

/// Compares with a file of `tests/golden`, or writes it where `LOA_GOLDEN` is set.
pub fn golden(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("LOA_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{name}");
}
