//! A line between a station and its centre that can be cut at any byte, be slow, break again and again, or lead to nobody.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// No limit.
const FREE: i64 = i64::MAX / 2;

/// How the line is.
struct Line {
    /// Bytes that still pass, both ways together.
    left: AtomicI64,
    /// Bytes that pass by each connection, both ways together.
    each: AtomicI64,
    /// Bytes a second and way, for all connections together; zero where it is fast.
    rate: AtomicU64,
    /// Until when each way is taken by what was sent before, there and back.
    taken: [Mutex<Instant>; 2],
    /// Nothing passes behind a connection's first word.
    deaf: AtomicBool,
    cuts: AtomicU64,
    /// Bytes that came, both ways together.
    came: AtomicU64,
}

/// The line.
pub struct Proxy {
    address: String,
    to: Arc<Mutex<String>>,
    line: Arc<Line>,
    seen: AtomicU64,
    ended: Arc<AtomicBool>,
}

impl Proxy {
    /// A line to `to`, healthy at first.
    pub fn start(to: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (left, each) = (AtomicI64::new(FREE), AtomicI64::new(FREE));
        let (rate, deaf, cuts) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
        let taken = [Mutex::new(Instant::now()), Mutex::new(Instant::now())];
        let came = AtomicU64::new(0);
        let line = Arc::new(Line { left, each, rate, taken, deaf, cuts, came });
        let ended = Arc::new(AtomicBool::new(false));
        let to = Arc::new(Mutex::new(to.to_owned()));
        let (leads, between, ending) = (to.clone(), line.clone(), ended.clone());
        thread::spawn(move || {
            for one in listener.incoming() {
                if ending.load(SeqCst) {
                    return;
                }
                let to = leads.lock().unwrap().clone();
                let (Ok(one), Ok(other)) = (one, TcpStream::connect(to)) else { continue };
                let passed = Arc::new(AtomicI64::new(0));
                for (from, into, out) in [(&one, &other, true), (&other, &one, false)] {
                    let (from, into) = (from.try_clone().unwrap(), into.try_clone().unwrap());
                    let (line, passed) = (between.clone(), passed.clone());
                    thread::spawn(move || line.pass(from, into, &passed, out));
                }
            }
        });
        Proxy { address, to, line, seen: AtomicU64::new(0), ended }
    }

    /// Where stations find it.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Leads to `address` from now on whoever comes anew.
    pub fn lead_to(&self, address: &str) {
        address.clone_into(&mut self.to.lock().unwrap());
    }

    /// Lets `bytes` more pass, then breaks what passes, in mid-word, until it is healed or cut anew.
    pub fn cut_after(&self, bytes: i64) {
        self.seen.store(self.cuts(), SeqCst);
        self.line.left.store(bytes, SeqCst);
    }

    /// Waits until it broke.
    pub fn until_cut(&self) {
        let deadline = Instant::now() + Duration::from_secs(150);
        while self.cuts() == self.seen.load(SeqCst) {
            assert!(Instant::now() < deadline, "nothing passed that could be cut");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// How often it broke.
    pub fn cuts(&self) -> u64 {
        self.line.cuts.load(SeqCst)
    }

    /// How many bytes came to it, both ways together.
    pub fn came(&self) -> u64 {
        self.line.came.load(SeqCst)
    }

    /// Lets `bytes` pass by every connection, then breaks it.
    pub fn break_each_after(&self, bytes: i64) {
        self.line.each.store(bytes, SeqCst);
    }

    /// Lets so many bytes pass in a second, each way: all connections share it, one piece after the other.
    pub fn slow(&self, rate: u64) {
        self.line.rate.store(rate, SeqCst);
    }

    /// Lets the first word of each connection pass, and nothing that is said after it, nor that anybody hung up: the other
    /// end is there and never answers.
    pub fn deafen(&self) {
        self.line.deaf.store(true, SeqCst);
    }

    /// Lets everything pass again.
    pub fn heal(&self) {
        self.line.left.store(FREE, SeqCst);
        self.line.each.store(FREE, SeqCst);
        self.line.rate.store(0, SeqCst);
        self.line.deaf.store(false, SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
        self.line.deaf.store(false, SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

impl Line {
    fn pass(&self, mut from: TcpStream, mut into: TcpStream, passed: &AtomicI64, out: bool) {
        let (mut piece, mut first) = ([0; 4096], true);
        while let Ok(n @ 1..) = from.read(&mut piece) {
            if out && !std::mem::take(&mut first) && self.deaf.load(SeqCst) {
                continue;
            }
            self.take_its_time(n as u64, out);
            let length = i64::try_from(n).unwrap();
            self.came.fetch_add(n as u64, SeqCst);
            let left = self.left.fetch_sub(length, SeqCst);
            let of_each = self.each.load(SeqCst) - passed.fetch_add(length, SeqCst);
            let whole = usize::try_from(left.min(of_each).clamp(0, length)).unwrap();
            if into.write_all(&piece[..whole]).is_err() {
                break;
            }
            if whole < n {
                self.cuts.fetch_add(1, SeqCst);
                break;
            }
        }
        while self.deaf.load(SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = (from.shutdown(Shutdown::Both), into.shutdown(Shutdown::Both));
    }

    /// Holds `bytes` back until they have gone behind all that was sent before them, at the rate that holds now.
    fn take_its_time(&self, bytes: u64, out: bool) {
        let rate = self.rate.load(SeqCst);
        if rate == 0 {
            return;
        }
        let gone = {
            let mut taken = self.taken[usize::from(out)].lock().unwrap();
            *taken = (*taken).max(Instant::now()) + Duration::from_micros(bytes * 1_000_000 / rate);
            *taken
        };
        while self.rate.load(SeqCst) != 0 && Instant::now() < gone {
            thread::sleep(Duration::from_millis(5).min(gone.saturating_duration_since(Instant::now())));
        }
    }
}
