//! The player against a real sound server: what the monitor of its sink gave is the truth.

use std::time::Duration;

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

/// Airs 6 s, breaks the server two seconds in by `injure`, mends it by `mend`, and looks at what was heard:
/// nothing behind the resumption is lost, and it resumed no later than at what was heard last.
fn survives(fault: &str, most_back: usize, injure: impl FnOnce(&mut Server), mend: impl FnOnce(&mut Server)) {
    let mut server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 6 * 48_000, &[0]);
    let mut player = Remote::start(&server, "pulse:loud");
    let recorder = server.record();
    player.take(&master, 0, None);
    player.wait(&["Started"]);
    player.until_position(96_000);
    injure(&mut server);
    let lost = player.wait(&["Lost"]);
    assert_eq!(lost[1], fault);
    let before = recorder.stop();
    let resumed_from: usize = lost[2].parse().unwrap();
    // The player must not be back before the recorder is.
    player.freeze(true);
    mend(&mut server);
    let recorder = server.record();
    player.freeze(false);
    let started = player.wait(&["Started"]);
    assert_eq!(started[2], lost[2], "resumes where it was heard last");
    let ended = player.wait(&["Ended"]);
    player.send("close");
    player.wait(&["Closed"]);
    let after = recorder.stop();
    assert_eq!(ended[1], "Finished");
    assert_eq!(ended[2..6], ["288000", "288000", "288000", "0"], "decoded, delivered, consumed, underruns");
    let hole_ms: i64 = ended[6].parse().unwrap();
    assert!((200..20_000).contains(&hole_ms), "hole {hole_ms} ms");
    let meant = master::frames(&master);
    // Before: the recording ends somewhere; what it has is the programme, and reaches the resumption.
    let onset = before.onset(0).unwrap();
    let heard = before.frames[onset..].iter().zip(&meant).take_while(|(heard, meant)| heard == meant).count();
    assert!(heard >= 90_000, "only {heard} frames were heard before the fault");
    assert!(
        resumed_from <= heard && heard - resumed_from <= most_back,
        "{heard} heard, resumed from {resumed_from}"
    );
    // After: the tail is the programme's, whole from behind the fade.
    let tail = &meant[resumed_from + 480..];
    let begins = after.frames.windows(8).rposition(|frames| frames == &tail[..8]).expect("the resumption");
    assert!(after.frames[begins..].len() >= tail.len(), "the recording breaks off");
    assert!(after.frames[begins..begins + tail.len()] == *tail, "nothing lost behind the resumption");
}

/// Frames of two device buffers and a look of the player: how much may be heard twice.
const TWICE: usize = 4 * 4110 + 480;

#[test]
fn a_killed_server_costs_no_frame() {
    survives("Lost", TWICE, Server::kill, Server::up);
}

#[test]
fn a_sink_that_vanishes_costs_no_frame() {
    survives("Lost", TWICE, |server| server.sink(false), |server| server.sink(true));
}

#[test]
fn a_frozen_server_is_noticed_and_costs_no_frame() {
    survives("Stalled", TWICE, |server| server.freeze(true), |server| server.freeze(false));
}

#[test]
fn a_device_of_another_name_is_refused_and_never_replaced() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 48_000, &[0]);
    let recorder = server.record();
    let mut player = Remote::start(&server, "pulse:quiet");
    player.send("probe");
    assert_eq!(player.wait(&["Probed"])[1..], ["Some(Absent)"]);
    player.take(&master, 0, None);
    assert_eq!(player.wait(&["OpenFailed"])[1], "Absent");
    player.send("stop");
    assert_eq!(player.wait(&["Ended"])[1..6], ["Stopped", "0", "0", "0", "0"]);
    assert_eq!(recorder.stop().onset(0), None);
}

#[test]
fn a_dummy_sink_is_refused() {
    let server = Server::start();
    assert!(server.pactl(&["load-module", "module-null-sink", "sink_name=auto_null"]));
    let mut player = Remote::start(&server, "pulse:auto_null");
    player.send("probe");
    assert_eq!(player.wait(&["Probed"])[1..], ["Some(Dummy)"]);
}

#[test]
fn a_probe_is_silent_a_tone_is_heard_and_alsa_reaches_the_server() {
    let server = Server::start();
    let mut player = Remote::start(&server, "default");
    let recorder = server.record();
    player.send("probe");
    assert_eq!(player.wait(&["Probed"])[1..], ["None"]);
    assert_eq!(recorder.stop().onset(0), None);
    drop(player);
    for device in ["pulse:loud", "alsa:pulse"] {
        let mut player = Remote::start(&server, device);
        let recorder = server.record();
        player.send("tone");
        assert_eq!(player.wait(&["Probed"])[1..], ["None"], "{device}");
        player.wait(&["Closed"]);
        let recording = recorder.stop();
        let heard = recording.frames.iter().filter(|frame| frame[0] != 0.0).count();
        // 1 kHz crosses zero twice in 48 frames.
        assert!((45_000..=48_000).contains(&heard), "{device}: {heard} frames of tone");
    }
}

#[test]
fn a_device_that_swallows_everything_is_no_loudspeaker() {
    let server = Server::start();
    server.asound("pcm.fast { type null hint { show on description \"fast\" } }");
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 3 * 48_000, &[0]);
    let mut player = Remote::start(&server, "alsa:fast");
    player.take(&master, 0, None);
    assert_eq!(player.wait(&["Lost"])[1], "Unpaced");
    let ended = player.wait(&["Ended"]);
    assert_eq!(ended[1], "Failed(Unpaced)");
    assert!(ended[7].parse::<u8>().unwrap() <= 2, "proof");
}

/// From the word to the last sound that is heard, at eight moments of a device's period.
#[test]
fn a_stop_is_silence_within_a_fifth_of_a_second() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 60 * 48_000, &[0]);
    let mut player = Remote::start(&server, "pulse:loud");
    player.send("open");
    let mut told = Vec::new();
    for moment in 0..8 {
        let recorder = server.record();
        player.take(&master, 0, None);
        player.wait(&["Started"]);
        std::thread::sleep(Duration::from_millis(300 + moment * 11));
        let asked = Utc::now();
        player.send("stop");
        assert_eq!(player.wait(&["Ended"])[1], "Stopped");
        let recording = recorder.stop();
        let last = recording.frames.iter().rposition(|frame| *frame != [0.0; 2]).unwrap();
        told.push((recording.time_of(last) - asked).num_milliseconds());
    }
    player.send("close");
    player.wait(&["Closed"]);
    println!("from the word to the last sound, ms: {told:?}");
    assert!(told.iter().all(|ms| *ms < 200), "{told:?}");
}
