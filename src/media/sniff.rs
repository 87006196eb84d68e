//! What a file is, by its bytes: names never decide, and what is not taken is refused by its own name.

use super::Why;

/// The formats that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// MPEG audio layer III.
    Mp3,
    /// RIFF WAVE with linear PCM or IEEE float.
    Wav,
    /// Native FLAC.
    Flac,
    /// Vorbis in Ogg.
    Vorbis,
    /// Opus in Ogg.
    Opus,
    /// AAC-LC in MPEG-4.
    Aac,
}

impl Format {
    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Mp3 => "MP3",
            Format::Wav => "WAV",
            Format::Flac => "FLAC",
            Format::Vorbis => "Ogg Vorbis",
            Format::Opus => "Opus",
            Format::Aac => "M4A (AAC-LC)",
        }
    }
}

/// How many bytes of a file's beginning [`sniff`] wants to see (after an `ID3v2` tag, if it has one).
pub(super) const HEAD_BYTES: usize = 65_536;

/// Sound that is known but not taken: offset, magic, name.
const OTHER_AUDIO: &[(usize, &[u8], &str)] = &[
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "Windows Media (ASF/WMA)"),
    (0, b"riff\x2E\x91\xCF\x11", "Sony Wave64 (W64)"),
    (0, b"RF64", "RF64"),
    (0, b"BW64", "BW64"),
    (0, b"FORM", "AIFF"),
    (0, b"caff", "Apple CAF"),
    (0, b"#!AMR", "AMR"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"TTA", "TTA"),
    (0, b"DSD ", "DSD"),
    (0, b".snd", "AU"),
    (0, b"MThd", "MIDI"),
    (0, b".RMF", "RealMedia"),
    (0, b"\x1A\x45\xDF\xA3", "Matroska/WebM"),
    (0, b"FLV", "Flash video"),
    (0, b"\x00\x00\x01\xBA", "MPEG video"),
];

/// What is no sound at all: offset, magic, name.
const NO_AUDIO: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xFF\xD8\xFF", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or Office document"),
    (0, b"\xD0\xCF\x11\xE0", "an old Office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xBC\xAF", "a 7z archive"),
    (0, b"\x1F\x8B", "a gzip archive"),
    (0, b"\x7FELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"SQLite format 3", "a database"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"[playlist]", "a playlist"),
];

/// The format of a file that begins with `head`.
pub(super) fn sniff(head: &[u8]) -> Result<Format, Why> {
    let at = |(offset, magic, _): &&(usize, &[u8], &str)| head[*offset.min(&head.len())..].starts_with(magic);
    if head.is_empty() {
        return Err(Why::Empty);
    }
    if let Some((_, _, name)) = OTHER_AUDIO.iter().find(at) {
        return Err(Why::Format { found: (*name).into() });
    }
    if let Some((_, _, found)) = NO_AUDIO.iter().find(at) {
        return Err(Why::NotAudio { found });
    }
    match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Ok(Format::Wav),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => other("AVI video"),
        [b'R', b'I', b'F', b'F', ..] => Err(Why::NotAudio { found: "another RIFF file" }),
        [b'f', b'L', b'a', b'C', ..] => Ok(Format::Flac),
        [b'O', b'g', b'g', b'S', ..] => ogg(head),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Ok(Format::Aac),
        _ => mpeg(head),
    }
}

fn other(name: &str) -> Result<Format, Why> {
    Err(Why::Format { found: name.into() })
}

/// What an Ogg file carries: its first pages open with the identification of each stream.
fn ogg(head: &[u8]) -> Result<Format, Why> {
    let head = &head[..head.len().min(4096)];
    let holds = |magic: &[u8]| head.windows(magic.len()).any(|window| window == magic);
    if holds(b"\x80theora") {
        other("Ogg video")
    } else if holds(b"OpusHead") {
        Ok(Format::Opus)
    } else if holds(b"\x01vorbis") {
        Ok(Format::Vorbis)
    } else if holds(b"\x7FFLAC") {
        other("FLAC in Ogg")
    } else if holds(b"Speex  ") {
        other("Speex")
    } else {
        other("an unknown Ogg stream")
    }
}

/// A stream of MPEG audio frames, or something without a name.
fn mpeg(head: &[u8]) -> Result<Format, Why> {
    // ADTS has the MPEG sync word with layer 0.
    if matches!(head, [0xFF, second, ..] if second & 0xF6 == 0xF0) {
        return other("AAC in ADTS");
    }
    if let Some((frame, _)) = first_frame(head) {
        return match frame.layer {
            3 => Ok(Format::Mp3),
            layer => Err(Why::Format { found: format!("MPEG audio layer {}", "I".repeat(layer)) }),
        };
    }
    let text = String::from_utf8_lossy(&head[..head.len().min(512)]).to_lowercase();
    if text.contains("<html") || text.contains("<!doctype") {
        Err(Why::NotAudio { found: "a web page" })
    } else if !text.contains('\u{FFFD}') && !text.contains('\0') {
        Err(Why::NotAudio { found: "a text" })
    } else {
        Err(Why::NotAudio { found: "of an unknown format" })
    }
}

/// The header of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3; 13818-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// 1, 2 or 3.
    pub layer: usize,
    /// Frames of sound a second.
    pub rate: u32,
    /// 1 or 2.
    pub channels: u16,
    /// Length of the whole frame, in bytes; only for layer III.
    bytes: usize,
    /// Bytes between header and main data.
    side_info: usize,
}

impl FrameHeader {
    /// Reads the four bytes of a header; `None` where they are none, or of free format.
    pub fn parse(bytes: &[u8]) -> Option<FrameHeader> {
        const V1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
        const V2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
        let &[0xFF, b, c, d, ..] = bytes else { return None };
        if b & 0xE0 != 0xE0 {
            return None;
        }
        let (version, layer) = (b >> 3 & 3, 4 - usize::from(b >> 1 & 3));
        let (kbit, rate) = (usize::from(c >> 4), usize::from(c >> 2 & 3));
        if version == 1 || layer == 4 || kbit == 0 || kbit == 15 || rate == 3 {
            return None;
        }
        let rate = [44_100_u32, 48_000, 32_000][rate] / [4, 0, 2, 1][usize::from(version)];
        let (table, factor) = if version == 3 { (V1, 144_000) } else { (V2, 72_000) };
        let channels = if d >> 6 == 3 { 1 } else { 2 };
        let side_info = match (version == 3, channels) {
            (true, 2) => 32,
            (false, 1) => 9,
            _ => 17,
        };
        let bytes = factor * table[kbit] / rate as usize + usize::from(c >> 1 & 1);
        Some(FrameHeader { layer, rate, channels, bytes, side_info })
    }
}

/// The first frame header in `head` that is followed by another of its kind, and its offset.
fn first_frame(head: &[u8]) -> Option<(FrameHeader, usize)> {
    let fits = |at: usize| {
        let frame = FrameHeader::parse(&head[at..])?;
        if frame.layer != 3 {
            // Layers I and II are only told apart to be refused; their sync at the very start is enough.
            return (at == 0).then_some((frame, at));
        }
        match head.get(at + frame.bytes..).map(FrameHeader::parse) {
            Some(Some(next)) => (next.layer == 3 && next.rate == frame.rate).then_some((frame, at)),
            Some(None) => None,
            // The head ends within the first frame: only at the very start is that believable.
            None => (at == 0).then_some((frame, at)),
        }
    };
    (0..head.len().saturating_sub(3)).filter(|&at| head[at] == 0xFF).find_map(fits)
}

/// Whether the first frame of an MP3 carries a Xing, Info or VBRI tag: only then is a length stated;
/// otherwise the demuxer merely estimates one.
pub(super) fn mp3_states_length(head: &[u8]) -> bool {
    let Some((frame, at)) = first_frame(head) else { return false };
    let holds = |offset: usize, ids: &[&[u8]]| {
        head.get(at + offset..at + offset + 4).is_some_and(|found| ids.contains(&found))
    };
    holds(4 + frame.side_info, &[b"Xing", b"Info"]) || holds(4 + 32, &[b"VBRI"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_bytes() {
        let not_audio = |found| Err(Why::NotAudio { found });
        let format = |found: &str| Err(Why::Format { found: found.into() });
        let check = |head: &[u8], expected: Result<Format, Why>| {
            assert_eq!(sniff(head), expected, "{:?}", String::from_utf8_lossy(head));
        };
        check(b"", Err(Why::Empty));
        check(b"RIFF\0\0\0\0WAVEfmt ", Ok(Format::Wav));
        check(b"RIFF\0\0\0\0AVI LIST", format("AVI video"));
        check(b"fLaC\0\0\0\x22", Ok(Format::Flac));
        check(b"OggS\0\x02OpusHead", Ok(Format::Opus));
        check(b"OggS\0\x02\x01vorbis", Ok(Format::Vorbis));
        check(b"OggS\0\x02Speex  1", format("Speex"));
        check(b"\0\0\0\x20ftypM4A ", Ok(Format::Aac));
        check(b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6", format("Windows Media (ASF/WMA)"));
        check(b"riff\x2E\x91\xCF\x11", format("Sony Wave64 (W64)"));
        check(b"FORM\0\0\0\0AIFF", format("AIFF"));
        check(b"\xFF\xF1\x50\x80", format("AAC in ADTS"));
        check(b"\xFF\xFD\x50\x80", format("MPEG audio layer II"));
        check(b"\x89PNG\r\n", not_audio("a PNG image"));
        check(b"PK\x03\x04", not_audio("a ZIP archive or Office document"));
        check(b"<!DOCTYPE html><p>404", not_audio("a web page"));
        check("Kính thưa quý vị".as_bytes(), not_audio("a text"));
        check(&[0; 64], not_audio("of an unknown format"));
        check(&[0x80, 0x99, 1], not_audio("of an unknown format"));
    }
}
