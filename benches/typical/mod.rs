//! A typical entry, for what is measured over many of them.

use loa::{
    evidence::{Body, Clk, End, Outcome},
    units::Frames,
};

/// The clocks of a boot at so many milliseconds.
pub fn clk(ms: i64) -> Clk {
    Clk { wall_ms: 1_646_431_200_000 + ms, boot_ms: ms, boot: "ab".repeat(16), sync: true, offset_min: 420 }
}

/// The end of an airing.
pub fn end(seq: u64) -> Body {
    let all = Frames(34_560_000);
    Body::End(Box::new(End {
        airing: seq.saturating_sub(9),
        slot: "2022-03/cchc/2022-03-05T05:30:00".parse().ok(),
        outcome: Outcome::Full,
        reason: None,
        last_us: Some(1_646_433_720_000_000),
        expected: all,
        decoded: all,
        delivered: all,
        consumed: all,
        muted: Frames(0),
        underruns: Frames(0),
        hole_ms: 0,
        proof: 3,
    }))
}
