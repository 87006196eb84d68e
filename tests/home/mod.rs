//! The way of a log to its centre without a line between them.

use loa::control::{Centre, Home};

/// Brings all of the log of `home` to `centre`, where it is enrolled if it is not yet.
pub fn bring(centre: &Centre, home: &Home) {
    let (wish, code) = home.wish().unwrap();
    if centre.ask(&wish).unwrap().standing == "asked" {
        centre.enrol(home.origin(), &code, "Lê Văn C").unwrap();
    }
    loop {
        let held = centre.known(home.origin()).unwrap();
        let old = held.frontier.size();
        if old == home.size().unwrap() {
            return;
        }
        let push = home.push(old, u64::MAX).unwrap();
        for digest in home.named(&push) {
            if let Some((kind, bytes)) = home.bytes(&push, digest).unwrap() {
                centre.keep(home.origin(), kind, &bytes).unwrap();
            }
        }
        centre.take(&held, &push.write()).unwrap();
    }
}
