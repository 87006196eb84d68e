//! What can become of a device on a real sound server, as the player sees it: lost and back, coming and going,
//! replaced by the second one; and what only the server can say of a stream that is consumed: muted, at zero,
//! moved elsewhere. Every figure is printed.

use std::time::{Duration, Instant};

use loa::config::Channels;

use crate::support::{master, player::Remote, pulse::Server};

const SECOND: u64 = 48_000;

/// A fault is seen, and a device that is back sounds again, within this time.
const MOST: Duration = Duration::from_secs(2);

/// A player that airs eight seconds on `loud` and is past its first second.
fn on_air(server: &Server, folder: &std::path::Path) -> Remote {
    on_air_through(server, "pulse:loud", folder)
}

/// The same by another way to that sink.
fn on_air_through(server: &Server, device: &str, folder: &std::path::Path) -> Remote {
    let master = master::write(folder, Channels::Mono, 8 * SECOND, &[0]);
    let mut player = Remote::start(server, device);
    player.take(&master, 0, None);
    player.until_position(SECOND);
    player
}

/// Silences the stream by `silence` and lets it sound again by `restore`; the words of its end.
fn silenced(what: &str, silence: &[&str], restore: &[&str]) {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let mut player = on_air(&server, folder.path());
    let begun = Instant::now();
    assert!(server.pactl(silence), "{silence:?}");
    let muted = player.wait(&["Muted"]);
    let seen = begun.elapsed();
    println!("{what}: seen after {} ms", seen.as_millis());
    assert!(seen < MOST, "{what}: {seen:?}");
    assert!(muted[2..].join(" ").contains("loud"), "{muted:?}");
    player.until_position(muted[1].parse::<u64>().unwrap() + SECOND);
    assert!(server.pactl(restore), "{restore:?}");
    let audible = player.wait(&["Audible"]);
    let span = audible[1].parse::<u64>().unwrap() - muted[1].parse::<u64>().unwrap();
    player.send("stop");
    let ended = player.wait(&["Ended"]);
    let counted: u64 = ended[8].parse().unwrap();
    assert!((span..span + SECOND).contains(&counted), "{what}: {counted} frames muted, {span} told");
    let hole_ms: u64 = ended[6].parse().unwrap();
    assert!(hole_ms.abs_diff(counted / 48) < 500, "{what}: hole {hole_ms} ms, {counted} frames muted");
}

#[test]
fn a_muted_sink_is_seen_and_counted() {
    silenced("muted sink", &["set-sink-mute", "loud", "1"], &["set-sink-mute", "loud", "0"]);
}

#[test]
fn a_sink_at_zero_is_seen_and_counted() {
    silenced("sink at zero", &["set-sink-volume", "loud", "0"], &["set-sink-volume", "loud", "100%"]);
}

#[test]
fn our_own_stream_muted_or_at_zero_is_seen_and_counted() {
    silenced("stream muted", &["set-sink-input-mute", "0", "1"], &["set-sink-input-mute", "0", "0"]);
    silenced("stream at zero", &["set-sink-input-volume", "0", "0"], &["set-sink-input-volume", "0", "100%"]);
}

#[test]
fn a_probe_says_that_nobody_would_hear() {
    let server = Server::start();
    assert!(server.pactl(&["set-sink-mute", "loud", "1"]));
    let mut player = Remote::start(&server, "default");
    player.send("probe");
    assert_eq!(player.wait(&["Probed"])[1..], ["Some(Muted)"]);
}

#[test]
fn another_programs_sound_on_the_sink_does_not_matter() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let mut player = on_air(&server, folder.path());
    let others = tempfile::tempdir().unwrap();
    let other = master::write(others.path(), Channels::Stereo, 4 * SECOND, &[0]);
    let mut paplay = std::process::Command::new("paplay");
    server.environment(&mut paplay).args(["-d", "loud", "--raw", "--rate=48000", "--channels=2"]);
    let mut paplay = paplay.arg(&other.path).spawn().unwrap();
    player.until_position(3 * SECOND);
    // The other's stream muted is no affair of ours.
    assert!(server.pactl(&["set-sink-input-mute", "1", "1"]));
    player.until_position(4 * SECOND);
    player.send("stop");
    let ended = player.wait_without(&["Ended"], &["Muted", "Lost"]);
    assert_eq!((ended[1].as_str(), ended[8].as_str()), ("Stopped", "0"));
    paplay.kill().unwrap();
    paplay.wait().unwrap();
}

#[test]
fn a_stream_that_the_server_moves_is_lost_and_comes_back_to_its_own_sink() {
    let server = Server::start();
    server.another_sink("hdmi");
    let folder = tempfile::tempdir().unwrap();
    let player = on_air(&server, folder.path());
    let begun = Instant::now();
    assert!(server.pactl(&["move-sink-input", "0", "hdmi"]));
    let lost = player.wait(&["Lost"]);
    let (seen, begun) = (begun.elapsed(), Instant::now());
    assert_eq!(lost[1], "Moved");
    let started = player.wait(&["Started"]);
    println!("moved: seen after {} ms, back after {} ms", seen.as_millis(), begun.elapsed().as_millis());
    assert!(seen < MOST && begun.elapsed() < MOST);
    assert_eq!(started[2], lost[2], "goes on where it was heard last");
    assert_eq!(player.wait(&["Ended"])[1..5], ["Finished", "384000", "384000", "384000"]);
}

#[test]
fn a_stream_rescued_to_another_sink_waits_for_its_own() {
    let server = Server::start();
    assert!(server.pactl(&["load-module", "module-rescue-streams"]));
    assert!(server.pactl(&["load-module", "module-always-sink"]));
    let folder = tempfile::tempdir().unwrap();
    let player = on_air(&server, folder.path());
    let begun = Instant::now();
    server.sink(false);
    let lost = player.wait(&["Lost"]);
    let seen = begun.elapsed();
    assert_eq!(lost[1], "Moved");
    assert_eq!(player.wait(&["OpenFailed"])[1], "Absent");
    let begun = Instant::now();
    server.sink(true);
    let started = player.wait(&["Started"]);
    println!("rescued: seen after {} ms, back after {} ms", seen.as_millis(), begun.elapsed().as_millis());
    assert!(seen < MOST && begun.elapsed() < MOST);
    assert_eq!(started[2], lost[2], "goes on where it was heard last");
    assert_eq!(player.wait(&["Ended"])[1], "Finished");
}

/// Breaks the line to `device` by `injure` and mends it by `mend`: seen within 2 s, sound again within 2 s, and
/// no processor burnt meanwhile.
fn mended(device: &str, faults: &[&str], injure: impl FnOnce(&mut Server), mend: impl FnOnce(&mut Server)) {
    let mut server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let mut player = on_air_through(&server, device, folder.path());
    let begun = Instant::now();
    let spent = player.processor_ms();
    injure(&mut server);
    let lost = player.wait(&["Lost"]);
    let seen = begun.elapsed();
    assert!(faults.contains(&lost[1].as_str()), "{lost:?}");
    // It tries to open in vain before it is mended.
    player.wait(&["OpenFailed"]);
    let percent = (player.processor_ms() - spent) * 100 / u64::try_from(begun.elapsed().as_millis()).unwrap();
    mend(&mut server);
    let begun = Instant::now();
    let started = player.wait_without(&["Started"], &["Lost"]);
    let back = begun.elapsed();
    let (seen_ms, back_ms) = (seen.as_millis(), back.as_millis());
    println!("{device} {}: seen after {seen_ms} ms, sound again after {back_ms} ms, {percent} %", lost[1]);
    assert!(seen < MOST && back < MOST, "{seen:?} {back:?}");
    assert!(percent < 30, "{percent} % of a core");
    assert_eq!(started[2], lost[2], "goes on where it was heard last");
    player.send("stop");
    player.wait(&["Ended"]);
}

#[test]
fn a_killed_server_is_mended_in_time() {
    mended("pulse:loud", &["Lost"], Server::kill, Server::up);
}

#[test]
fn a_killed_server_behind_alsa_is_mended_in_time() {
    mended("alsa:pulse", &["Lost", "Stalled"], Server::kill, Server::up);
}

#[test]
fn a_sink_that_vanished_is_mended_in_time() {
    mended("pulse:loud", &["Lost"], |server| server.sink(false), |server| server.sink(true));
}

#[test]
fn a_sink_that_vanished_behind_alsa_is_mended_in_time() {
    let faults = ["Lost", "Stalled"];
    mended("alsa:pulse", &faults, |server| server.sink(false), |server| server.sink(true));
}

#[test]
fn a_frozen_server_is_mended_in_time() {
    mended("pulse:loud", &["Stalled"], |server| server.freeze(true), |server| server.freeze(false));
}

#[test]
fn a_frozen_server_behind_alsa_is_mended_in_time() {
    mended("alsa:pulse", &["Stalled"], |server| server.freeze(true), |server| server.freeze(false));
}

#[test]
fn a_suspended_sink_is_mended_in_time() {
    mended(
        "pulse:loud",
        &["Stalled"],
        |server| assert!(server.pactl(&["suspend-sink", "loud", "1"])),
        |server| assert!(server.pactl(&["suspend-sink", "loud", "0"])),
    );
}

#[test]
fn a_device_that_is_absent_at_its_second_is_taken_when_it_comes() {
    let server = Server::start();
    server.sink(false);
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, SECOND, &[0]);
    let mut player = Remote::start(&server, "pulse:loud");
    player.take(&master, 0, None);
    assert_eq!(player.wait(&["OpenFailed"])[1], "Absent");
    server.sink(true);
    let begun = Instant::now();
    let started = player.wait_without(&["Started"], &["OpenFailed"]);
    println!("absent at its second: sound after {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() < MOST);
    assert_eq!(started[2], "0");
    assert_eq!(player.wait(&["Ended"])[1..5], ["Finished", "48000", "48000", "48000"]);
}

#[test]
fn a_default_that_is_only_a_dummy_is_refused() {
    let server = Server::start();
    server.sink(false);
    assert!(server.pactl(&["load-module", "module-always-sink"]));
    let mut player = Remote::start(&server, "default");
    player.send("probe");
    assert_eq!(player.wait(&["Probed"])[1..], ["Some(Dummy)"]);
}

#[test]
fn another_default_device_changes_nothing() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let mut player = on_air(&server, folder.path());
    server.another_sink("hdmi");
    assert!(server.pactl(&["set-default-sink", "hdmi"]));
    player.until_position(3 * SECOND);
    player.send("stop");
    let ended = player.wait_without(&["Ended"], &["Lost"]);
    assert_eq!(ended[1], "Stopped");
}

#[test]
fn the_second_output_stands_in_until_the_airing_is_over() {
    let server = Server::start();
    server.another_sink("spare");
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 3 * SECOND, &[0]);
    let mut player = Remote::start_with_second(&server, "pulse:loud", "pulse:spare");
    player.take(&master, 0, None);
    assert_eq!(player.wait(&["Opened"])[1..], ["pulse:loud", "false"]);
    player.until_position(SECOND);
    server.sink(false);
    let lost = player.wait(&["Lost"]);
    let begun = Instant::now();
    assert_eq!(player.wait(&["OpenFailed"])[1..], ["Absent", "pulse:loud"]);
    assert_eq!(player.wait(&["Opened"])[1..], ["pulse:spare", "true"]);
    let started = player.wait(&["Started"]);
    println!("second output: sound after {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() >= Duration::from_secs(3), "not at once: {:?}", begun.elapsed());
    assert_eq!(started[2], lost[2], "goes on where it was heard last");
    // The first is back, but nothing changes in the middle.
    server.sink(true);
    let ended = player.wait_without(&["Ended"], &["Lost", "Opened"]);
    assert_eq!(ended[1..5], ["Finished", "144000", "144000", "144000"]);
    player.send("close");
    player.wait(&["Closed"]);
    player.take(&master, 0, None);
    assert_eq!(player.wait(&["Opened"])[1..], ["pulse:loud", "false"]);
}

#[test]
fn a_device_that_comes_and_goes_is_not_well_before_it_stays() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let master = master::write(folder.path(), Channels::Mono, 12 * SECOND, &[0]);
    let mut player = Remote::start(&server, "pulse:loud");
    player.take(&master, 0, None);
    let mut from = 0;
    for _ in 0..4 {
        player.until_position(from + SECOND);
        server.sink(false);
        let lost = player.wait_without(&["Lost"], &["Steady"]);
        from = lost[2].parse().unwrap();
        server.sink(true);
        let started = player.wait_without(&["Started"], &["Steady"]);
        assert_eq!(started[2], lost[2], "what could be played was played, and nothing twice or never");
    }
    player.wait_without(&["Steady"], &["Lost"]);
    assert_eq!(player.wait(&["Ended"])[1..5], ["Finished", "576000", "576000", "576000"]);
}

/// Each of them costs two threads until the server goes, by the sound server's library.
#[test]
fn a_sink_that_vanishes_again_and_again_ends_the_process_before_it_has_no_threads_left() {
    let server = Server::start();
    let mut player = Remote::start(&server, "pulse:loud");
    player.send("open");
    let mut lost = 0;
    loop {
        player.wait(&["Opened"]);
        server.sink(false);
        lost += 1;
        if player.wait(&["Lost", "Crashed"])[0] == "Crashed" {
            break;
        }
        server.sink(true);
        assert!(lost < 20, "it never ends");
    }
    assert!(lost > 8, "not for a few: {lost}");
}
