//! Masters: every frame of every segment in its place, at its level, the same bytes at every rendering.

use std::{fs, path::Path};

use ebur128::{EbuR128, Mode};
use loa::{
    config::Channels,
    media::{
        Library, Limits, Master, MasterReader, MasterSpec, MediaError, Progress, Rendered, Renderer, Why,
    },
    units::{Digest, Frames, Level},
};

use super::encoders::{Bench, lag, recording, wav};

const SPEC: MasterSpec =
    MasterSpec { channels: Channels::Mono, target_lufs: Level(-1600), ceiling_dbtp: Level(-100) };

fn render_as(bench: &Bench, spec: MasterSpec, files: &[&str]) -> Rendered {
    let (library, masters) = (Library::new(bench.folder()), bench.path("masters"));
    let renderer = Renderer { library: &library, masters: &masters, spec, limits: &Limits::default() };
    renderer.open_or_render(files, &mut |_| ()).unwrap()
}

fn samples(master: &Master) -> Vec<f32> {
    let mut reader = MasterReader::open(master.clone()).unwrap();
    let (mut second, mut all) = (Vec::new(), Vec::new());
    for i in 0..reader.chunks() {
        reader.read_chunk(i, &mut second).unwrap();
        all.extend(second.iter().map(|s| f32::from(*s) / 32_768.0));
    }
    reader.read_chunk(reader.chunks(), &mut second).unwrap();
    assert!(second.is_empty());
    all
}

#[test]
fn segments_follow_one_another_without_a_frame_lost_or_added() {
    let bench = Bench::new(48_000, 145_531);
    bench.write("b.wav", &wav(48_000, 1, &recording(48_000, 99_999, 5)));
    bench.write("c.wav", &wav(44_100, 1, &recording(44_100, 100_001, 7)));
    bench.run("lame --quiet -b 96 b.wav b.mp3");
    bench.run("oggenc --quiet -q 5 c.wav -o c.ogg");
    let rendered = render_as(&bench, SPEC, &["in.wav", "b.mp3", "c.ogg"]);
    let master = rendered.master.unwrap();
    // 100,001 × 48,000 ÷ 44,100 = 108,844.6
    let lengths = [145_531, 99_999, 108_845];
    let marks: Vec<(u64, u64)> = master.manifest.marks.iter().map(|m| (m.start.0, m.frames.0)).collect();
    assert_eq!(marks, [(0, lengths[0]), (lengths[0], lengths[1]), (lengths[0] + lengths[1], lengths[2])]);
    assert_eq!(master.manifest.frames, Frames(lengths.iter().sum()));
    let sound = samples(&master);
    assert_eq!(sound.len() as u64, master.manifest.frames.0);
    for (original, from) in [(bench.samples.clone(), 0), (recording(48_000, 99_999, 5), 145_531)] {
        let (shift, likeness) = lag(&original, &sound[from..from + original.len()], 1500);
        assert!(shift == 0 && likeness > 0.95, "{shift} {likeness}");
    }
    // The recording at 48 kHz is not the one at 44.1 kHz resampled (its noise differs), but its tones are.
    assert!(rendered.sources.iter().all(Result::is_ok));
}

#[test]
fn a_master_reaches_its_loudness_below_its_ceiling_and_says_so_truly() {
    let bench = Bench::new(48_000, 400_000);
    let quiet: Vec<f32> = recording(48_000, 300_000, 3).iter().map(|s| s * 0.1).collect();
    let hot: Vec<f32> = recording(44_100, 600_000, 4).iter().map(|s| (s * 8.0).clamp(-1.0, 1.0)).collect();
    bench.write("quiet.wav", &wav(48_000, 1, &quiet));
    bench.write("hot.wav", &wav(44_100, 2, &hot));
    for (channels, target) in
        [(Channels::Mono, Level(-1600)), (Channels::Stereo, Level(-1600)), (Channels::Mono, Level(-900))]
    {
        let spec = MasterSpec { channels, target_lufs: target, ..SPEC };
        let master = render_as(&bench, spec, &["quiet.wav", "hot.wav", "in.wav"]).master.unwrap();
        let sound = samples(&master);
        let count = channels.count().into();
        let mut meter = EbuR128::new(count, 48_000, Mode::I | Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(&sound).unwrap();
        let loudness = meter.loudness_global().unwrap();
        let peak = 20.0 * (0..count).map(|c| meter.true_peak(c).unwrap()).fold(0.0, f64::max).log10();
        assert!(peak <= -1.0, "{peak}");
        assert!((master.manifest.true_peak_dbtp.db() - peak).abs() < 0.02);
        assert!((master.manifest.loudness_lufs.db() - loudness).abs() < 0.05);
        // A target that the ceiling does not allow is missed on the safe side.
        assert!(
            (loudness - target.db()).abs() < 0.3 || (target > Level(-1000) && loudness < target.db()),
            "{loudness}"
        );
    }
}

#[test]
fn the_same_sources_give_the_same_bytes_and_the_cache_is_believed_only_when_whole() {
    let bench = Bench::new(44_100, 200_000);
    bench.run("opusenc --quiet in.wav in.opus");
    let files = ["in.wav", "in.opus"];
    let first = render_as(&bench, SPEC, &files);
    let master = first.master.unwrap();
    let bytes = fs::read(&master.path).unwrap();
    assert_eq!(Digest::of(&bytes), master.manifest.digest);
    let key = master.manifest.key;
    let again = |why: &str| {
        let rendered = render_as(&bench, SPEC, &files);
        assert_eq!(rendered.sources, first.sources, "{why}");
        assert_eq!(rendered.master.unwrap().manifest, master.manifest, "{why}");
        assert!(fs::read(&master.path).unwrap() == bytes, "{why}");
    };
    again("from the cache");
    let manifest = master.path.with_extension("json");
    fs::write(&manifest, b"{}").unwrap();
    again("a broken manifest");
    let mut changed = bytes.clone();
    changed[90_000] ^= 1;
    fs::write(&master.path, &changed).unwrap();
    assert!(matches!(master.verify(), Err(MediaError::Changed { .. })));
    let mut reader = MasterReader::open(master.clone()).unwrap();
    let mut second = Vec::new();
    assert!(matches!(reader.read_chunk(0, &mut second), Err(MediaError::Changed { .. })));
    assert!(second.is_empty() && reader.read_chunk(1, &mut second).is_ok());
    again("a changed byte");
    fs::write(&master.path, &bytes[..bytes.len() - 2]).unwrap();
    assert!(Master::open(&bench.path("masters"), key).is_err());
    again("a cut file");
    fs::remove_file(&master.path).unwrap();
    again("a lost file");
    let other = render_as(&bench, MasterSpec { ceiling_dbtp: Level(-200), ..SPEC }, &files).master.unwrap();
    fs::write(bench.path("masters/notes.txt"), b"kept").unwrap();
    assert_eq!(Master::prune(&bench.path("masters"), &[key]).unwrap(), 1);
    assert!(!other.path.exists() && master.path.exists() && bench.path("masters/notes.txt").exists());
    assert_eq!(Master::prune(Path::new("/nonexistent/masters"), &[]).unwrap(), 0);
}

#[test]
fn every_refused_segment_is_named_and_no_master_comes_of_it() {
    let bench = Bench::new(48_000, 48_000);
    bench.write("page.mp3", b"<html>404");
    let rendered = render_as(&bench, SPEC, &["in.wav", "page.mp3", "../x.mp3", "none.mp3"]);
    assert!(rendered.master.is_none());
    let codes: Vec<_> = rendered.sources.iter().map(|s| s.as_ref().err().map(|r| r.why.code())).collect();
    let expected = [None, Some("audio-not-audio"), Some("audio-outside-media"), Some("audio-missing")];
    assert_eq!(codes, expected);
    let places = loa::programme::Place::default();
    let finding = rendered.sources[1].as_ref().unwrap_err().finding(places);
    assert!(finding.message.say(loa::words::Lang::En).contains("page.mp3"));
    assert!(finding.message.hint(loa::words::Lang::Vi).is_some());
    // The name says it all; the file is left where it is.
    assert!(matches!(rendered.sources[2].as_ref().unwrap_err().why, Why::Outside));
}

#[test]
fn progress_rises_to_the_whole() {
    let bench = Bench::new(48_000, 300_000);
    let (library, masters) = (Library::new(bench.folder()), bench.path("masters"));
    let renderer = Renderer { library: &library, masters: &masters, spec: SPEC, limits: &Limits::default() };
    let mut seen = Vec::new();
    renderer.render(&["in.wav", "in.wav"], &mut |progress| seen.push(progress.done)).unwrap();
    assert!(seen.is_sorted() && seen.len() > 10);
    assert_eq!(seen.last(), Some(&Progress::WHOLE));
}

#[test]
fn the_sample_programme_becomes_a_master() {
    let mut files: Vec<_> = fs::read_dir("media/cchc").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|path| fs::metadata(path).unwrap().len());
    // The smallest of each format: the whole programme is whole where the whole program is tested.
    let mut kinds = std::collections::BTreeSet::new();
    files.retain(|path| kinds.insert(path.extension().unwrap().to_owned()));
    assert!(files.len() >= 6, "{files:?}");
    let names: Vec<&str> =
        files.iter().map(|path| path.strip_prefix("media").unwrap().to_str().unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let library = Library::new("media");
    let renderer =
        Renderer { library: &library, masters: folder.path(), spec: SPEC, limits: &Limits::default() };
    let whole = renderer.open_or_render(&names, &mut |_| ()).unwrap();
    for source in &whole.sources {
        assert!(source.is_ok(), "{source:?}");
    }
    let manifest = whole.master.unwrap().manifest;
    assert!((manifest.loudness_lufs.db() + 16.0).abs() < 1.0, "{}", manifest.loudness_lufs);
    assert!(manifest.true_peak_dbtp <= Level(-100));
}
