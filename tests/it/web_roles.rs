//! Every route of the pages against every role alone and nobody: the table of the program itself says who may.

use loa::{control::Role, web};

use super::support::{
    station::{Daemon, Station},
    visitor::Visitor,
};

const PASSWORD: &str = "mật khẩu để thử";

/// The path of a pattern: whatever stands for a part of it, nothing is meant by `x`.
fn path(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// A running station with one person a role, who signs in by the role's word.
fn address(daemon: &Daemon<'_>) -> String {
    let status = daemon.until("the pages are open", |status| status["web"].is_string());
    status["web"].as_str().unwrap().to_owned()
}

#[test]
fn every_route_is_open_to_its_roles_and_to_nobody_else() {
    let station = Station::new(&[("a.wav", 1)]);
    station.settle("");
    for (word, _) in Role::ALL {
        station.user(word, word, PASSWORD);
    }
    let daemon = station.daemon_alone();
    let address = address(&daemon);
    let mut faults = Vec::new();
    let mut asked = 0;
    for who in Role::ALL.into_iter().map(Some).chain([None]) {
        let browser = Visitor::at(&address);
        let sign_in = || {
            if let Some((word, _)) = who {
                assert_eq!(browser.sign_in(word, PASSWORD).status, 303, "{word} signs in");
            }
        };
        sign_in();
        for (method, pattern, may) in web::table() {
            let path = path(pattern);
            let answer = match method {
                "GET" => browser.get(&path),
                _ => browser.post(&path, &[]),
            };
            let expected = match (may, who) {
                (web::May::Anybody, _) | (web::May::SignedIn, Some(_)) => "open",
                (web::May::Has(roles), Some((_, role))) if roles.contains(&role) => "open",
                (_, Some(_)) => "forbidden",
                (_, None) => "sign-in",
            };
            let found = match answer.status {
                401 | 403 => "forbidden",
                303 if answer.header("location").starts_with("/sign-in?") => "sign-in",
                // A form that no page of this person sent is not kept.
                303 if who.is_none() && method == "POST" && answer.header("location") == "/sign-in" => {
                    "sign-in"
                }
                _ => "open",
            };
            // A wrong password is no closed door.
            let found = if (method, pattern) == ("POST", "/sign-in") { "open" } else { found };
            if found != expected {
                let who = who.map_or("nobody", |(word, _)| word);
                faults.push(format!("{method} {pattern} as {who}: {found} ({})", answer.status));
            }
            asked += 1;
            if method == "POST" && who.is_some() && !browser.is_in() {
                sign_in();
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(asked, 6 * web::table().len());
    daemon.end();
}
