//! How each fault is brought upon the station, from outside, at its slot.

use std::{fs, thread::sleep, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{LEAD, PATIENCE, Slot, plan::Fate::*, station::Machine};

fn s(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// Lives through `slot`; `rest` are the slots behind it in its month, `before` those that have passed.
pub fn suffer(machine: &mut Machine, slot: &Slot, rest: &[Slot], before: &[Slot], revision: &mut u32) {
    let Slot { id, at, fate } = slot;
    match fate {
        Late | PowerStillOff => {}
        Peace => machine.arm(id, *at),
        KilledIdle | KilledArmed | KilledOnAir => killed(machine, slot),
        PowerOver | PowerDays | PowerBlinks | PowerHole | PowerGone => power(machine, slot, rest),
        SleepOver | SleepOnAir => asleep(machine, slot),
        SinkGone | SinkLate | ServerKilled | ServerFrozen => device(machine, slot),
        ClockSteps | ClockConfirmed | ClockDoubted | BootWrong | BootWrongOver | ClockOnAir => {
            clock(machine, slot);
        }
        DiskFullOver | DiskFullOnAir | DiskHangs => disk(machine, slot),
        FileChanged => {
            let file = machine.station.path("media/a.wav");
            let approved = fs::read(&file).unwrap();
            fs::write(&file, &approved[..approved.len() - 48_000]).unwrap();
            machine.pass_until(*at - s(50));
            machine.clocks.pass_until(*at + s(1));
            machine.status();
            machine.until_closed(id);
            fs::write(&file, approved).unwrap();
            machine.pass_until(*at + s(60));
        }
        Cancelled | Stopped | Held => people(machine, slot),
        Revised | Dropped => {
            machine.pass_until(*at - if *fate == Revised { s(120) } else { TimeDelta::hours(6) });
            *revision += 1;
            let kept: Vec<DateTime<Utc>> = before
                .iter()
                .filter(|slot| slot.fate != Dropped)
                .chain((*fate == Revised).then_some(slot))
                .chain(rest)
                .map(|slot| slot.at)
                .collect();
            machine.station.issue(*revision, &["a.wav"], &kept);
            machine.pass_until(*at - s(if *fate == Revised { 85 } else { 3600 }));
            machine.until_accepted(*at, *revision);
            if *fate == Revised {
                machine.arm(id, *at);
            } else {
                machine.pass_until(*at + s(1));
            }
        }
    }
}

/// Lets the time pass in which the slot could begin, slowly enough for every attempt to have its turn.
fn outlast(machine: &Machine, at: DateTime<Utc>) {
    let from = machine.clocks.now();
    // Shorter than a stall.
    let step = TimeDelta::milliseconds(800);
    let steps = (at + PATIENCE + s(5) - from).num_milliseconds() / step.num_milliseconds();
    for _ in 0..=steps {
        machine.pass_until(machine.clocks.now() + step);
    }
}

fn killed(machine: &mut Machine, Slot { id, at, fate }: &Slot) {
    match fate {
        KilledIdle => machine.pass_until(*at - s(7200)),
        KilledArmed => {
            machine.make_ready(*at);
            machine.open();
            machine.cue(id, *at);
        }
        _ => machine.sound(id, *at),
    }
    machine.kill();
    machine.boot();
    match fate {
        KilledIdle => machine.arm(id, *at),
        KilledArmed => machine.clocks.pass_until(*at - LEAD),
        _ => {}
    }
}

fn power(machine: &mut Machine, Slot { id, at, fate }: &Slot, rest: &[Slot]) {
    let off = match fate {
        PowerOver => s(1200),
        PowerDays => rest[1].at - *at + s(1200),
        PowerBlinks => s(15),
        PowerHole => s(45),
        _ => s(600),
    };
    match fate {
        PowerOver | PowerDays => machine.pass_until(*at - s(600)),
        _ => machine.sound(id, *at),
    }
    machine.power_off(off);
    machine.boot();
}

fn asleep(machine: &mut Machine, Slot { id, at, fate }: &Slot) {
    if *fate == SleepOver {
        machine.pass_until(*at - s(600));
        machine.clocks.sleep(s(1200));
    } else {
        machine.sound(id, *at);
        machine.clocks.sleep(s(45));
    }
    machine.status();
}

fn device(machine: &mut Machine, Slot { id, at, fate }: &Slot) {
    match fate {
        SinkGone | SinkLate => {
            machine.pass_until(*at - s(70));
            machine.server.sink(false);
            machine.sinks_lost += 1;
            machine.cue(id, *at);
            machine.clocks.pass_until(*at - LEAD);
        }
        _ => machine.sound(id, *at),
    }
    match fate {
        SinkGone => {
            outlast(machine, *at);
            machine.until_closed(id);
            machine.server.sink(true);
        }
        SinkLate => {
            let wait = (*at + s(1) - machine.clocks.now()).to_std().unwrap_or_default();
            sleep(wait);
            machine.server.sink(true);
        }
        ServerKilled => {
            machine.server.kill();
            machine.until("sees the loss", |status| status["device"]["state"] == "error");
            machine.server.up();
        }
        _ => {
            machine.server.freeze(true);
            machine.until("sees the stall", |status| status["device"]["state"] == "error");
            machine.server.freeze(false);
        }
    }
}

fn clock(machine: &mut Machine, Slot { id, at, fate }: &Slot) {
    let clocks = machine.clocks;
    let doubted = |machine: &Machine| machine.status()["clock"]["state"] == "error";
    match fate {
        ClockSteps => {
            machine.pass_until(*at - s(3600));
            for step in [s(180), s(-180), s(-180), s(180)] {
                clocks.step(step);
                machine.status();
            }
            machine.arm(id, *at);
        }
        ClockConfirmed => {
            machine.pass_until(*at - s(3600));
            clocks.synchronise(false);
            for step in [s(-300), s(300)] {
                clocks.step(step);
                assert!(doubted(machine));
            }
            machine.station.ok(&["clock", "confirm", "--by", "Trực"]);
            machine.arm(id, *at);
            machine.until_closed(id);
            clocks.synchronise(true);
        }
        ClockDoubted => {
            machine.pass_until(*at - s(1800));
            clocks.synchronise(false);
            clocks.step(TimeDelta::days(-3652));
            assert!(doubted(machine));
            clocks.pass(s(3600));
            machine.status();
            clocks.step(TimeDelta::days(3652));
            clocks.synchronise(true);
            machine.status();
        }
        BootWrong | BootWrongOver => {
            machine.pass_until(*at - s(1800));
            machine.power_off(s(60));
            let right = clocks.now();
            clocks.synchronise(false);
            let wrong = if *fate == BootWrong { "1970-01-01T00:00:20Z" } else { "2000-01-01T00:00:20Z" };
            clocks.step_to(wrong.parse().unwrap());
            machine.boot();
            assert!(doubted(machine));
            let passed = if *fate == BootWrong { s(40) } else { s(3000) };
            clocks.pass(passed);
            machine.status();
            clocks.step_to(right + passed);
            clocks.synchronise(true);
            machine.status();
            if *fate == BootWrong {
                machine.arm(id, *at);
            }
        }
        _ => {
            machine.sound(id, *at);
            for step in [s(180), s(-180)] {
                clocks.step(step);
                machine.status();
            }
        }
    }
}

fn disk(machine: &mut Machine, Slot { id, at, fate }: &Slot) {
    match fate {
        DiskFullOver => {
            machine.make_ready(*at);
            machine.open();
            machine.disk("full", true);
            machine.pass_until(*at - s(9));
            // Its cue stands in the reserve.
            machine.until("is red", |status| status["disk"]["said"]["code"] == "lamp-disk-unwritten");
            machine.clocks.pass_until(*at - LEAD);
            machine.until("is over", |status| status["on_air"].is_null());
            machine.disk("full", false);
        }
        DiskFullOnAir => {
            machine.sound(id, *at);
            machine.disk("full", true);
            machine.until("is over", |status| status["on_air"].is_null());
            machine.disk("full", false);
        }
        _ => {
            machine.make_ready(*at);
            machine.open();
            machine.disk("hang", true);
            machine.pass_until(*at - s(9));
            sleep(Duration::from_secs(1));
            machine.disk("hang", false);
            machine.until_said(id, "play.cue");
            machine.clocks.pass_until(*at - LEAD);
        }
    }
}

fn people(machine: &mut Machine, Slot { id, at, fate }: &Slot) {
    let station = machine.station;
    match fate {
        Cancelled => {
            machine.pass_until(*at - s(7200));
            station.ok(&["cancel", id, "--reason", "quốc tang", "--by", "Trực"]);
        }
        Stopped => {
            machine.sound(id, *at);
            station.ok(&["stop", "--reason", "mưa bão", "--by", "Trực"]);
        }
        _ => {
            machine.pass_until(*at - s(1800));
            let until = (*at + s(1800)).to_rfc3339();
            station.ok(&["stop", "--reason", "mưa bão", "--hold-until", &until, "--by", "Trực"]);
            machine.make_ready(*at);
            machine.pass_until(*at - s(9));
            machine.until_closed(id);
            machine.pass_until(*at + s(1900));
        }
    }
}
