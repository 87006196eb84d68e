//! Somebody before a browser, as far as a page can tell: cookies, forms with their token, no redirect followed unseen.

use std::{cell::RefCell, collections::BTreeMap};

use ureq::{Agent, http::HeaderMap};

/// Somebody who visits the pages.
pub struct Visitor {
    agent: Agent,
    base: String,
    cookies: RefCell<BTreeMap<String, String>>,
    /// The token of the session's forms, as the last page had it.
    pub token: RefCell<String>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Empty for a stream that goes on and on.
    pub text: String,
    /// The same as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The header `name`; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The first value of the hidden field `name`.
    pub fn hidden(&self, name: &str) -> String {
        let rest = self.text.split(&format!("name=\"{name}\" value=\"")).nth(1);
        rest.unwrap_or_else(|| panic!("{name}: {}", self.text)).split('"').next().unwrap().to_owned()
    }
}

impl Visitor {
    /// Adds a programme called `id` to `month`, of one `file` below the media folder.
    pub fn add_programme(&self, month: &str, id: &str, file: &str) {
        let path = format!("/month/{month}");
        let seen = self.get(&path).hidden("seen");
        let programme = [
            ("seen", seen.as_str()),
            ("op", "programme-add"),
            ("id", id),
            ("title", "Cải cách hành chính"),
            ("column", "Cải cách hành chính"),
            ("source", "town"),
            ("topic", "II.1"),
            ("editor", "Nguyễn Thị Lan"),
            ("file", file),
        ];
        let answer = self.post(&path, &programme);
        assert_eq!(answer.status, 303, "{}", answer.text);
    }

    /// Nobody yet, at the pages under `base`.
    pub fn at(base: &str) -> Visitor {
        Visitor::with(base, Agent::config_builder())
    }

    /// The same with a way to connect of its own.
    pub fn with(base: &str, config: ureq::config::ConfigBuilder<ureq::typestate::AgentScope>) -> Visitor {
        let agent =
            config.http_status_as_error(false).max_redirects(0).max_idle_connections(0).build().new_agent();
        let (base, cookies, token) =
            (base.trim_end_matches('/').into(), RefCell::default(), RefCell::default());
        Visitor { agent, base, cookies, token }
    }

    /// Asks for a page.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None, &[])
    }

    /// Sends a form with the session's token.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.borrow().clone();
        let fields: Vec<_> = fields.iter().copied().chain([("token", token.as_str())]).collect();
        self.ask("POST", path, Some(&fields), &[])
    }

    /// Sends exactly this.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        fields: Option<&[(&str, &str)]>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = fields.map(|fields| {
            let body = serde_urlencoded::to_string(fields).unwrap();
            ("application/x-www-form-urlencoded", body.into_bytes())
        });
        self.send(method, path, body, headers)
    }

    /// Sends `bytes`, as a script does, with the session's token in a header.
    pub fn piece(&self, path: &str, kind: &str, bytes: &[u8]) -> Answer {
        let token = self.token.borrow().clone();
        self.send("POST", path, Some((kind, bytes.to_vec())), &[("x-token", &token)])
    }

    /// The cookies, as a header has them.
    pub fn cookies(&self) -> String {
        let cookies: Vec<_> = self.cookies.borrow().iter().map(|(n, v)| format!("{n}={v}")).collect();
        cookies.join("; ")
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let cookies = self.cookies();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some((kind, body)) => self.agent.run(request.header("content-type", kind).body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        for set in response.headers().get_all("set-cookie") {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let gone = rest.contains("Max-Age=0");
            let mut cookies = self.cookies.borrow_mut();
            if gone { drop(cookies.remove(name)) } else { drop(cookies.insert(name.into(), value.into())) }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes = if stream { Vec::new() } else { response.body_mut().read_to_vec().unwrap_or_default() };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((_, rest)) = text.split_once("data-token=\"") {
            *self.token.borrow_mut() = rest.split('"').next().unwrap().into();
        }
        Answer { status, headers, text, bytes }
    }

    /// Sends a file, in a form that carries its token in its address.
    pub fn upload(&self, path: &str, field: &str, name: &str, bytes: &[u8]) -> Answer {
        self.uploads(path, &[(field, name, bytes)])
    }

    /// The same with several files: field, name, bytes.
    pub fn uploads(&self, path: &str, files: &[(&str, &str, &[u8])]) -> Answer {
        let more = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{more}token={}", self.token.borrow());
        let mut body = Vec::new();
        for (field, name, bytes) in files {
            let told = format!("form-data; name=\"{field}\"; filename=\"{name}\"");
            body.extend(format!("--xx\r\ncontent-disposition: {told}\r\n\r\n").bytes());
            body.extend([bytes, &b"\r\n"[..]].concat());
        }
        body.extend(b"--xx--\r\n");
        self.send("POST", &path, Some(("multipart/form-data; boundary=xx", body)), &[])
    }

    /// Signs in, and looks at a page, so that the token is known. Gives where the sign-in led to.
    pub fn sign_in(&self, id: &str, password: &str) -> Answer {
        let answer = self.ask("POST", "/sign-in", Some(&[("id", id), ("password", password)]), &[]);
        self.get("/password");
        answer
    }

    /// Whether somebody is signed in.
    pub fn is_in(&self) -> bool {
        self.get("/password").status == 200
    }
}
