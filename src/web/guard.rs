//! What holds for every request before any page is asked: its host, its origin, and what every answer says of itself.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};

use super::{
    error::{Fault, Typed},
    gate,
    site::Site,
};
use crate::words::{self, Message};

/// A client that sends nothing of its body for so long is gone.
const BODY_PAUSE: Duration = Duration::from_secs(30);

/// Puts the guard before `pages`.
pub(super) fn guarded(pages: Router, site: &Site) -> Router {
    pages
        .layer(CatchPanicLayer::custom(panicked))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(from_fn_with_state(site.clone(), guard))
}

#[allow(clippy::needless_pass_by_value, reason = "what `CatchPanicLayer` hands over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    Fault::failed(words::of_panic(&*panic)).into_response()
}

/// The machine before which somebody sits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub IpAddr);

async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let lang = gate::lang(request.headers());
    let client = client(&site, &request);
    request.extensions_mut().insert(client);
    let mut response = match refusal(&site, &request) {
        Some(fault) => fault.into_response(),
        None => next.run(request).await,
    };
    let fault = response.extensions_mut().remove::<Fault>().or_else(|| unsaid(&response));
    if let Some(fault) = fault {
        let allowed = response.headers_mut().remove(header::ALLOW);
        let typed = response.extensions_mut().remove::<Typed>().unwrap_or_default();
        response = fault.page(lang, typed);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().extend(allowed.map(|allowed| (header::ALLOW, allowed)));
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(*name).or_insert(HeaderValue::from_static(value));
    }
    if site.strict {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// What the router itself refuses, in its own words: here it is said in ours.
fn unsaid(response: &Response) -> Option<Fault> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let code = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => "web-missing",
        StatusCode::PAYLOAD_TOO_LARGE if plain => "web-too-long",
        status if plain && status.is_client_error() => "web-unclear",
        status if plain && status.is_server_error() => "web-failed",
        _ => return None,
    };
    Some(Fault::new(response.status(), Message::new(code)))
}

const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Who is at the other end of the line.
fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(at)| at.ip().to_canonical())
}

/// Who asks: the one at the other end or, where that is the proxy, the one for whom it says that it asks. What came
/// before the last name of its list anybody may have written.
fn client(site: &Site, request: &Request) -> Client {
    let peer = peer(request);
    let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    Client(last.filter(|_| site.proxy == Some(peer)).unwrap_or(peer))
}

fn refusal(site: &Site, request: &Request) -> Option<Fault> {
    if site.proxy.is_some_and(|proxy| proxy != peer(request)) {
        return Some(Fault::new(StatusCode::FORBIDDEN, Message::new("web-not-proxy")));
    }
    let host = host(request).unwrap_or_default();
    let name = bare(host);
    let address = || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let known = site.hosts.contains(&name) || (site.any_address && address());
    if !known {
        return Some(Fault::new(StatusCode::MISDIRECTED_REQUEST, Message::new("web-host")));
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !same_origin(request.headers(), host) {
        return Some(Fault::new(StatusCode::FORBIDDEN, Message::new("web-forged")));
    }
    None
}

/// The one host for which `request` asks; none where it names several, for then everybody on the way picks another.
fn host(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    let target = request.uri().authority().is_none_or(|target| target.as_str().eq_ignore_ascii_case(host));
    (target && hosts.next().is_none()).then_some(host)
}

/// The name of a host without its port.
fn bare(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.to_ascii_lowercase()
}

/// Whether no other site made the browser send this. A browser says so in one of three headers; whoever says none of
/// them is no browser and carries no one's cookies by accident.
fn same_origin(headers: &HeaderMap, host: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let from = headers.get(header::ORIGIN).or_else(|| headers.get(header::REFERER));
    let Some(from) = from else { return true };
    let from = from.to_str().unwrap_or_default().split_once("://");
    from.is_some_and(|(_, of)| of.split('/').next().is_some_and(|of| of.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_without_its_port() {
        for (host, expected) in [
            ("127.0.0.1:8470", "127.0.0.1"),
            ("LocalHost", "localhost"),
            ("[::1]:8470", "[::1]"),
            ("[::1]", "[::1]"),
            ("evil.example:80:80", "evil.example:80"),
            ("", ""),
        ] {
            assert_eq!(bare(host), expected);
        }
    }

    #[test]
    fn other_sites_are_told_by_what_browsers_say() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v)))
                .collect::<HeaderMap>()
        };
        for (pairs, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://loa:1")], false),
            (&[("origin", "http://loa:1")], true),
            (&[("origin", "http://loa:2")], false),
            (&[("origin", "null")], false),
            (&[("referer", "http://loa:1/on-air")], true),
            (&[("referer", "http://loa:1.evil.example/")], false),
            (&[("referer", "http://evil.example/http://loa:1/")], false),
        ] {
            assert_eq!(same_origin(&headers(pairs), "loa:1"), expected, "{pairs:?}");
        }
    }
}
