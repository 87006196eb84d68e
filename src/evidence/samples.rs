//! Entries for tests: one of every kind, and random ones.

use proptest::prelude::*;

use super::{
    AnchorFact,
    entry::{
        After, Body, BootFacts, Clk, Cue, DeleteFact, DeviceFact, DeviceState, End, Entry, HoldFact,
        ManualFact, Missed, OperatorAct, Outcome, Reason, ScheduleFact, SegmentFact, Start, Trigger,
    },
};
use crate::units::{Digest, Frames, Level, SlotId};

/// The origin of sample logs.
pub const ORIGIN: &str = "loa/station/pho-minh/1";

/// 2022-03-05 05:00:00 +07:00, in milliseconds.
const WALL_MS: i64 = 1_646_431_200_000;

/// The clocks `ms` after the sample's beginning, within one boot.
pub fn clk(ms: i64) -> Clk {
    Clk {
        wall_ms: WALL_MS + ms,
        boot_ms: 60_000 + ms,
        boot: "0123456789abcdef0123456789abcdef".into(),
        sync: true,
        offset_min: 420,
    }
}

/// A slot of the sample month.
pub fn slot(day: u32) -> SlotId {
    format!("2022-03/cchc/2022-03-{day:02}T05:30:00").parse().unwrap()
}

/// A digest of the same byte throughout.
pub fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

/// A cue of the sample slot.
pub fn cue(slot: Option<SlotId>, trigger: Trigger) -> Cue {
    Cue {
        slot,
        airing: None,
        repairs: None,
        month: "2022-03".parse().unwrap(),
        ward: false,
        programme: "cchc".into(),
        trigger,
        by: String::new(),
        planned_ms: WALL_MS + 1_800_000,
        from: Frames(0),
        frames: Frames(34_560_000),
        schedule: digest(0xaa),
        master: digest(0xcc),
        loudness_lufs: Level(-1600),
        true_peak_dbtp: Level(-120),
    }
}

/// A full end of `airing`.
pub fn end(airing: u64, slot: Option<SlotId>, outcome: Outcome) -> End {
    let all = Frames(34_560_000);
    End {
        airing,
        slot,
        outcome,
        reason: (outcome != Outcome::Full).then_some(Reason::OperatorStop),
        last_us: Some((WALL_MS + 2_520_000) * 1000),
        expected: all,
        decoded: all,
        delivered: all,
        consumed: all,
        muted: Frames(0),
        underruns: Frames(0),
        hole_ms: 0,
        proof: 3,
    }
}

/// The start of `airing`, 4 ms late.
pub fn start(airing: u64) -> Start {
    Start {
        airing,
        first_us: (WALL_MS + 1_800_004) * 1000,
        error_us: 4000,
        latency_us: 21_333,
        hole_ms: None,
        device: "alsa_output.pci-0000_00_1f.3.analog-stereo".into(),
    }
}

fn first_bodies() -> Vec<Body> {
    let month = "2022-03".parse().unwrap();
    vec![
        Body::LogOpen { origin: ORIGIN.into(), reason: "init".into(), previous: None, after: None },
        Body::Sw { version: "0.1.0".into(), exe: digest(0x5e) },
        Body::Boot(BootFacts { clean: false, last_alive_ms: Some(WALL_MS - 60_000) }),
        Body::Config {
            digest: digest(1),
            plan: digest(2),
            station: "pho-minh".into(),
            unit: "phuong-pho-minh".into(),
            output: "pulse:loa".into(),
            demo: false,
            trust: None,
        },
        Body::Approve {
            month,
            ward: false,
            digest: digest(0xaa),
            by: "Nguyễn Văn A".into(),
            document: "12/QĐ-TTVH".into(),
            key: "duc-pho/duyet+4f1b2c3d".into(),
        },
        Body::ScheduleAccept(ScheduleFact {
            month,
            ward: false,
            revision: 1,
            digest: digest(0xaa),
            slots: digest(0xbb),
            count: 8,
            approval: digest(0xdd),
            by: "Nguyễn Văn A".into(),
            document: "12/QĐ-TTVH".into(),
        }),
        Body::ScheduleRefuse { month, ward: false, digest: digest(3), reason: "month-past".into() },
        Body::Cue(Box::new(cue(Some(slot(5)), Trigger::Schedule))),
        Body::Start(start(7)),
        Body::Segment(SegmentFact { airing: 7, n: 0, file: digest(0xef), frames: Frames(480_000) }),
        Body::End(Box::new(end(7, Some(slot(5)), Outcome::Full))),
        Body::Missed(Missed {
            slot: slot(12),
            planned_ms: WALL_MS + 606_600_000,
            outcome: Outcome::Missed,
            reason: Reason::PowerOff,
            detail: "tắt từ 04:10 đến 06:02".into(),
        }),
        Body::Device(DeviceFact {
            state: DeviceState::Lost,
            device: "pulse:loa".into(),
            detail: "Connection \"terminated\"\n".into(),
            position: Some(Frames(96_000)),
        }),
        Body::ClockStep { step_ms: -180_000 },
        Body::Gap { reason: "disk-full".into() },
        Body::Operator(OperatorAct {
            act: "hold".into(),
            by: "Trần Thị B".into(),
            reason: "quốc tang".into(),
            slot: Some(slot(19)),
            until_ms: Some(WALL_MS + 86_400_000),
        }),
    ]
}

pub fn bodies() -> Vec<Body> {
    first_bodies().into_iter().chain(later_bodies()).collect()
}

/// What people enter, and how a log ends.
fn later_bodies() -> Vec<Body> {
    let month = "2022-03".parse().unwrap();
    vec![
        Body::Note {
            slot: slot(12), by: "Trần Thị B".into(), text: "mất điện toàn phường".into()
        },
        Body::Correct { entry: 16, by: "Trần Thị B".into(), text: "chỉ mất điện khu 3".into() },
        Body::Manual(Box::new(ManualFact {
            slot: Some(slot(12)),
            month,
            programme: "cchc".into(),
            first_ms: WALL_MS + 610_000_000,
            last_ms: WALL_MS + 610_720_000,
            outcome: Outcome::Full,
            by: "Trần Thị B".into(),
            text: "phát bằng máy FM cũ".into(),
            statement: digest(0xab),
        })),
        Body::Hold(HoldFact {
            from: "2022-03-01".into(),
            to: "2022-03-31".into(),
            lifts: None,
            by: "Lê Văn C".into(),
            reason: "có đơn phản ánh".into(),
        }),
        Body::Delete(DeleteFact {
            file: "cchc/nhac-hieu.mp3".into(),
            digest: digest(0xef),
            bytes: 160_000,
            month,
        }),
        Body::Heartbeat {},
        Body::Shutdown { reason: "sigterm".into() },
    ]
}

/// What a witness brings.
pub fn bodies_of_witnesses() -> Vec<Body> {
    let fact = AnchorFact {
        size: 25,
        root: digest(0xac),
        by: "loa/centre/duc-pho".into(),
        time: 1_646_433_000,
        signature: "3q2+7wAAAABiIS+o".into(),
    };
    vec![Body::Anchor(Box::new(fact))]
}

/// What tells the ward's own schedule from the centre's.
fn bodies_of_the_ward() -> Vec<Body> {
    let (month, ward) = ("2022-03".parse().unwrap(), true);
    let (by, document) = ("Phạm Thị D".to_owned(), "03/UBND".to_owned());
    vec![
        Body::Approve {
            month,
            ward,
            digest: digest(0xa1),
            by: by.clone(),
            document: document.clone(),
            key: "pho-minh/duyet+1a2b3c4d".into(),
        },
        Body::ScheduleAccept(ScheduleFact {
            month,
            ward,
            revision: 1,
            digest: digest(0xa1),
            slots: digest(0xb1),
            count: 2,
            approval: digest(0xd1),
            by,
            document,
        }),
        Body::ScheduleRefuse { month, ward, digest: digest(4), reason: "slot-overlaps-centre".into() },
        Body::Cue(Box::new(Cue { ward, programme: "ban-tin".into(), ..cue(None, Trigger::Manual) })),
    ]
}

/// What people do in the pages.
fn bodies_of_the_pages() -> Vec<Body> {
    let by = || "Phạm Thị D".to_owned();
    vec![
        Body::Read { by: by(), what: "2022-03/cchc/2022-03-05T05:30:00".into() },
        Body::Operator(OperatorAct {
            act: "people".into(),
            by: by(),
            reason: "thêm người trực máy `an`".into(),
            slot: None,
            until_ms: None,
        }),
    ]
}

/// One entry of every kind, in an order that a log could have; seconds apart.
pub fn every_kind() -> Vec<Entry> {
    entries(bodies())
}

/// The kinds that tell the ward's own schedule from the centre's, of a ward.
pub fn of_the_ward() -> Vec<Entry> {
    entries(bodies_of_the_ward())
}

/// The kinds that tell what people did in the pages.
pub fn of_the_pages() -> Vec<Entry> {
    entries(bodies_of_the_pages())
}

fn entries(bodies: Vec<Body>) -> Vec<Entry> {
    let entry = |(seq, body)| {
        let ms = i64::try_from(seq).unwrap() * 1000;
        Entry { seq: u64::try_from(seq).unwrap(), clk: clk(ms), body }
    };
    bodies.into_iter().enumerate().map(entry).collect()
}

fn any_body() -> impl Iterator<Item = Body> {
    let bodies = bodies().into_iter().chain(bodies_of_the_ward()).chain(bodies_of_the_pages());
    bodies.chain(bodies_of_witnesses())
}

/// Random entries: a random kind with random texts and numbers where it has any.
pub fn any_entry() -> impl Strategy<Value = Entry> {
    let number = -super::canonical::MOST_INTEGER..=super::canonical::MOST_INTEGER;
    let text = prop_oneof![any::<String>(), "[\\x00-\\x1f\"\\\\a-zđ]{0,12}"];
    (0..any_body().count(), text, number, any::<[u8; 16]>(), any::<bool>(), 0..1u64 << 53).prop_map(
        |(which, text, number, boot, sync, seq)| {
            let mut body = any_body().nth(which).unwrap_or(Body::Heartbeat {});
            let frames = Frames(seq);
            match &mut body {
                Body::LogOpen { reason, previous, after, .. } => {
                    *previous = sync.then_some(digest(boot[0]));
                    *after = previous.map(|endorsement| After {
                        origin: ORIGIN.into(),
                        seen: Some(seq),
                        endorsement: Some(endorsement),
                        by: text.clone(),
                        text: text.clone(),
                    });
                    *reason = text;
                }
                Body::Boot(facts) => facts.last_alive_ms = sync.then_some(number),
                Body::Cue(cue) => {
                    cue.by = text;
                    cue.airing = sync.then_some(seq);
                    cue.slot = None;
                    cue.planned_ms = number;
                }
                Body::End(end) => {
                    end.consumed = frames;
                    end.reason = sync.then_some(Reason::DeviceLost);
                }
                Body::Device(fact) => {
                    fact.detail = text;
                    fact.position = sync.then_some(frames);
                }
                Body::Missed(missed) => missed.detail = text,
                Body::ClockStep { step_ms } => *step_ms = number,
                Body::Manual(fact) => {
                    fact.text = text;
                    fact.first_ms = number;
                }
                Body::Hold(fact) => {
                    fact.reason = text;
                    fact.lifts = sync.then_some(seq);
                }
                Body::Delete(fact) => {
                    fact.file = text;
                    fact.bytes = seq;
                }
                Body::Note { text: said, .. } | Body::Read { what: said, .. } => *said = text,
                Body::Shutdown { reason } | Body::Gap { reason } => *reason = text,
                _ => {}
            }
            let clk =
                Clk { wall_ms: number, boot_ms: -number, boot: hex::encode(boot), sync, offset_min: -90 };
            Entry { seq, clk, body }
        },
    )
}
