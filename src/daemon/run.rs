//! The engine on the machine's clock: tokio's timers, signals and control socket turn it.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chrono::TimeDelta;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
};

use super::{
    engine::{Engine, Follow, Incoming, Ports, Work},
    memory::share_one_heap,
    past::{Past, slots_of},
    socket::Socket,
    ways::{self, Ways},
};
use crate::{
    airing::{Input, Planned, Rules, Standing},
    clock::{Clock, System},
    control::{self, Ask, Centre, ControlError, Folder, Reply, Stamper, Studio},
    evidence::Body,
    playout::{Choice, Command, Event, Player},
    store::{Log, Writer},
    sync::Told,
    units::ScheduleName,
    web,
    words::Message,
};

/// How many incoming things may wait. The player tells at most ten a second and people are slower; a full
/// inbox means that the loop hangs, and then the watchdog ends it while the ring still sounds.
pub(super) const INBOX: usize = 1024;

/// Longest wait for the player to fade and for what was on air to be closed at the end.
const CLOSING: Duration = Duration::from_secs(3);

/// What to run besides the schedule.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Output instead of the configured one: `pulse:NAME`, `alsa:NAME`, `wav:FILE`, `default`.
    pub output: Option<String>,
    /// Do only this, without any schedule, and end: a manual airing where no daemon runs.
    pub once: Option<Ask>,
}

/// Runs the station until SIGTERM or SIGINT; with `once`, until that is over. The answer to `once` is told
/// as soon as there is one. Fails when another process holds the folder, the log cannot be opened, or the system refuses.
pub fn run(folder: Folder, options: Options, told: &mut dyn FnMut(&Reply)) -> anyhow::Result<()> {
    share_one_heap();
    let lock = folder.lock()?;
    if options.once.is_none() {
        ways::recover(&folder);
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start tokio")?;
    let clock: Arc<dyn Clock> = Arc::new(System::new());
    // It waits for its stores by itself, which nobody may on a thread that drives a runtime.
    let centre = if options.once.is_none() {
        Centre::open(Arc::new(folder.clone()), Arc::clone(&clock))?
    } else {
        None
    };
    let ended = runtime.block_on(serve(folder, clock, centre, options, told));
    drop(lock);
    ended
}

/// The output that is wanted, as it was named and as it is understood.
fn output_of(folder: &Folder, options: &Options) -> Result<(String, Choice), ControlError> {
    let output = options.output.clone().unwrap_or_else(|| folder.station.output.device.clone());
    let unclear = |_| ControlError::Usage(Message::new("output-unclear").with("output", &output));
    let choice = output.parse().map_err(unclear)?;
    Ok((output, choice))
}

async fn serve(
    folder: Folder,
    clock: Arc<dyn Clock>,
    centre: Option<Centre>,
    options: Options,
    told: &mut dyn FnMut(&Reply),
) -> anyhow::Result<()> {
    let (output, choice) = output_of(&folder, &options)?;
    // A centre without a loudspeaker has the same people, months and log, and no slots of its own.
    let airs = folder.centre.as_ref().is_none_or(|centre| centre.airs);
    let key = folder.key("station").map_err(|_| ControlError::No(Message::new("log-missing")))?;
    let log_path = folder.log_path();
    let log = Log::take_up(&log_path, key).map_err(ControlError::from)?;
    if let Some(ask) = &options.once {
        // What will be refused leaves no trace of this process either.
        control::record(&folder, log.reader(), ask, clock.now().wall)?;
    } else if let Err(error) = control::sweep_imports(&folder) {
        tracing::warn!("what an import left: {error}");
    }
    let rules = rules(&folder, choice.is_device(), false);
    let mut past = Past::read(&log, &rules.policy)?;
    let (missed, rundowns) = take_up(&log, &mut past, &rules, clock.as_ref())?;

    let (inbox, mut incoming) = mpsc::channel(INBOX);
    let (writer, writing) = Writer::spawn(log)?;
    let mut settings = folder.station.output.clone();
    // The second output of the settings stands in for the first of the settings, for nothing else.
    settings.second = settings.second.filter(|_| options.output.is_none());
    let (player, events) = Player::spawn(choice, settings, clock.clone())?;
    let player = Arc::new(Mutex::new(Some(player)));
    let commanded = player.clone();
    let forwarding = forward(events, inbox.clone())?;
    let listen = || Socket::listen(&folder.socket_path(), inbox.clone());
    let socket = listen().or_else(|error| if Log::give_names(&log_path) { listen() } else { Err(error) })?;
    let ports = Ports {
        stamper: Some(Stamper::open(&folder.data().join("position"))?),
        clock: clock.clone(),
        folder: Arc::new(folder),
        writer,
        player: Box::new(move |command| {
            let player = commanded.lock().unwrap_or_else(PoisonError::into_inner);
            player.as_ref().is_some_and(|player| player.send(command).is_ok())
        }),
        inbox: inbox.clone(),
        work: threads(),
        output,
        follow: if options.once.is_some() || !airs { Follow::Nothing } else { Follow::Calendar },
    };
    let heard = Told::default();
    let (pages, ways) = if options.once.is_none() { surfaces(&ports, centre, &heard)? } else { (None, None) };
    let mut engine = Engine::start(ports, rules, past, missed);
    engine.centre = heard;
    if let Some(pages) = &pages {
        engine.web = pages.address();
    }
    let once = begin(&mut engine, options.once, airs.then_some(rundowns));
    turn_until_done(&mut engine, &mut incoming, clock.as_ref(), once, told).await?;
    close(&mut engine, &mut incoming).await;
    // Dropped, the player fades, closes the device and is waited for; then what it told last is taken.
    drop(player.lock().unwrap_or_else(PoisonError::into_inner).take());
    let _ = forwarding.join();
    while let Ok(next) = incoming.try_recv() {
        engine.turn(next);
    }
    let broken = engine.broken.clone();
    engine.end();
    // The last handle goes with the engine; the writer ends when it has written what waits.
    drop(engine);
    let _ = writing.join();
    drop(incoming);
    left(ways, pages);
    socket.close().await;
    Log::keep_names(&log_path);
    match broken {
        Some(why) => anyhow::bail!("{why}; start loa again to go on where it was heard"),
        None => Ok(()),
    }
}

/// Closes both.
fn left(ways: Option<Ways>, pages: Option<web::Place>) {
    if let Some(ways) = ways {
        ways.close();
    }
    if let Some(pages) = pages {
        pages.close();
    }
}

/// The pages and the ways to the centre and its stations, on their own threads: what is asked there comes in as everything
/// else does. A full inbox refuses.
fn surfaces(
    ports: &Ports,
    centre: Option<Centre>,
    told: &Told,
) -> anyhow::Result<(Option<web::Place>, Option<Ways>)> {
    let inbox = ports.inbox.clone();
    let asking: control::Asking = Box::new(move |ask, reply| {
        let _ = inbox.try_send(Incoming::Asked(ask, reply));
    });
    let studio = Studio::new(ports.folder.clone(), ports.clock.clone(), asking, centre);
    let ways = ways::open(&studio, Arc::clone(told))?;
    Ok((web::open(studio).context("open the pages")?, Some(ways)))
}

/// The first turns: the slots still to come, and what this process was started for; gives where that is answered.
fn begin(
    engine: &mut Engine,
    asked: Option<Ask>,
    rundowns: Option<Rundowns>,
) -> Option<oneshot::Receiver<Reply>> {
    let airs = rundowns.is_some();
    let rundowns = rundowns.unwrap_or_default();
    if asked.is_none() || matches!(asked, Some(Ask::Cancel { .. })) {
        for (schedule, slots) in rundowns {
            engine.turn_input(Input::Rundown { schedule, slots, standing: Standing::Known });
        }
    }
    if let Some(ask) = asked {
        let (reply, answer) = oneshot::channel();
        engine.turn(Incoming::Asked(ask, reply));
        return Some(answer);
    }
    if airs && engine.is_idle() {
        // What goes on after a cut needs the device at once.
        engine.command(Command::Probe);
    }
    engine.turn(Incoming::Tick);
    None
}

/// The rules of this station, as they bear on airing.
pub(super) fn rules(folder: &Folder, device: bool, rehearsal: bool) -> Rules {
    Rules {
        zone: folder.station.zone,
        windows: folder.station.windows.clone(),
        policy: folder.station.policy.clone(),
        enforce_windows: device || rehearsal,
        rehearsal,
    }
}

type Rundowns = Vec<(ScheduleName, Vec<Planned>)>;

/// What the log leaves to do at a start: entries for slots that passed while the station was off, and the
/// slots still to come.
pub(super) fn take_up(
    log: &Log,
    past: &mut Past,
    rules: &Rules,
    clock: &dyn Clock,
) -> Result<(Vec<Body>, Rundowns), ControlError> {
    let now = clock.now().wall;
    let startable_from = now - TimeDelta::seconds(i64::from(rules.policy.late_start_s));
    let detail = past.last.as_ref().map_or(String::new(), |last| {
        let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&rules.zone).to_rfc3339();
        format!("{} – {}", local(last.wall()), local(now))
    });
    // On a clock in doubt nothing has surely passed: the controller closes it when the clock is right.
    let trusts = past.clock(&clock.boot_id()).trusts(&rules.policy, &clock.now(), clock.health());
    let missed = if trusts { past.close_missed(log, startable_from, &detail)? } else { Vec::new() };
    let mut rundowns = Vec::new();
    // All of them, in order: what a later one dropped still owes its outcome.
    for fact in &past.accepted {
        rundowns.push((fact.name(), slots_of(log, fact)?));
    }
    Ok((missed, rundowns))
}

/// Slow work on threads of their own: rendering takes seconds, the loop must not.
fn threads() -> Work {
    Box::new(|job| {
        if let Err(error) = std::thread::Builder::new().name("work".into()).spawn(job) {
            tracing::error!("no thread for work: {error}");
        }
    })
}

async fn turn_until_done(
    engine: &mut Engine,
    incoming: &mut mpsc::Receiver<Incoming>,
    clock: &dyn Clock,
    mut once: Option<oneshot::Receiver<Reply>>,
    told: &mut dyn FnMut(&Reply),
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut answered = false;
    let watchdog = watchdog();
    let mut beat_at = watchdog.map(|_| Instant::now());
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    loop {
        if engine.broken.is_some() || engine.leaving || (answered && engine.is_idle()) {
            if let Some(refused) = engine.refused.take() {
                told(&Reply::No(refused));
            }
            return Ok(());
        }
        let wake = engine.next_wake(clock.now().wall).to_std().unwrap_or_default();
        let until_beat = beat_at.map(|at| at.saturating_duration_since(Instant::now()));
        let wake = until_beat.map_or(wake, |period| wake.min(period));
        tokio::select! {
            next = incoming.recv() => match next {
                Some(next) => engine.turn(next),
                None => return Ok(()),
            },
            // It may come from the log's writer, past the inbox.
            reply = answer_of(&mut once), if !answered => {
                answered = true;
                if let Some(reply) = reply {
                    told(&reply);
                }
            },
            () = tokio::time::sleep(wake) => engine.turn(Incoming::Tick),
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => match once {
                // A person who ends what they began means stop, not resume.
                Some(_) => engine.stop_at_terminal(),
                None => return Ok(()),
            },
        }
        if let (Some(at), Some(period)) = (beat_at, watchdog)
            && Instant::now() >= at
        {
            if engine.beat() {
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            }
            beat_at = Some(Instant::now() + period);
        }
    }
}

/// The answer to what this process was started for; never, when it is a daemon.
async fn answer_of(once: &mut Option<oneshot::Receiver<Reply>>) -> Option<Reply> {
    match once {
        Some(answer) => answer.await.ok(),
        None => std::future::pending().await,
    }
}

/// A third of the period within which systemd wants to hear of us: who is asked in one beat has until the next.
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|period| period / 3)
}

/// Fades what is on air and waits until it is closed.
async fn close(engine: &mut Engine, incoming: &mut mpsc::Receiver<Incoming>) {
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    engine.turn(Incoming::Shutdown);
    let closed = async {
        while !engine.is_idle() {
            match incoming.recv().await {
                Some(next) => engine.turn(next),
                None => break,
            }
        }
    };
    if tokio::time::timeout(CLOSING, closed).await.is_err() {
        tracing::warn!("the player did not close in time; what it had stays open in the log");
    }
}

/// Carries what the player tells to the loop, on a thread that ends with the player.
fn forward(events: Receiver<Event>, inbox: mpsc::Sender<Incoming>) -> anyhow::Result<JoinHandle<()>> {
    let carry = move || {
        for event in events {
            if inbox.blocking_send(Incoming::Player(event)).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("events".into()).spawn(carry).context("start a thread")
}
