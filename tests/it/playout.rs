//! The player stepped by hand on a manual clock, into a file: every frame and every instant is exact.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use loa::{
    clock::{Clock, Manual},
    config::{Channels, Output},
    media::Master,
    playout::{Choice, Command, EndCause, Event, Fault, Player, Start, Take, Tally},
    units::{Frames, Level},
};

use crate::support::{master, player};

const RATE: usize = 48_000;

/// A stereo output.
fn settings() -> Output {
    Output { channels: Channels::Stereo, ..player::settings() }
}

/// A player, its clock, and a master of 3 s and 77 frames in three segments.
struct Desk {
    clock: Arc<Manual>,
    player: Player,
    commands: Sender<Command>,
    inbox: Receiver<Event>,
    events: Vec<Event>,
    master: Arc<Master>,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk::on(|folder| Choice::Wav(folder.join("out.wav")), settings())
    }

    fn on(choice: impl FnOnce(PathBuf) -> Choice, settings: Output) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Manual::at("2022-03-05T10:00:00Z".parse().unwrap()));
        let (commands, from) = channel();
        let (to, inbox) = channel();
        let choice = choice(folder.path().to_owned());
        let player = Player::new(choice, settings, Arc::clone(&clock) as Arc<dyn Clock>, from, to);
        let master = master::write(folder.path(), Channels::Stereo, 144_077, &[0, 50_001, 100_003]);
        Desk { clock, player, commands, inbox, events: Vec::new(), master, folder }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now().wall
    }

    /// A take that begins `ms` from now.
    fn take_in(&self, ms: i64) -> Take {
        Take {
            airing: 7,
            master: Arc::clone(&self.master),
            from: Frames::ZERO,
            asked: self.clock.now(),
            start: Start::At(self.now() + TimeDelta::milliseconds(ms)),
            begin_within: TimeDelta::seconds(5),
            give_up_after: TimeDelta::seconds(5),
            end_by: self.now() + TimeDelta::hours(1),
        }
    }

    fn send(&mut self, command: Command) {
        self.commands.send(command).unwrap();
        self.player.step();
    }

    /// Lets time pass in steps of 100 ms.
    fn pass(&mut self, ms: i64) {
        for _ in 0..ms / 100 {
            self.clock.advance(TimeDelta::milliseconds(100));
            self.player.step();
        }
        self.events.extend(self.inbox.try_iter());
    }

    fn air(&mut self, take: Take, ms: i64) {
        self.send(Command::Take(Box::new(take)));
        self.pass(ms);
    }

    fn tally(&self) -> Tally {
        let ended = self.events.iter().find_map(|event| match event {
            Event::Ended { tally, .. } => Some(tally.clone()),
            _ => None,
        });
        ended.unwrap_or_else(|| panic!("no end in {:#?}", self.events))
    }

    /// Wall time and frame of the first frame that sounded.
    fn started(&self) -> (DateTime<Utc>, u64) {
        let started = self.events.iter().find_map(|event| match event {
            Event::Started { first, from, .. } => Some((*first, from.0)),
            _ => None,
        });
        started.unwrap_or_else(|| panic!("no start in {:#?}", self.events))
    }

    /// Closes the file and reads it; the header has to be true.
    fn file(&mut self) -> Vec<[f32; 2]> {
        self.send(Command::Close);
        self.pass(1000);
        assert!(is_closed(self.events.last()));
        let bytes = fs::read(self.folder.path().join("out.wav")).unwrap();
        let data = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], &bytes[8..16], data), (&b"RIFF"[..], &b"WAVEfmt "[..], bytes.len() - 44));
        let sample = |b: &[u8]| f32::from(i16::from_le_bytes(b.try_into().unwrap())) / 32_768.0;
        bytes[44..].chunks_exact(4).map(|b| [sample(&b[..2]), sample(&b[2..])]).collect()
    }
}

fn is_closed(event: Option<&Event>) -> bool {
    matches!(event, Some(Event::Closed { .. }))
}

fn is_silent(frames: &[[f32; 2]]) -> bool {
    frames.iter().all(|frame| *frame == [0.0; 2])
}

#[test]
fn head_seams_and_tail_are_exact() {
    let mut desk = Desk::new();
    desk.send(Command::Open);
    let planned = desk.now() + TimeDelta::milliseconds(1_500);
    let take = desk.take_in(1_500);
    desk.air(take, 6_000);
    assert_eq!(desk.started(), (planned, 0));
    let length = TimeDelta::nanoseconds(144_077 * 1_000_000_000 / 48_000);
    let tally = desk.tally();
    let exact = Frames(144_077);
    assert_eq!(tally.cause, EndCause::Finished);
    assert_eq!((tally.decoded, tally.delivered, tally.consumed), (exact, exact, exact));
    assert_eq!((tally.underruns, tally.hole, tally.proof), (Frames::ZERO, TimeDelta::zero(), 1));
    let last_error = (tally.last.unwrap() - (planned + length)).abs();
    assert!(last_error < TimeDelta::microseconds(21), "last frame {last_error} off");
    let segments: Vec<_> = desk
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Segment { n, frames, .. } => Some((*n, frames.0)),
            _ => None,
        })
        .collect();
    assert_eq!(segments, [(0, 50_001), (1, 50_002), (2, 44_074)]);
    let meant = master::frames(&desk.master);
    let file = desk.file();
    let head = RATE + RATE / 2;
    assert!(is_silent(&file[..head]));
    assert!(file[head..head + meant.len()] == meant[..], "frame for frame");
    assert!(is_silent(&file[head + meant.len()..]));
}

#[test]
fn a_stop_fades_at_once_and_is_counted_to_the_frame() {
    let mut desk = Desk::new();
    let take = desk.take_in(0);
    desk.air(take, 1_000);
    desk.send(Command::Stop);
    desk.pass(500);
    let tally = desk.tally();
    assert_eq!(tally.cause, EndCause::Stopped);
    let meant = master::frames(&desk.master);
    let file = desk.file();
    let end = file.iter().rposition(|frame| *frame != [0.0; 2]).unwrap() + 1;
    assert!((RATE..=RATE + RATE / 20).contains(&end), "faded within 50 ms: {end}");
    assert!(file[..RATE] == meant[..RATE], "untouched before the stop");
    // The last frames of a fade may round to nothing.
    assert!((end as u64..end as u64 + 48).contains(&tally.delivered.0), "{end} {tally:?}");
    assert_eq!(tally.delivered, tally.consumed);
}

#[test]
fn sound_ends_before_the_window_does() {
    let mut desk = Desk::new();
    desk.send(Command::Open);
    let take = Take { end_by: desk.now() + TimeDelta::milliseconds(2_250), ..desk.take_in(1_000) };
    // The wall clock is set while it sounds: the length stays.
    desk.air(take, 1_500);
    desk.clock.step(TimeDelta::minutes(3));
    desk.pass(2_000);
    assert_eq!(desk.tally().cause, EndCause::WindowEnd);
    let file = desk.file();
    let end = file.iter().rposition(|frame| *frame != [0.0; 2]).unwrap() + 1;
    let window = RATE * 9 / 4;
    assert!(end <= window && end > window - RATE / 100, "{end} of {window}");
}

#[test]
fn a_late_start_begins_at_once_and_says_so() {
    let mut desk = Desk::new();
    desk.pass(300);
    let take = desk.take_in(-2_000);
    let now = desk.now();
    desk.air(take, 4_000);
    let (first, from) = desk.started();
    assert_eq!((first, from), (now, 0));
    assert_eq!(desk.tally().cause, EndCause::Finished);
    assert!(desk.file()[..144_077] == master::frames(&desk.master)[..]);
}

#[test]
fn a_step_of_the_wall_clock_moves_a_start_that_waits() {
    let mut desk = Desk::new();
    desk.send(Command::Open);
    let planned = desk.now() + TimeDelta::seconds(20);
    let take = desk.take_in(20_000);
    desk.air(take, 1_000);
    desk.clock.step(TimeDelta::seconds(17));
    desk.pass(6_000);
    assert_eq!(desk.started(), (planned, 0));
    assert!(is_silent(&desk.file()[..3 * RATE]), "1 s before the step and 2 s behind it");
}

#[test]
fn a_changed_second_is_never_heard() {
    let mut desk = Desk::new();
    let mut bytes = fs::read(&desk.master.path).unwrap();
    bytes[44 + (2 * RATE + 9) * 4] ^= 1;
    fs::write(&desk.master.path, bytes).unwrap();
    let take = desk.take_in(0);
    desk.air(take, 4_000);
    let tally = desk.tally();
    assert_eq!(tally.cause, EndCause::Failed(Fault::FileChanged));
    let verified = Frames(2 * RATE as u64);
    assert_eq!((tally.decoded, tally.delivered, tally.consumed), (verified, verified, verified));
    let meant = master::frames(&desk.master);
    let file = desk.file();
    assert!(file[..2 * RATE - 960] == meant[..2 * RATE - 960]);
    assert!(is_silent(&file[2 * RATE..]));
}

#[test]
fn a_missing_master_fails_before_its_start() {
    let mut desk = Desk::new();
    fs::remove_file(&desk.master.path).unwrap();
    let take = desk.take_in(10_000);
    desk.air(take, 500);
    let tally = desk.tally();
    assert_eq!((tally.cause, tally.proof), (EndCause::Failed(Fault::FileChanged), 0));
    assert_eq!((tally.delivered, tally.last), (Frames::ZERO, None));
    // Nothing of it stands in the way of the next.
    desk.events.clear();
    desk.master = master::write(desk.folder.path(), Channels::Stereo, 48_000, &[0]);
    let take = desk.take_in(500);
    desk.air(take, 3_000);
    assert_eq!((desk.tally().cause, desk.tally().delivered), (EndCause::Finished, Frames(48_000)));
}

#[test]
fn a_take_from_the_middle_rises_and_is_exact_behind_that() {
    let mut desk = Desk::new();
    let take = Take { from: Frames(60_000), ..desk.take_in(0) };
    desk.air(take, 3_000);
    assert_eq!(desk.started().1, 60_000);
    let tally = desk.tally();
    assert_eq!((tally.cause, tally.consumed), (EndCause::Finished, Frames(84_077)));
    let own: Vec<_> = desk.events.iter().filter(|event| matches!(event, Event::Segment { .. })).collect();
    let second = Event::Segment { airing: 7, n: 1, frames: Frames(40_003) };
    assert_eq!((own.len(), own[0]), (2, &second), "the first segment is not its own");
    let meant = master::frames(&desk.master);
    let file = desk.file();
    assert!(file[0][0].abs() < meant[60_000][0].abs(), "rises");
    assert!(file[480..84_077] == meant[60_480..], "exact");
}

#[test]
fn a_new_take_ends_the_old_one_first() {
    let mut desk = Desk::new();
    let take = desk.take_in(0);
    desk.air(take, 1_000);
    let take = Take { airing: 8, ..desk.take_in(500) };
    desk.air(take, 5_000);
    let ended: Vec<_> = desk
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Ended { airing, tally } => Some((*airing, tally.cause)),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [(7, EndCause::Stopped), (8, EndCause::Finished)]);
    let meant = master::frames(&desk.master);
    let file = desk.file();
    let second = RATE + RATE / 2;
    assert!(file[second..second + meant.len()] == meant[..], "the second is whole");
}

#[test]
fn volume_lowers_every_frame() {
    let mut desk = Desk::on(
        |folder| Choice::Wav(folder.join("out.wav")),
        Output { volume_db: Level(-2_000), ..settings() },
    );
    let take = desk.take_in(0);
    desk.air(take, 4_000);
    let meant = master::frames(&desk.master);
    let file = desk.file();
    let worst =
        file.iter().zip(&meant).map(|(file, meant)| (file[0] - meant[0] * 0.1).abs()).fold(0.0, f32::max);
    assert!(worst <= 1.0 / 32_768.0, "{worst}");
}

#[test]
fn an_output_that_never_opens_is_given_up() {
    let mut desk = Desk::on(|folder| Choice::Wav(folder.join("no/out.wav")), settings());
    let take = desk.take_in(1_000);
    desk.air(take, 5_900);
    assert!(matches!(desk.events[..], [Event::OpenFailed { fault: Fault::Absent, .. }]), "{:?}", desk.events);
    desk.pass(200);
    assert_eq!(desk.tally().cause, EndCause::Failed(Fault::Absent));
}

#[test]
fn a_take_over_which_the_machine_sleeps_before_anybody_reads_it_does_not_sound() {
    let mut desk = Desk::new();
    desk.send(Command::Open);
    desk.pass(500);
    let take = desk.take_in(3_500);
    desk.clock.sleep(TimeDelta::minutes(30));
    desk.air(take, 5_000);
    let tally = desk.tally();
    assert_eq!((tally.cause, tally.consumed), (EndCause::Failed(Fault::Stalled), Frames::ZERO));
}

#[test]
fn probe_and_tone_answer_and_close() {
    let mut desk = Desk::new();
    desk.send(Command::Probe);
    desk.pass(2_000);
    let probed = |event: &Event| matches!(event, Event::Probed { fault: None, .. });
    assert!(desk.events.iter().any(probed), "{:?}", desk.events);
    assert!(is_closed(desk.events.last()));
    desk.events.clear();
    desk.send(Command::Tone);
    desk.pass(2_000);
    assert!(desk.events.iter().any(probed), "{:?}", desk.events);
    let file = desk.file();
    let peak = file.iter().map(|frame| frame[0]).fold(0.0, f32::max);
    assert!((peak - 0.1).abs() < 1e-3, "-20 dBFS, {peak}");
    let rising = file[..RATE].windows(2).filter(|pair| pair[0][0] < 0.0 && pair[1][0] >= 0.0).count();
    assert!((998..=1001).contains(&rising), "1 kHz, {rising}");
}

#[test]
fn a_rehearsal_in_great_steps_counts_every_frame() {
    let mut desk = Desk::on(|_| Choice::Rehearsal, settings());
    desk.send(Command::Open);
    let planned = desk.now() + TimeDelta::seconds(61);
    let take = desk.take_in(61_000);
    desk.send(Command::Take(Box::new(take)));
    desk.clock.advance(TimeDelta::seconds(60));
    desk.player.step();
    desk.clock.advance(TimeDelta::seconds(60));
    desk.player.step();
    desk.pass(100);
    assert_eq!(desk.started(), (planned, 0));
    let tally = desk.tally();
    assert_eq!(
        (tally.cause, tally.consumed, tally.underruns),
        (EndCause::Finished, Frames(144_077), Frames(0))
    );
}

#[test]
fn quitting_ends_what_is_on_air_and_closes() {
    let mut desk = Desk::new();
    let take = desk.take_in(0);
    desk.air(take, 1_000);
    desk.send(Command::Quit);
    assert!(!desk.player.finished());
    desk.pass(1_000);
    assert!(desk.player.finished());
    assert_eq!(desk.tally().cause, EndCause::Stopped);
    assert!(is_closed(desk.events.last()));
    assert_eq!(desk.player.step(), None);
}
