//! The decoding traps that were found in trials, one test each.

use loa::media::{Format, FrameSource as _, Limits, Stop, Why, measure};

use super::encoders::{Bench, decode, lag, recording, wav};

/// Odd on purpose: no codec's frame divides it.
const FRAMES: u32 = 145_531;

/// `name` decodes to exactly the recording's frames, none shifted.
fn exact(bench: &Bench, name: &str, format: Format) {
    let decoded = bench.decode(name).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(decoded.decoder.format(), format, "{name}");
    assert_eq!(decoded.decoder.damage(), loa::media::Damage::default(), "{name}");
    let channels = usize::from(decoded.decoder.spec().channels);
    let first: Vec<f32> = decoded.samples.iter().step_by(channels).copied().collect();
    assert_eq!(first.len(), bench.samples.len(), "{name}: frames");
    let (lag, likeness) = lag(&bench.samples, &first, 1500);
    assert!(lag == 0 && likeness > 0.9, "{name}: lag {lag}, likeness {likeness}");
    // Head and tail are sound too, not only as many frames.
    let power = |x: &[f32]| x.iter().map(|s| s * s).sum::<f32>();
    for range in [0..2000, first.len() - 2000..first.len()] {
        let ratio = power(&first[range.clone()]) / power(&bench.samples[range.clone()]);
        assert!((0.4..2.0).contains(&ratio), "{name} {range:?}: {ratio}");
    }
}

#[test]
fn encoders_at_44_1_khz_come_back_frame_for_frame() {
    let bench = Bench::new(44_100, FRAMES);
    bench.run("lame --quiet -b 64 in.wav cbr.mp3");
    bench.run("lame --quiet -V 4 in.wav vbr.mp3");
    bench.run("flac --silent in.wav -o out.flac");
    bench.run("oggenc --quiet -q 3 in.wav -o out.ogg");
    bench.ffmpeg("-i in.wav -c:a libmp3lame -b:a 96k lavf.mp3");
    bench.ffmpeg("-i in.wav -c:a aac -b:a 96k out.m4a");
    bench.ffmpeg("-i in.wav -c:a aac -b:a 96k -movflags +faststart fast.m4a");
    bench.ffmpeg("-i in.wav -c:a libvorbis -q:a 3 lavf.ogg");
    bench.ffmpeg("-i in.wav -ac 2 -c:a flac stereo.flac");
    for (name, format) in [
        ("in.wav", Format::Wav),
        ("cbr.mp3", Format::Mp3),
        ("vbr.mp3", Format::Mp3),
        ("lavf.mp3", Format::Mp3),
        ("out.flac", Format::Flac),
        ("stereo.flac", Format::Flac),
        ("out.ogg", Format::Vorbis),
        ("lavf.ogg", Format::Vorbis),
        ("out.m4a", Format::Aac),
        ("fast.m4a", Format::Aac),
    ] {
        exact(&bench, name, format);
    }
}

#[test]
fn encoders_at_other_rates_come_back_frame_for_frame() {
    let bench = Bench::new(48_000, FRAMES);
    bench.run("opusenc --quiet --bitrate 48 in.wav out.opus");
    bench.ffmpeg("-i in.wav -c:a libopus -b:a 48k lavf.opus");
    bench.run("lame --quiet -b 64 --resample 48 in.wav out.mp3");
    exact(&bench, "out.opus", Format::Opus);
    // ffmpeg's encoder itself shifts by two frames here: the reference decoder is the judge.
    bench.run("opusdec --quiet --no-dither lavf.opus back.wav");
    let (ours, theirs) = (bench.decode("lavf.opus").unwrap(), bench.decode("back.wav").unwrap());
    assert_eq!((ours.samples.len(), theirs.samples.len()), (FRAMES as usize, FRAMES as usize));
    let (shift, likeness) = lag(&theirs.samples, &ours.samples, 1500);
    assert!(shift == 0 && likeness > 0.999, "{shift} {likeness}");
    exact(&bench, "out.mp3", Format::Mp3);
    let bench = Bench::new(22_050, FRAMES);
    bench.run("lame --quiet -b 64 --resample 22.05 in.wav out.mp3");
    bench.ffmpeg("-i in.wav -c:a aac -b:a 48k out.m4a");
    exact(&bench, "out.mp3", Format::Mp3);
    exact(&bench, "out.m4a", Format::Aac);
}

#[test]
fn every_kind_of_wav_is_read() {
    let bench = Bench::new(48_000, FRAMES);
    for codec in ["pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le"] {
        bench.ffmpeg(&format!("-i in.wav -c:a {codec} {codec}.wav"));
        exact(&bench, &format!("{codec}.wav"), Format::Wav);
    }
}

#[test]
fn content_decides_and_not_the_name() {
    let bench = Bench::new(44_100, FRAMES);
    bench.run("lame --quiet -b 64 in.wav out.mp3");
    bench.write("really-mp3.wav", &bench.bytes("out.mp3"));
    exact(&bench, "really-mp3.wav", Format::Mp3);
}

#[test]
fn a_vbr_file_without_its_tag_keeps_its_tail() {
    // Quiet first, so that the bit rate of the first packets foretells a wrong length.
    let bench = Bench::new(44_100, 1000);
    let sound = [vec![0.0; 300_000], recording(44_100, 200_000, 2)].concat();
    bench.write("long.wav", &wav(44_100, 1, &sound));
    bench.run("lame --quiet -V 2 -t long.wav out.mp3");
    let decoded = bench.decode("out.mp3").unwrap();
    assert!(decoded.samples.len() >= sound.len(), "{} of {}", decoded.samples.len(), sound.len());
    assert_eq!(decoded.decoder.stated(), None, "an estimate is no statement");
    let tail = &decoded.samples[decoded.samples.len() - 3000..];
    assert!(tail.iter().any(|s| s.abs() > 0.05));
}

#[test]
fn glued_files_keep_their_second_half() {
    let bench = Bench::new(44_100, FRAMES);
    bench.write("second.wav", &wav(44_100, 1, &recording(44_100, FRAMES, 9)));
    bench.run("lame --quiet -b 64 in.wav a.mp3");
    bench.run("lame --quiet -b 64 second.wav b.mp3");
    bench.run("oggenc --quiet in.wav -o a.ogg");
    bench.run("oggenc --quiet second.wav -o b.ogg");
    for kind in ["mp3", "ogg"] {
        let glued = [bench.bytes(&format!("a.{kind}")), bench.bytes(&format!("b.{kind}"))].concat();
        let name = format!("glued.{kind}");
        bench.write(&name, &glued);
        let decoded = bench.decode(&name).unwrap_or_else(|e| panic!("{e}"));
        let twice = 2 * FRAMES as usize;
        assert!((twice..twice + 4000).contains(&decoded.samples.len()), "{name}: {}", decoded.samples.len());
        // An ogg link has its exact end; between glued MP3 files stands the first one's padding.
        let begin = decoded.samples.len() - FRAMES as usize;
        let (shift, likeness) = lag(&recording(44_100, FRAMES, 9), &decoded.samples[begin..], 2400);
        assert!(likeness > 0.9 && (kind == "mp3" || shift == 0), "{name}: {shift} {likeness}");
    }
}

#[test]
fn tags_around_an_mp3_are_no_sound() {
    let bench = Bench::new(44_100, FRAMES);
    bench.run("lame --quiet -b 64 in.wav out.mp3");
    let sound = bench.bytes("out.mp3");
    // A picture full of what looks like packets.
    let picture = [0xFF, 0xFB, 0x50, 0xC4, 0x11].repeat(4000);
    let size = u32::try_from(picture.len()).unwrap();
    let mark = |flags: u32| {
        let words = [2000, size + 32, 1, flags].map(u32::to_le_bytes).concat();
        [b"APETAGEX".as_slice(), &words, &[0; 8]].concat()
    };
    let synchsafe = [size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127].map(|n| n as u8);
    let tag_before = [b"ID3\x04\0\0".as_slice(), &synchsafe, &picture].concat();
    let tags_after =
        [mark(0xA000_0000), picture, mark(0x8000_0000), b"TAG".to_vec(), vec![b'x'; 125]].concat();
    bench.write("tagged.mp3", &[tag_before, sound, tags_after].concat());
    exact(&bench, "tagged.mp3", Format::Mp3);
}

#[test]
fn a_change_of_rate_in_the_middle_is_refused() {
    let bench = Bench::new(44_100, FRAMES);
    bench.write("slow.wav", &wav(22_050, 1, &recording(22_050, FRAMES, 9)));
    for (command, kind) in [("lame --quiet -b 64", "mp3"), ("oggenc --quiet -o OUT", "ogg")] {
        for name in ["in", "slow"] {
            let command = command.replace("OUT", &format!("{name}.ogg"));
            let tail = if kind == "mp3" { format!(" {name}.wav {name}.mp3") } else { format!(" {name}.wav") };
            bench.run(&(command + &tail));
        }
        let glued = [bench.bytes(&format!("in.{kind}")), bench.bytes(&format!("slow.{kind}"))].concat();
        bench.write("glued", &glued);
        let why = bench.refusal("glued");
        assert!(matches!(why, Why::Changes { at_ms } if at_ms.abs_diff(3300) < 150), "{kind}: {why:?}");
    }
}

#[test]
fn cut_files_are_refused_with_what_is_there_and_what_should_be() {
    let bench = Bench::new(48_000, FRAMES);
    bench.run("lame --quiet -b 64 in.wav out.mp3");
    bench.run("flac --silent in.wav -o out.flac");
    bench.run("oggenc --quiet in.wav -o out.ogg");
    bench.run("opusenc --quiet in.wav out.opus");
    bench.ffmpeg("-i in.wav -c:a aac -movflags +faststart out.m4a");
    for name in ["in.wav", "out.mp3", "out.flac", "out.ogg", "out.opus", "out.m4a"] {
        let whole = bench.bytes(name);
        for percent in [40, 75, 97] {
            bench.write("cut", &whole[..whole.len() * percent / 100]);
            let why = bench.refusal("cut");
            assert!(matches!(why, Why::Truncated { .. }), "{name} {percent} %: {why:?}");
        }
    }
    // With the movie box at the end nothing at all can be known.
    bench.ffmpeg("-i in.wav -c:a aac plain.m4a");
    let whole = bench.bytes("plain.m4a");
    bench.write("cut", &whole[..whole.len() / 2]);
    assert!(matches!(bench.refusal("cut"), Why::Undecodable { .. }));
}

#[test]
fn files_without_sound_are_refused() {
    let bench = Bench::new(48_000, FRAMES);
    bench.write("empty", b"");
    bench.write("header.wav", &wav(48_000, 1, &[]));
    bench.write("half-header.wav", &wav(48_000, 1, &[])[..30]);
    bench.run("flac --silent in.wav -o out.flac");
    bench.run("opusenc --quiet in.wav out.opus");
    let flac = bench.bytes("out.flac");
    let first = flac.windows(2).position(|w| w == [0xFF, 0xF8]).unwrap();
    bench.write("header.flac", &flac[..first]);
    bench.write("header.opus", &bench.bytes("out.opus")[..600]);
    assert_eq!(bench.refusal("empty"), Why::Empty);
    assert_eq!(bench.refusal("header.wav"), Why::Empty);
    for name in ["half-header.wav", "header.flac", "header.opus"] {
        let why = bench.refusal(name);
        assert!(
            matches!(why, Why::Empty | Why::Undecodable { .. } | Why::Truncated { .. }),
            "{name}: {why:?}"
        );
    }
}

#[test]
fn what_is_not_taken_is_refused_by_its_name() {
    let bench = Bench::new(44_100, 44_100);
    bench.ffmpeg("-i in.wav -ac 6 -c:a aac surround.m4a");
    bench.ffmpeg("-i in.wav -ac 6 surround.wav");
    bench.ffmpeg("-i in.wav -ac 6 surround.flac");
    bench.ffmpeg("-i in.wav -c:a alac out.m4a");
    bench.ffmpeg("-i in.wav -c:a mp2 out.mp2");
    bench.ffmpeg("-i in.wav -c:a aac -f adts out.aac");
    bench.ffmpeg("-i in.wav -c:a wmav2 out.wma");
    bench.ffmpeg("-i in.wav out.w64");
    bench.ffmpeg("-i in.wav out.aiff");
    bench.ffmpeg("-i in.wav -c:a adpcm_ms adpcm.wav");
    bench.ffmpeg("-i in.wav -f ogg -c:a flac flac.ogg");
    bench.ffmpeg("-f lavfi -i color=size=32x32:rate=5 -i in.wav -shortest -c:v mpeg4 -c:a aac video.mp4");
    bench.ffmpeg("-i in.wav -c:a aac lc.m4a");
    // AudioSpecificConfig in the esds box: tag 5, length, then type 2 (LC) at 44.1 kHz, mono.
    let mut he = bench.bytes("lc.m4a");
    let at = he.windows(2).position(|w| w == [0x12, 0x08]).unwrap();
    he[at..at + 2].copy_from_slice(&[0x2A, 0x08]);
    bench.write("he.m4a", &he);
    he[at..at + 2].copy_from_slice(&[0xEA, 0x08]);
    bench.write("he-v2.m4a", &he);
    for (name, part) in [
        ("surround.m4a", "5.1 AAC"),
        ("surround.wav", "6 channels"),
        ("surround.flac", "6 channels"),
        ("out.m4a", "ALAC"),
        ("out.mp2", "layer II"),
        ("out.aac", "ADTS"),
        ("out.wma", "Windows Media"),
        ("out.w64", "W64"),
        ("out.aiff", "AIFF"),
        ("adpcm.wav", "ADPCM"),
        ("flac.ogg", "FLAC in Ogg"),
        ("video.mp4", "video"),
        ("he.m4a", "HE-AAC"),
        ("he-v2.m4a", "HE-AAC v2"),
    ] {
        let why = bench.refusal(name);
        assert!(matches!(&why, Why::Format { found } if found.contains(part)), "{name}: {why:?}");
    }
}

#[test]
fn implicit_he_aac_never_plays_at_double_speed() {
    let bench = Bench::new(22_050, FRAMES);
    bench.ffmpeg("-i in.wav -c:a aac core.m4a");
    // An encoder of HE-AAC without a word of it: packets last 2,048 units of 44.1 kHz, the core 1,024 of 22.05.
    let mut file = bench.bytes("core.m4a");
    let patch = |file: &mut Vec<u8>, kind: &[u8; 4], at: usize, from: u32, to: u32| {
        let found = file.windows(4).position(|w| w == kind).unwrap() + at;
        assert_eq!(file[found..found + 4], from.to_be_bytes(), "{kind:?}");
        file[found..found + 4].copy_from_slice(&to.to_be_bytes());
    };
    patch(&mut file, b"mdhd", 16, 22_050, 44_100);
    patch(&mut file, b"stts", 16, 1024, 2048);
    bench.write("he.m4a", &file);
    assert_eq!(bench.refusal("he.m4a"), Why::Format { found: "HE-AAC".into() });
}

#[test]
fn damage_is_silence_of_the_same_length_and_is_told() {
    // An Ogg page holds a second: in a short file its loss would be the ruin of it.
    let frames = 5 * FRAMES;
    let bench = Bench::new(48_000, frames);
    bench.run("flac --silent in.wav -o out.flac");
    bench.run("oggenc --quiet in.wav -o out.ogg");
    bench.run("opusenc --quiet in.wav out.opus");
    for name in ["out.flac", "out.ogg", "out.opus"] {
        let mut bytes = bench.bytes(name);
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0x55);
        bench.write("damaged", &bytes);
        let decoded = bench.decode("damaged").unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(decoded.samples.len(), frames as usize, "{name}");
        assert!(decoded.decoder.damage().faults > 0 && decoded.decoder.damage().frames > 0, "{name}");
        let tail = decoded.samples.len() - 20_000;
        let (shift, likeness) = lag(&bench.samples[tail..], &decoded.samples[tail..], 300);
        assert!(shift == 0 && likeness > 0.9, "{name}: {shift} {likeness}");
    }
}

#[test]
fn a_flac_with_frames_cut_out_keeps_its_time() {
    let bench = Bench::new(48_000, FRAMES);
    bench.run("flac --silent -b 1152 in.wav -o out.flac");
    let bytes = bench.bytes("out.flac");
    bench.write("gap.flac", &[&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2 + 9000..]].concat());
    let decoded = bench.decode("gap.flac").unwrap();
    assert_eq!(decoded.samples.len(), FRAMES as usize);
    assert!(decoded.decoder.damage().frames >= 1152);
}

#[test]
fn a_captured_wav_without_a_length_is_read_to_its_last_frame() {
    let bench = Bench::new(48_000, FRAMES);
    let mut bytes = bench.bytes("in.wav");
    for unstated in [0xFFFF_FFFF_u32, 0x7FFF_F024] {
        bytes[4..8].copy_from_slice(&unstated.to_le_bytes());
        bytes[40..44].copy_from_slice(&(unstated - 36).to_le_bytes());
        bench.write("captured.wav", &bytes);
        exact(&bench, "captured.wav", Format::Wav);
    }
}

/// The check sum of an Ogg page (RFC 3533, 6), put back after a change.
fn sign_page(page: &mut [u8]) {
    page[22..26].fill(0);
    let sum = page.iter().fold(0u32, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte) << 24,
            |s, _| if s >> 31 == 1 { s << 1 ^ 0x04C1_1DB7 } else { s << 1 },
        )
    });
    page[22..26].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn opus_pre_skip_and_gain_of_its_header_are_honoured() {
    let bench = Bench::new(48_000, FRAMES);
    bench.run("opusenc --quiet in.wav out.opus");
    let plain = bench.decode("out.opus").unwrap().samples;
    let mut bytes = bench.bytes("out.opus");
    // One page of 28 + 19 bytes holds the header. A pre-skip of 3,840 is four packets; −6 dB of gain.
    let skip = u16::from_le_bytes([bytes[38], bytes[39]]);
    bytes[38..40].copy_from_slice(&3840u16.to_le_bytes());
    bytes[44..46].copy_from_slice(&(-6i16 * 256).to_le_bytes());
    sign_page(&mut bytes[..47]);
    bench.write("skip.opus", &bytes);
    let skipped = bench.decode("skip.opus").unwrap().samples;
    let more = usize::from(3840 - skip);
    assert_eq!(skipped.len(), plain.len() - more);
    let ratio = skipped[10_000] / plain[10_000 + more];
    assert!((ratio - 0.501).abs() < 0.01, "{ratio}");
}

#[test]
fn length_and_stop_bound_the_work() {
    let bench = Bench::new(48_000, FRAMES);
    let limits = Limits { most_s: 1, ..Limits::default() };
    let refused = decode("in.wav", &bench.path("in.wav"), &limits).err().unwrap();
    assert_eq!(refused.why, Why::TooLong { limit_min: 0 });
    let stop = Stop::default();
    stop.set();
    let limits = Limits { stop, ..Limits::default() };
    assert_eq!(decode("in.wav", &bench.path("in.wav"), &limits).err().unwrap().why, Why::Stopped);
}

#[test]
fn a_file_that_is_still_being_copied_is_refused() {
    let bench = Bench::new(48_000, FRAMES);
    let mut decoder = loa::media::Decoder::open("in.wav", &bench.path("in.wav"), &Limits::default()).unwrap();
    bench.write("in.wav", &wav(48_000, 1, &recording(48_000, FRAMES + 1, 3)));
    let mut samples = Vec::new();
    let end = loop {
        match decoder.read(&mut samples) {
            Ok(0) => panic!("the change was not seen"),
            Ok(_) => {}
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(end.why, Why::Unsettled);
}

#[test]
fn measures_are_those_of_ffmpeg() {
    let bench = Bench::new(44_100, 10 * 44_100);
    bench.run("lame --quiet -b 96 in.wav out.mp3");
    let measure = measure("out.mp3", &bench.path("out.mp3"), &Limits::default()).unwrap();
    let output = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-i", "out.mp3", "-af", "ebur128=peak=true", "-f", "null", "-"])
        .current_dir(bench.folder())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = &text[text.find("Summary").unwrap()..];
    let value = |key: &str| -> f64 {
        let rest = &summary[summary.find(key).unwrap() + key.len()..];
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    assert!(
        (measure.loudness_lufs.db() - value("I:")).abs() < 0.1,
        "{} {}",
        measure.loudness_lufs,
        value("I:")
    );
    // ffmpeg oversamples by another filter; both stay within the standard's tolerance of each other.
    assert!((measure.true_peak_dbtp.db() - value("Peak:")).abs() < 0.3, "{}", measure.true_peak_dbtp);
    assert_eq!(measure.duration_ms, 10_000);
    assert_eq!(measure.stated_ms, Some(10_000));
}
