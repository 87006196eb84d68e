//! What an MPEG-4 file says about its sound beside the samples: other tracks, and how many frames of
//! priming stand before the first real one (ISO/IEC 14496-12, 8.6.6 edit list; the `iTunSMPB` remark).
//!
//! The demuxer knows nothing of edit lists and would air the encoder's priming as 23 ms of silence.

use super::{Why, source::Bytes};

/// Frames of an AAC encoder's start-up where the file states none: one transform block.
const PRIMING: u64 = 1024;
/// The movie box holds tables, not sound; two hours of AAC take about 2 MB.
const MOST_MOOV_BYTES: u64 = 32 << 20;

/// The valid span of the sound track, in units of the track's time scale (nearly always its rate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// To drop at the head.
    pub head: u64,
    /// What is valid after that, where it is stated.
    pub valid: Option<u64>,
}

/// Reads the span of the first sound track; refuses a file with pictures.
pub(super) fn span(bytes: &mut Bytes) -> Result<Span, Why> {
    let moov = moov(bytes)?;
    let tracks: Vec<&[u8]> = boxes(&moov).filter(|(kind, _)| kind == b"trak").map(|(_, body)| body).collect();
    let handler =
        |track: &[u8]| find(track, &[b"mdia", b"hdlr"]).and_then(|b| b.get(8..12)).map(<[u8]>::to_vec);
    if tracks.iter().any(|track| handler(track).as_deref() == Some(b"vide")) {
        return Err(Why::Format { found: "MPEG-4 video".into() });
    }
    if let Some(remark) = smpb(&moov) {
        return Ok(remark);
    }
    let movie_scale = find(&moov, &[b"mvhd"]).and_then(time_scale);
    let sound = tracks.iter().find(|track| handler(track).as_deref() == Some(b"soun"));
    Ok(sound.map_or(Span { head: PRIMING, valid: None }, |track| of_track(track, movie_scale)))
}

/// The span that edit list and sample table of a track state.
fn of_track(track: &[u8], movie_scale: Option<u64>) -> Span {
    let total = find(track, &[b"mdia", b"minf", b"stbl", b"stts"]).and_then(total).filter(|total| *total > 0);
    let scale = find(track, &[b"mdia", b"mdhd"]).and_then(time_scale);
    let Some((length, head)) = edit(track) else {
        return Span { head: PRIMING, valid: total.map(|total| total.saturating_sub(PRIMING)) };
    };
    let by_table = total.map(|total| total.saturating_sub(head));
    let by_edit =
        scale.zip(movie_scale).map(|(scale, movie)| (length.saturating_mul(scale) / movie, scale / movie));
    // The edit counts in the movie's scale, often whole milliseconds: where the sample table agrees
    // within one such tick it is the exact one, otherwise the table counts padding too.
    let valid = match (by_table, by_edit) {
        (Some(table), Some((edit, tick))) if length > 0 && edit.saturating_add(tick) < table => Some(edit),
        (table, _) => table,
    };
    Span { head, valid }
}

/// Units a second of an `mvhd` or `mdhd` box.
fn time_scale(header: &[u8]) -> Option<u64> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    u32_at(header, at).map(u64::from).filter(|scale| *scale > 0)
}

/// Sum of all sample durations of an `stts` box.
fn total(table: &[u8]) -> Option<u64> {
    let count = u32_at(table, 4)? as usize;
    let entries = table.get(8..)?.chunks_exact(8).take(count);
    let product = |entry: &[u8]| Some(u64::from(u32_at(entry, 0)?).saturating_mul(u32_at(entry, 4)?.into()));
    Some(entries.filter_map(product).fold(0, u64::saturating_add))
}

/// The body of the movie box.
fn moov(bytes: &mut Bytes) -> Result<Vec<u8>, Why> {
    let mut at = 0;
    while at < bytes.len {
        let head = bytes.read_at(at, 16)?;
        let Some((size, header)) = box_size(&head, bytes.len - at) else { break };
        if head.get(4..8) == Some(b"moov") && size <= MOST_MOOV_BYTES {
            return bytes.read_at(at + header, usize::try_from(size - header).unwrap_or(0));
        }
        at += size;
    }
    Err(Why::Undecodable { detail: "no movie box".into() })
}

/// Size of the box that `head` opens, and of its header; the whole `rest` for a size of 0.
fn box_size(head: &[u8], rest: u64) -> Option<(u64, u64)> {
    let size = u64::from(u32_at(head, 0)?);
    let (size, header) = match size {
        0 => (rest, 8),
        1 => (u64_at(head, 8)?, 16),
        size => (size, 8),
    };
    (size >= header).then_some((size, header))
}

/// The boxes in `body`: kind and body of each.
fn boxes(body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let (size, header) = box_size(rest, rest.len() as u64)?;
        let kind = rest.get(4..8)?.try_into().ok()?;
        let size = usize::try_from(size).ok()?;
        let inner = rest.get(usize::try_from(header).ok()?..size)?;
        rest = &rest[size..];
        Some((kind, inner))
    })
}

fn find<'a>(body: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter()
        .try_fold(body, |body, kind| boxes(body).find(|(found, _)| found == *kind).map(|(_, inner)| inner))
}

/// Length (movie scale) and start (track scale) of the first edit that shows media; an empty edit only
/// delays, and a programme does not want the delay.
fn edit(track: &[u8]) -> Option<(u64, u64)> {
    let list = find(track, &[b"edts", b"elst"])?;
    let wide = *list.first()? == 1;
    let step = if wide { 20 } else { 12 };
    let entries = list.get(8..)?.chunks_exact(step).take(u32_at(list, 4)? as usize);
    let read = |entry: &[u8]| {
        let narrow = |at| u32_at(entry, at).map(u64::from);
        if wide { u64_at(entry, 0).zip(u64_at(entry, 8)) } else { narrow(0).zip(narrow(4)) }
    };
    let empty = if wide { u64::MAX } else { u64::from(u32::MAX) };
    entries.filter_map(read).find(|(_, start)| *start != empty)
}

/// `iTunSMPB`: hexadecimal words; the second is the priming, the fourth the count of valid frames.
fn smpb(moov: &[u8]) -> Option<Span> {
    let at = moov.windows(8).position(|window| window == b"iTunSMPB")?;
    let text = String::from_utf8_lossy(&moov[at + 8..moov.len().min(at + 200)]).into_owned();
    let words: Vec<u64> = text
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|word| word.len() >= 8)
        .filter_map(|word| u64::from_str_radix(word, 16).ok())
        .collect();
    let (&head, &valid) = (words.get(1)?, words.get(3)?);
    (head < 1 << 20 && valid > 0).then_some(Span { head, valid: Some(valid) })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], &kind, body].concat()
    }

    #[test]
    fn an_edit_list_tells_the_priming() {
        let entry =
            |length: u32, start: u32| [length.to_be_bytes(), start.to_be_bytes(), [0, 1, 0, 0]].concat();
        let list = [&[0, 0, 0, 0, 0, 0, 0, 2][..], &entry(5, u32::MAX), &entry(1000, 2112)].concat();
        let track = boxed(*b"edts", &boxed(*b"elst", &list));
        assert_eq!(edit(&track), Some((1000, 2112)));
        assert_eq!(edit(&boxed(*b"edts", &[])), None);
    }

    #[test]
    fn the_remark_of_itunes_tells_priming_and_length() {
        let moov = b"....iTunSMPB\0\0\0\x84data\0\0\0\x01\0\0\0\0 00000000 00000840 000001CA 00000000003F31F6 00000000";
        assert_eq!(smpb(moov), Some(Span { head: 0x840, valid: Some(0x3F_31F6) }));
        assert_eq!(smpb(b"iTunSMPB 00000000"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_walk_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            for (_, inner) in boxes(&body).take(100) {
                let _ = find(inner, &[b"mdia", b"hdlr"]);
            }
            let track = boxed(*b"edts", &boxed(*b"elst", &body));
            let _ = (of_track(&track, Some(1000)), smpb(&body), total(&body));
        }
    }
}
