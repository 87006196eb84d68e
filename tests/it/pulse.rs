//! The player against a real sound server: what the monitor of its sink gave is the truth.

use chrono::{DateTime, TimeDelta, Utc};
use loa::config::Channels;

use crate::support::{
    master,
    player::Remote,
    pulse::{Recording, Server},
};

/// The place in the recording from which on it equals `meant`, exactly.
fn place_of(recording: &Recording, meant: &[[f32; 2]]) -> usize {
    let onset = recording.onset(0).expect("something was heard");
    assert!(recording.frames.len() >= onset + meant.len(), "the recording breaks off");
    let differs = recording.frames[onset..].iter().zip(meant).position(|(heard, meant)| heard != meant);
    assert_eq!(differs, None, "first differing frame of the programme");
    onset
}

/// Microseconds from `planned` to the sounding of the recording's frame `place`.
fn start_error_us(recording: &Recording, place: usize, planned: DateTime<Utc>) -> i64 {
    (recording.time_of(place) - planned).num_microseconds().unwrap()
}

#[test]
fn a_programme_airs_at_its_second_frame_for_frame() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 3 * 48_000 + 77, &[0, 50_001, 100_003]);
    let recorder = server.record();
    let mut player = Remote::start(&server, "pulse:loud");
    let planned = Utc::now() + TimeDelta::milliseconds(2_500);
    player.send("open");
    player.take(&master, 0, Some(planned));
    let started = player.wait(&["Started"]);
    let told = DateTime::from_timestamp_nanos(started[1].parse().unwrap());
    let ended = player.wait(&["Ended"]);
    player.send("close");
    player.wait(&["Closed"]);
    let recording = recorder.stop();
    let meant = master::frames(&master);
    let place = place_of(&recording, &meant);
    assert_eq!(recording.onset(place + meant.len()), None, "silence behind the last frame");
    assert_eq!(ended[1], "Finished");
    assert_eq!(ended[2..6], ["144077", "144077", "144077", "0"], "decoded, delivered, consumed, underruns");
    let error_us = start_error_us(&recording, place, planned);
    let told_us = (told - planned).num_microseconds().unwrap();
    println!("start error at the monitor {error_us} us, told {told_us} us");
    assert!(error_us.abs() < 5_000, "start error {error_us} us");
    assert!((told_us - error_us).abs() < 5_000, "told {told_us} us, measured {error_us} us");
}
