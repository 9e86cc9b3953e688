//! Headless Chromium, driven through the test's own chromedriver.

use amana::local::{Child, Program, Scratch};
use amana_harness::{PATIENCE, eventually};
use anyhow::Context;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Covers a first start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// chromedriver picks a free IPv6 port, and exits if another program uses the same IPv4 port.
const STARTS_MAX: u32 = 5;

/// Page size on which the whole phone fits.
pub(super) const DESK: (u32, u32) = (1280, 900);
pub(super) const NARROW: (u32, u32) = (360, 740);

/// A browser with one window. It ends with this value in any case: chromedriver ends with its
/// parent, and Chromium with the pipe to chromedriver.
pub(super) struct Browser {
    pub(super) client: Client,
    _driver: Child,
    // Dropped last, after the browser has stopped writing its profile and logs.
    _scratch: Scratch,
}

impl Browser {
    /// Starts a browser with a page of this many pixels.
    pub(super) async fn start((width, height): (u32, u32)) -> Self {
        let scratch = Scratch::new().expect("a folder");
        let (driver, port) = tokio::task::block_in_place(|| start_driver(&scratch));
        let mut args: Vec<String> = [
            "--headless=new",
            // Chromium's own sandbox does not run as root, and CI may run as root.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-device-scale-factor=1",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]
        .map(str::to_owned)
        .to_vec();
        args.push(format!("--user-data-dir={}", scratch.join("profile").display()));
        // The window's size would include borders, and has a minimum width.
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1.0, "mobile": false, "touch": false });
        let options = json!({ "args": args, "mobileEmulation": { "deviceMetrics": metrics } });
        let capabilities = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        Self { client, _driver: driver, _scratch: scratch }
    }

    /// Closes the browser and waits for its end.
    pub(super) async fn close(self) {
        self.client.clone().close().await.expect("the browser ends");
    }

    pub(super) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Waits until the element is visible, and returns it.
    pub(super) async fn see(&self, css: &str) -> Element {
        eventually(&format!("{css} is visible"), || async {
            let found = self.client.find(Locator::Css(css)).await.ok()?;
            found.is_displayed().await.unwrap_or(false).then_some(found)
        })
        .await
    }

    /// Waits until the text of the element contains all these words.
    pub(super) async fn see_text(&self, css: &str, words: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        let read = async || self.client.find(Locator::Css(css)).await?.text().await;
        loop {
            // A page that is being rebuilt may lose the element between the two calls.
            let text = read().await.unwrap_or_default();
            if words.iter().all(|word| text.contains(word)) {
                return;
            }
            assert!(Instant::now() < deadline, "expected {words:?} in {css}, found:\n{text}");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until no such element is visible.
    pub(super) async fn see_no(&self, css: &str) {
        eventually(&format!("{css} is invisible"), || async {
            match self.client.find(Locator::Css(css)).await {
                Ok(found) => (!found.is_displayed().await.ok()?).then_some(()),
                Err(error) => error.is_no_such_element().then_some(()),
            }
        })
        .await;
    }

    /// Evaluates a JavaScript expression on the open page.
    pub(super) async fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        self.client.execute(&script, Vec::new()).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    pub(super) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("a page").len()
    }
}

fn start_driver(scratch: &Scratch) -> (Child, u16) {
    let mut failures = Vec::new();
    for attempt in 0..STARTS_MAX {
        match try_start_driver(scratch, attempt) {
            Ok(started) => return started,
            Err(failure) => failures.push(failure),
        }
    }
    panic!("chromedriver does not start: {failures:#?}");
}

fn try_start_driver(scratch: &Scratch, attempt: u32) -> anyhow::Result<(Child, u16)> {
    let log = scratch.join(&format!("chromedriver-{attempt}.log"));
    let mut driver = Program::new("chromedriver", &chromedriver(), &log)
        .args(["--port=0"])
        .env("TMPDIR", scratch.path())
        .start()?;
    let mut port = None;
    let ready = || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        port = text
            .lines()
            .find_map(|line| line.split_once("started successfully on port "))
            .and_then(|(_, port)| port.trim_end_matches('.').trim().parse().ok());
        port.is_some()
    };
    driver.wait_until(START_TIMEOUT, ready)?;
    Ok((driver, port.context("chromedriver is ready without a port")?))
}

fn chromedriver() -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromedriver"))
        .find(|file| file.is_file())
        .expect("chromedriver is missing: `make setup-browser` installs it and Chromium")
}
