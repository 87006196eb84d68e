//! Connections to PostgreSQL: kept open, one for each question that is under way, and made anew when the database went
//! or changed its place.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use backon::{BlockingRetryable as _, ExponentialBuilder};
use postgres::{
    Client, Config, Row, Statement,
    config::{Host, SslMode},
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Fault;

/// How long a question is repeated whose failing may pass: longer than a replica takes to be promoted.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every connection is told before anything else. Nothing is answered before the server has it on its disk and, where
/// it has a synchronous replica, on that one's; and it warns where such a wait is broken off, whatever the role is told.
const GREETING: &str = "SELECT
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('search_path', 'loa_fleet', false),
  current_setting('fsync'), current_setting('server_encoding'),
  set_config('client_min_messages', 'notice', false)";

/// Writes one row anew, so that its commit waits for whatever lies before it in the server's journal.
const SETTLE: &str = "UPDATE version SET number = number";

/// The server's own function that warns when a wait for a replica is broken off; its words are in the server's language.
const BROKEN_OFF: &str = "SyncRepWaitForLSN";

/// A connection.
pub struct Line {
    /// The connection itself.
    pub client: Client,
    statements: HashMap<&'static str, Statement>,
    alone: Arc<AtomicBool>,
}

impl Line {
    /// `sql` as the server understood it, asked of it once a connection.
    pub fn statement(&mut self, sql: &'static str) -> Result<Statement, postgres::Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    /// The rows that `sql` answers.
    pub fn rows(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, postgres::Error> {
        let statement = self.statement(sql)?;
        self.client.query(&statement, values)
    }

    /// How many rows `sql` changed.
    pub fn change(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, postgres::Error> {
        let statement = self.statement(sql)?;
        self.client.execute(&statement, values)
    }

    /// Comes back when all that was committed before is where a commit of this connection would be.
    pub fn settle(&mut self) -> Result<(), postgres::Error> {
        self.change(SETTLE, &[]).map(drop)
    }
}

struct State {
    idle: Vec<Line>,
    out: usize,
}

/// So many connections at most.
pub struct Pool {
    config: Config,
    tls: MakeRustlsConnect,
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

impl Pool {
    /// `most` connections to where `config` says; none is made yet.
    pub fn new(config: Config, tls: MakeRustlsConnect, most: usize) -> Pool {
        let state = Mutex::new(State { idle: Vec::new(), out: 0 });
        Pool { config, tls, most, state, freed: Condvar::new() }
    }

    /// Asks over one of them. What fails in passing is asked again for half a minute, over a new connection; `ask` is
    /// told whether it may have been heard before.
    pub fn ask<T>(&self, ask: impl Fn(&mut Line, bool) -> Result<T, Fault>) -> Result<T, Fault> {
        let begun = Instant::now();
        let mut again = false;
        let once = || {
            let mut lent = self.lend()?;
            let answer = lent.ask(|line| ask(line, again));
            again = true;
            answer
        };
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(20))
            .with_max_delay(Duration::from_secs(1))
            .without_max_times()
            .with_jitter();
        let tell = |fault: &Fault, pause: Duration| {
            tracing::warn!(%fault, ?pause, "the fleet's database did not answer and is asked again");
        };
        once.retry(pauses).when(|fault| fault.passes() && begun.elapsed() < PATIENCE).notify(tell).call()
    }

    /// As [`Pool::ask`], for what changes something: an answer means that it is durable, also where it was done at an
    /// earlier asking whose answer got lost.
    pub fn change<T>(&self, change: impl Fn(&mut Line, bool) -> Result<T, Fault>) -> Result<T, Fault> {
        self.ask(|line, again| {
            line.alone.store(false, Ordering::Relaxed);
            let made = change(line, again)?;
            if again {
                line.settle()?;
            }
            if line.alone.load(Ordering::Relaxed) { Err(Fault::Alone) } else { Ok(made) }
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lent<'_>, Fault> {
        let full = |state: &mut State| state.out >= self.most;
        let waited = self.freed.wait_timeout_while(self.state(), PATIENCE, full);
        let (mut state, late) = waited.unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() {
            return Err(Fault::Busy);
        }
        state.out += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on the place is given back whatever happens.
        let mut lent = Lent { pool: self, line: None };
        lent.line = match idle {
            Some(line) => Some(line),
            None => Some(self.connect()?),
        };
        Ok(lent)
    }

    fn connect(&self) -> Result<Line, Fault> {
        let alone = Arc::new(AtomicBool::new(false));
        let mut config = self.config.clone();
        let told = Arc::clone(&alone);
        config.notice_callback(move |notice| {
            if notice.routine() == Some(BROKEN_OFF) {
                told.store(true, Ordering::Relaxed);
            }
        });
        let mut client = config.connect(self.tls.clone())?;
        let settings = client.query_one(GREETING, &[])?;
        for (column, name, wanted) in [(3, "fsync", "on"), (4, "server_encoding", "UTF8")] {
            let is: String = settings.try_get(column)?;
            if is != wanted {
                return Err(Fault::Careless(format!("{name} = {is}")));
            }
        }
        Ok(Line { client, statements: HashMap::new(), alone })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = mem::take(&mut self.state().idle);
        // A connection says goodbye before it goes, which no thread of a runtime may wait for.
        if tokio::runtime::Handle::try_current().is_ok() {
            thread::spawn(move || drop(idle));
        }
    }
}

/// A connection on loan.
struct Lent<'a> {
    pool: &'a Pool,
    line: Option<Line>,
}

impl Lent<'_> {
    fn ask<T>(&mut self, ask: impl FnOnce(&mut Line) -> Result<T, Fault>) -> Result<T, Fault> {
        let Some(line) = self.line.as_mut() else { return Err(Fault::Busy) };
        let answer = ask(line);
        if answer.as_ref().is_err_and(Fault::passes) || line.client.is_closed() {
            // Where one broke the others are of the same server.
            self.line = None;
            let others = mem::take(&mut self.pool.state().idle);
            drop(others);
        }
        answer
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.out -= 1;
        // What was left in the middle of a panic is no connection to go on with.
        state.idle.extend(self.line.take().filter(|_| !thread::panicking()));
        drop(state);
        self.pool.freed.notify_one();
    }
}

/// Where `url` leads, with the bounds that a failover needs: a host that is gone is noticed within seconds. Beyond this
/// machine connections are encrypted, but where the address says `sslmode=disable`.
pub fn config(url: &str) -> Result<Config, postgres::Error> {
    let mut config: Config = url.parse()?;
    if config.get_application_name().is_none() {
        config.application_name("loa");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(10));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(3)).keepalives_retries(3);
    }
    if config.get_ssl_mode() == SslMode::Prefer && !here(&config) {
        config.ssl_mode(SslMode::Require);
    }
    Ok(config)
}

/// Whether all of it is on this machine.
fn here(config: &Config) -> bool {
    let own = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    config.get_hosts().iter().all(own) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_connections_are_encrypted() {
        for (url, wanted) in [
            ("postgresql://loa@/loa?host=/run/postgresql", SslMode::Prefer),
            ("postgresql://loa@localhost,127.0.0.1,[::1]/loa", SslMode::Prefer),
            ("postgresql://loa@db.duc-pho.vn/loa", SslMode::Require),
            ("postgresql://loa@localhost,10.0.0.2/loa", SslMode::Require),
            ("postgresql://loa@localhost/loa?hostaddr=10.0.0.2", SslMode::Require),
            ("postgresql://loa@10.0.0.2/loa?sslmode=disable", SslMode::Disable),
            ("host=db user=loa", SslMode::Require),
        ] {
            assert_eq!(config(url).unwrap().get_ssl_mode(), wanted, "{url}");
        }
        assert!(config("postgresql://loa@db/loa?sslmode=verify").is_err());
    }

    #[test]
    fn a_host_that_is_gone_is_noticed_within_seconds() {
        let config = config("postgresql://loa@a,b/loa?connect_timeout=2").unwrap();
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(2)), "what was said holds");
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(10)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(10));
    }
}
