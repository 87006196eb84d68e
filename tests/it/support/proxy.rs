//! A line between a station and its centre that can be cut at any byte.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// No limit.
const FREE: i64 = i64::MAX / 2;

/// The line.
pub struct Proxy {
    address: String,
    to: Arc<Mutex<String>>,
    /// Bytes that still pass, both ways together.
    left: Arc<AtomicI64>,
    cuts: Arc<AtomicU64>,
    seen: AtomicU64,
    ended: Arc<AtomicBool>,
}

impl Proxy {
    /// A line to `to`, healthy at first.
    pub fn start(to: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (left, cuts, ended) =
            (Arc::new(AtomicI64::new(FREE)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let to = Arc::new(Mutex::new(to.to_owned()));
        let (leads, passing, cutting, ending) = (to.clone(), left.clone(), cuts.clone(), ended.clone());
        thread::spawn(move || {
            for one in listener.incoming() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                let to = leads.lock().unwrap().clone();
                let (Ok(one), Ok(other)) = (one, TcpStream::connect(to)) else { continue };
                for (from, into) in [(&one, &other), (&other, &one)] {
                    let (from, into) = (from.try_clone().unwrap(), into.try_clone().unwrap());
                    let (left, cuts) = (passing.clone(), cutting.clone());
                    thread::spawn(move || pass(from, into, &left, &cuts));
                }
            }
        });
        Proxy { address, to, left, cuts, seen: AtomicU64::new(0), ended }
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
        self.seen.store(self.cuts.load(Ordering::SeqCst), Ordering::SeqCst);
        self.left.store(bytes, Ordering::SeqCst);
    }

    /// Waits until it broke.
    pub fn until_cut(&self) {
        let deadline = Instant::now() + Duration::from_secs(150);
        while self.cuts.load(Ordering::SeqCst) == self.seen.load(Ordering::SeqCst) {
            assert!(Instant::now() < deadline, "nothing passed that could be cut");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets everything pass again.
    pub fn heal(&self) {
        self.left.store(FREE, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.address);
    }
}

fn pass(mut from: TcpStream, mut into: TcpStream, left: &AtomicI64, cuts: &AtomicU64) {
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        let before = left.fetch_sub(i64::try_from(n).unwrap(), Ordering::SeqCst);
        let passes = usize::try_from(before.clamp(0, i64::try_from(n).unwrap())).unwrap();
        if into.write_all(&piece[..passes]).is_err() {
            break;
        }
        if passes < n {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), into.shutdown(Shutdown::Both));
}
