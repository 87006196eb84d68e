//! The real scheduler, player and store of a month, on a manual clock at full speed, into a log of its
//! own origin that proves nothing.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::{
    engine::{Engine, Follow, Incoming, LONGEST_SLEEP, Ports},
    past::Past,
    run::{INBOX, rules, take_up},
};
use crate::{
    airing::{self, Input, Planned},
    clock::{Clock, Manual},
    control::{self, ControlError, Folder, MonthFile, Stamper, Standing, survey},
    evidence::Body,
    keys::SigningKey,
    playout::{Choice, Player},
    programme::civil,
    store::{Log, Writer},
    units::ScheduleName,
};

/// What to rehearse.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// Which month; by the centre's schedule, the ward's own beside it airs too.
    pub schedule: ScheduleName,
    /// Only this many days from its first.
    pub days: Option<u32>,
    /// Cut the power at moments drawn from this seed.
    pub faults: Option<u64>,
}

/// Rehearses in `scratch` (which must not hold a log yet) and gives the path of the log that came of it.
/// `progress` is called with the percentage of time that has passed.
pub fn rehearse(
    folder: &Folder,
    what: &Rehearsal,
    scratch: &Path,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<std::path::PathBuf> {
    let named = survey(folder, what.schedule)?;
    if let Standing::Invalid(findings) | Standing::InTheWay(findings) = named.standing {
        return Err(ControlError::Findings(findings).into());
    }
    let month = what.schedule.month;
    let zone = folder.station.zone;
    let begin = civil::instant(zone, month.first().and_time(chrono::NaiveTime::MIN)).0;
    let last = what.days.map_or(month.next().first(), |days| {
        (month.first() + TimeDelta::days(i64::from(days))).min(month.next().first())
    });
    let end = civil::instant(zone, last.and_time(chrono::NaiveTime::MIN)).0;
    // The station comes up half an hour before the month does, as a ward PC that was on already.
    let clock = Arc::new(Manual::at(begin - TimeDelta::minutes(30)));
    let mut scratch_folder = folder.clone();
    // Its own log and side files; masters are the station's, rendered once.
    scratch_folder.station.data = scratch.to_path_buf();
    let key = SigningKey::generate(&format!("loa/rehearsal/{}", folder.station.id))?;
    let path = scratch.join("log.db");
    let origin = format!("loa/rehearsal/{}/1", folder.station.id);
    let clk = control::clk(clock.as_ref(), zone);
    drop(Log::create(&path, &origin, SigningKey::parse(key.secret_text())?, clk, "rehearsal")?);

    let mut slots = named.slots;
    let beside = ScheduleName::ward(month);
    if !what.schedule.ward && MonthFile::find(folder, beside)?.is_some() {
        slots.extend(survey(folder, beside)?.slots);
        slots.sort_by_key(|slot| slot.at);
    }
    let cuts = what.faults.map_or(Vec::new(), |seed| power_cuts(seed, &slots));
    let mut lives = cuts.into_iter().filter(|cut| cut.at < end).collect::<Vec<_>>();
    lives.push(Cut { at: end, off: TimeDelta::zero() });
    let whole = (end - begin).num_seconds().max(1);
    let mut percent = |now: DateTime<Utc>| {
        progress(u64::try_from((now - begin).num_seconds().clamp(0, whole) * 100 / whole).unwrap_or(0));
    };
    for cut in lives {
        if clock.now().wall < cut.at {
            live(&scratch_folder, what.schedule, &key, &clock, &cut, cut.at == end, &mut percent)?;
            clock.reboot(cut.off);
        }
    }
    Ok(path)
}

/// One life of the station, from its start to the power cut; an orderly end only when `in_order`.
fn live(
    folder: &Folder,
    schedule: ScheduleName,
    key: &SigningKey,
    clock: &Arc<Manual>,
    cut: &Cut,
    in_order: bool,
    progress: &mut dyn FnMut(DateTime<Utc>),
) -> anyhow::Result<()> {
    let log = Log::open(&folder.log_path(), SigningKey::parse(key.secret_text())?)?;
    let rules = rules(folder, false, true);
    let mut past = Past::read(&log, &rules.policy)?;
    let (missed, rundowns) = take_up(&log, &mut past, &rules, clock.as_ref())?;
    let (inbox, mut incoming) = mpsc::channel(INBOX);
    let (mut writer, handle) = Writer::new(log);
    let (commands, player_inbox) = std::sync::mpsc::channel();
    let (outbox, events) = std::sync::mpsc::channel();
    let settings = folder.station.output.clone();
    let mut player = Player::new(Choice::Rehearsal, settings, clock.clone(), player_inbox, outbox);
    let ports = Ports {
        stamper: Some(Stamper::open(&folder.data().join("position"))?),
        clock: clock.clone(),
        folder: Arc::new(folder.clone()),
        writer: handle,
        player: Box::new(move |command| commands.send(command).is_ok()),
        inbox: inbox.clone(),
        work: Box::new(|job| job()),
        output: "rehearsal".into(),
        follow: Follow::Only(schedule),
    };
    let mut engine = Engine::start(ports, rules, past, missed);
    for (schedule, slots) in rundowns {
        engine.turn_input(Input::Rundown { schedule, slots, standing: airing::Standing::Known });
    }
    engine.turn(Incoming::Tick);
    loop {
        // Everything that is due now settles before time moves.
        let wake = player.step();
        writer.drain();
        let told: Vec<_> = events.try_iter().map(Incoming::Player).collect();
        let came = std::iter::from_fn(|| incoming.try_recv().ok());
        let waiting: Vec<_> = came.chain(told).collect();
        if !waiting.is_empty() {
            for next in waiting {
                engine.turn(next);
            }
            continue;
        }
        if let Some(why) = engine.broken.take() {
            anyhow::bail!(why);
        }
        let now = clock.now().wall;
        progress(now);
        if now >= cut.at {
            break;
        }
        let player_wake = wake.and_then(|wake| TimeDelta::from_std(wake).ok()).unwrap_or(LONGEST_SLEEP);
        let idle = engine.is_idle() && wake.is_none();
        let controller_wake = if idle { engine.next_wake_unset(now) } else { engine.next_wake(now) };
        // At least a millisecond, so that time always moves; never beyond the end of this life.
        let span = controller_wake.min(player_wake.max(TimeDelta::milliseconds(1)));
        let span = if idle { controller_wake } else { span };
        clock.advance(span.max(TimeDelta::milliseconds(1)).min(cut.at - now));
        engine.turn(Incoming::Tick);
    }
    if in_order {
        engine.record(vec![Body::Shutdown { reason: "end of the rehearsal".into() }]);
        writer.drain();
    }
    Ok(())
}

/// The power goes at an instant and stays away.
struct Cut {
    at: DateTime<Utc>,
    off: TimeDelta,
}

/// Power cuts drawn from a seed: about every third slot is hit, from just before its start to its end, for
/// twenty seconds, three minutes or three quarters of an hour.
fn power_cuts(seed: u64, slots: &[Planned]) -> Vec<Cut> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut cuts = Vec::new();
    for slot in slots {
        let hit = random.u8(0..3) == 0;
        let at = slot.at + TimeDelta::milliseconds(random.i64(-30_000..780_000));
        let off = random.choice([20, 180, 2700]).map_or(TimeDelta::zero(), TimeDelta::seconds);
        if hit {
            cuts.push(Cut { at, off });
        }
    }
    cuts
}
