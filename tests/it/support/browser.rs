//! A real browser (Chromium, headless) driven from outside, as a person at a desk or with a telephone.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    elements::Element,
    error::CmdError,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Longest wait for something to appear: machines are slow, pages are not.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with one window and no memory of another.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    driver: Child,
    base: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window of `width` × `height` for the pages at `base`.
    pub fn open(base: &str, width: u32, height: u32) -> Browser {
        Browser::with(base, width, height, &json!({}))
    }

    /// The same, where no page may run a script.
    pub fn without_script(base: &str, width: u32, height: u32) -> Browser {
        let off = json!({ "profile.managed_default_content_settings.javascript": 2 });
        let browser = Browser::with(base, width, height, &off);
        browser.go("/sign-in");
        // What stands in it is read as elements only where no script may run.
        let off = "document.body.insertAdjacentHTML('beforeend', '<noscript><p>off</p></noscript>')";
        browser.script(off, Vec::new());
        assert!(browser.has("noscript p"), "scripts run");
        browser
    }

    fn with(base: &str, width: u32, height: u32, prefs: &Value) -> Browser {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: `make packages-test` installs it");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                Some(line.rsplit_once("started successfully on port ")?.1.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver tells its port");
        // Nobody may stop it from writing on.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let args = [
            "--headless".into(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--force-color-profile=srgb".into(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut capabilities = serde_json::Map::new();
        capabilities.insert(
            "goog:chromeOptions".into(),
            json!({ "args": args, "prefs": prefs, "binary": "/usr/bin/chromium" }),
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime
            .block_on(
                ClientBuilder::new(HttpConnector::new())
                    .capabilities(capabilities)
                    .connect(&format!("http://127.0.0.1:{port}")),
            )
            .expect("a browser");
        Browser { runtime, client, driver, base: base.into(), _profile: profile }
    }

    /// Makes its window as narrow or as wide.
    pub fn size(&self, width: u32, height: u32) {
        self.run(self.client.set_window_size(width, height)).unwrap();
    }

    /// Goes to `path`.
    pub fn go(&self, path: &str) {
        self.run(self.client.goto(&format!("{}{path}", self.base))).unwrap();
    }

    /// The path that it is at.
    pub fn path(&self) -> String {
        let url = self.run(self.client.current_url()).unwrap();
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// The element that `css` names, as soon as it is there.
    pub fn find(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css));
        self.run(wait)
            .unwrap_or_else(|error| panic!("no `{css}` at {}: {error}\n{}", self.path(), self.source()))
    }

    /// Whether there is such an element now.
    pub fn has(&self, css: &str) -> bool {
        !self.run(self.client.find_all(Locator::Css(css))).unwrap().is_empty()
    }

    /// What it shows.
    pub fn text(&self, css: &str) -> String {
        self.run(self.find(css).text()).unwrap()
    }

    /// What the field that `css` names holds.
    pub fn value(&self, css: &str) -> String {
        self.run(self.find(css).prop("value")).unwrap().unwrap_or_default()
    }

    /// Waits until what `css` shows is as `wanted`.
    pub fn until(&self, css: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // What changes by itself may be gone between finding and reading it.
            if let Ok(text) = self.run(async { self.client.find(Locator::Css(css)).await?.text().await })
                && wanted(&text)
            {
                return text;
            }
            assert!(Instant::now() < deadline, "`{css}` at {}: {}", self.path(), self.source());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types `text` into the field that `css` names, in place of what it held.
    pub fn fill(&self, css: &str, text: &str) {
        let field = self.find(css);
        self.run(async {
            field.clear().await?;
            field.send_keys(text).await
        })
        .unwrap_or_else(|error| panic!("`{css}`: {error}"));
    }

    /// Gives the files to the file field that `css` names, as dropping them does.
    pub fn give(&self, css: &str, files: &[&Path]) {
        let paths: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        let field = self.find(css);
        self.run(field.send_keys(&paths.join("\n"))).unwrap();
    }

    /// Clicks what `css` names, and waits for a page that comes of it.
    pub fn click(&self, css: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let element = self.find(css);
            match self.run(element.click()) {
                Ok(()) => return,
                // What changes by itself may be gone between finding and clicking it.
                Err(error) if error.to_string().contains("stale element") && Instant::now() < deadline => {}
                Err(error) => panic!("`{css}`: {error}\n{}", self.source()),
            }
        }
    }

    /// Drags what `from` names onto what `to` names, and waits until the page that comes of it is there.
    pub fn drag(&self, from: &str, to: &str) {
        self.script("document.body.dataset.left = 'no'", Vec::new());
        let show = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
        self.script(show, vec![from.into()]);
        let over = |css: &str, ms: u64| PointerAction::MoveToElement {
            element: self.find(css),
            duration: Some(Duration::from_millis(ms)),
            x: 0.0,
            y: 0.0,
        };
        let drag = MouseActions::new("mouse".into())
            .then(over(from, 0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(over(to, 200))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.run(self.client.perform_actions(drag)).unwrap();
        self.find("body:not([data-left])");
    }

    /// Sends the form that the button `css` belongs to, and waits until its answer is there.
    pub fn send(&self, css: &str) {
        self.script("document.body.dataset.left = 'no'", Vec::new());
        self.click(css);
        self.find("body:not([data-left])");
    }

    /// Forgets who is signed in, as when a session has ended.
    pub fn forget(&self) {
        self.run(self.client.delete_all_cookies()).unwrap();
    }

    /// Runs `script` in the page.
    pub fn script(&self, script: &str, args: Vec<Value>) -> Value {
        self.run(self.client.execute(script, args)).unwrap()
    }

    /// Signs in as `id`.
    pub fn sign_in(&self, id: &str, password: &str) {
        self.go("/sign-in");
        self.fill("[name=id]", id);
        self.fill("[name=password]", password);
        self.send("form.stack button");
    }

    /// Looks at the page with axe-core: what it finds against WCAG 2.1 A and AA, a line each.
    pub fn violations(&self) -> Vec<String> {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/axe.min.js");
        let axe = fs::read_to_string(axe).expect("axe-core: `make packages-test` lays it there");
        self.script(&axe, Vec::new());
        let run = "const done = arguments[arguments.length - 1];
            axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }).then(done)";
        let result = self.run(self.client.execute_async(run, Vec::new())).unwrap();
        let of = |violation: &Value| {
            let nodes = violation["nodes"].as_array().into_iter().flatten();
            let places: BTreeSet<String> = nodes.map(|node| node["html"].to_string()).collect();
            format!("{}: {} {places:?}", violation["id"], violation["help"])
        };
        result["violations"].as_array().unwrap().iter().map(of).collect()
    }

    /// A picture of the window, as PNG. Where `LOA_SCREENSHOTS` names a folder it is kept there as `name`.png.
    pub fn picture(&self, name: &str) -> Vec<u8> {
        let png = self.run(self.client.screenshot()).unwrap();
        if let Some(folder) = std::env::var_os("LOA_SCREENSHOTS") {
            fs::create_dir_all(&folder).unwrap();
            fs::write(Path::new(&folder).join(format!("{name}.png")), &png).unwrap();
        }
        png
    }

    /// Whether the page is wider than its window.
    pub fn overflows(&self) -> bool {
        let wide = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        self.script(wide, Vec::new()) == true
    }

    fn source(&self) -> String {
        self.run(self.client.source()).unwrap_or_default()
    }

    fn run<T>(&self, what: impl Future<Output = Result<T, CmdError>>) -> Result<T, CmdError> {
        self.runtime.block_on(what)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.run(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
