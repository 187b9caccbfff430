//! Chromium without a window, driven over its debugging protocol: for pages that are served, and change while one looks.

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::chromium::{FLAGS, Scheme, program};

/// A page that is open, and all that its console has said.
pub(crate) struct Tab {
    wire: WebSocketStream<TcpStream>,
    session: String,
    asked: u64,
    console: Vec<String>,
    /// Ends with it.
    _chromium: Child,
    _profile: tempfile::TempDir,
}

impl Tab {
    /// Opens an empty page in a Chromium of its own. Panics when there is none.
    pub(crate) async fn open(scheme: Scheme, (width, height): (u32, u32)) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut chromium = Command::new(program())
            .args(FLAGS)
            .args(["--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("install Chromium, or name it in CHROMIUM");
        let url = address(&mut chromium).await;
        let host = url.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let (wire, _) = tokio_tungstenite::client_async(&url, stream).await.unwrap();
        let session = String::new();
        let mut tab =
            Self { wire, session, asked: 0, console: Vec::new(), _chromium: chromium, _profile: profile };
        let target = tab.ask("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = tab.ask("Target.attachToTarget", attach).await;
        tab.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.ask(&format!("{domain}.enable"), json!({})).await;
        }
        tab.prefer(scheme).await;
        tab.resize((width, height)).await;
        tab
    }

    pub(crate) async fn prefer(&mut self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.ask("Emulation.setEmulatedMedia", features).await;
    }

    pub(crate) async fn resize(&mut self, (width, height): (u32, u32)) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub(crate) async fn go(&mut self, url: &str) {
        let gone = self.ask("Page.navigate", json!({ "url": url })).await;
        assert_eq!(gone["errorText"], Value::Null, "{url}");
    }

    /// What a script says, whose promises are waited for.
    pub(crate) async fn say(&mut self, script: &str) -> Value {
        let expression = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let said = self.ask("Runtime.evaluate", expression).await;
        assert_eq!(said["exceptionDetails"], Value::Null, "{script}");
        said["result"]["value"].clone()
    }

    /// Waits until a condition holds, in the words of the page.
    pub(crate) async fn until(&mut self, condition: &str) {
        let script = format!(
            "new Promise((resolve) => {{ const look = () => ({condition} ? resolve(true) : setTimeout(look, 50)); look(); }})"
        );
        // A page that is not there yet takes the script with it when it goes.
        while self.try_say(&script).await != json!(true) {}
    }

    /// A picture of the whole page, as PNG.
    pub(crate) async fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.ask("Page.captureScreenshot", whole).await;
        base64::engine::general_purpose::STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// What went to the console: errors, refusals of the policy, prints.
    pub(crate) fn console(&self) -> &[String] {
        &self.console
    }

    async fn try_say(&mut self, script: &str) -> Value {
        let expression = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        self.answer("Runtime.evaluate", expression).await["result"]["result"]["value"].clone()
    }

    async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.answer(method, parameters).await;
        assert_eq!(answer["error"], Value::Null, "{method}");
        answer["result"].clone()
    }

    async fn answer(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut asked = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.session.is_empty() {
            asked["sessionId"] = json!(self.session);
        }
        self.wire.send(Message::text(asked.to_string())).await.unwrap();
        loop {
            let said = self.wire.next().await.expect("Chromium goes on").unwrap();
            let Ok(text) = said.into_text() else { continue };
            let said: Value = serde_json::from_str(&text).unwrap();
            if said["id"] == self.asked {
                return said;
            }
            let method = said["method"].as_str().unwrap_or_default();
            if ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"].contains(&method) {
                self.console.push(said["params"].to_string());
            }
        }
    }
}

/// Where it listens, which it says when it does.
async fn address(chromium: &mut Child) -> String {
    let mut lines = BufReader::new(chromium.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(url) = line.strip_prefix("DevTools listening on ") {
            let url = url.trim().to_owned();
            // What it says later is of no interest, but it must be able to say it.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return url;
        }
        said.push_str(&line);
    }
    panic!("Chromium does not listen: {said}");
}
