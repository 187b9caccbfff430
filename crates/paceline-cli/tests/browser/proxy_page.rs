//! The proxy's live page: silent, alive, in light and dark, and on a phone.

use std::path::Path;

use paceline_sim::platform::Rate;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::chromium::Scheme;
use crate::devtools::Tab;
use crate::site::{Site, call, limited, only};

#[tokio::test]
async fn numbers_move_while_calls_run_and_the_console_is_silent() {
    let site = busy_site().await;
    let mut tab = Tab::open(Scheme::Light, DESKTOP).await;
    tab.go(&format!("http://{}/", site.site.admin)).await;
    tab.until("document.querySelectorAll('#clients tbody tr').length === 3").await;
    let calls = "[...document.querySelectorAll('#tiles li')].find((tile) => tile.textContent.includes('calls in all')).firstChild.textContent";
    let first = tab.say(calls).await;
    tab.until(&format!("{calls} !== {first}")).await;
    tab.until("samples.length > 3 && flowOf(ALL)[4].at(-1) !== null").await;
    let inked = tab.say(INKED).await;
    for dots in inked.as_array().unwrap() {
        assert!(dots.as_u64().unwrap() > 500, "{inked}");
    }
    assert_eq!(tab.say("document.getElementById('state').textContent").await, "Running");
    let readout = tab.say("document.getElementById('flow-readout').textContent").await;
    assert!(readout.as_str().unwrap().starts_with("Now: offered "), "{readout}");
    assert!(readout.as_str().unwrap().contains("believed limit "), "{readout}");
    assert_eq!(tab.console(), [""; 0]);
    site.stop();
}

#[tokio::test]
async fn a_scope_can_be_chosen_and_stays_chosen() {
    let site = busy_site().await;
    let mut tab = Tab::open(Scheme::Light, DESKTOP).await;
    tab.go(&format!("http://{}/", site.site.admin)).await;
    tab.until("document.getElementById('of').options.length === 4").await;
    let choose = "(() => { const of = document.getElementById('of'); of.selectedIndex = 2; of.dispatchEvent(new Event('change')); return of.value; })()";
    let chosen = tab.say(choose).await;
    let seen = tab.say("samples.length").await;
    tab.until(&format!("samples.length > {seen}")).await;
    assert_eq!(tab.say("document.getElementById('of').value").await, chosen);
    assert_eq!(tab.console(), [""; 0]);
    site.stop();
}

#[tokio::test]
async fn it_says_why_a_call_waits() {
    let site = Site::open(only(1), None).await;
    site.call("a").await;
    let proxy = site.running.address();
    let held = tokio::spawn(async move { call(proxy, "a").await });
    let mut tab = Tab::open(Scheme::Dark, DESKTOP).await;
    tab.go(&format!("http://{}/", site.admin)).await;
    tab.until("document.getElementById('waits').textContent.includes('waits for a gate: credential ')").await;
    let gate = tab.say("document.querySelector('#scopes td.closed').textContent").await;
    assert!(gate.as_str().unwrap().starts_with("closed for another "), "{gate}");
    save("gate-dark", &mut tab).await;
    held.abort();
}

#[tokio::test]
async fn light_and_dark_differ_and_on_a_phone_nothing_is_wider_than_the_screen() {
    let site = busy_site().await;
    let mut tab = Tab::open(Scheme::Light, DESKTOP).await;
    tab.go(&format!("http://{}/", site.site.admin)).await;
    tab.until("samples.length > 20").await;
    save("light", &mut tab).await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = tab.say(ground).await;
    tab.prefer(Scheme::Dark).await;
    assert_ne!(tab.say(ground).await, light);
    save("dark", &mut tab).await;
    tab.resize(PHONE).await;
    tab.until("document.querySelector('canvas').clientWidth < 340").await;
    save("phone", &mut tab).await;
    let width = tab.say("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)").await;
    assert_eq!(width, 360);
    assert_eq!(tab.say(TOO_WIDE).await, json!([]));
    assert_eq!(tab.console(), [""; 0]);
    site.stop();
}

#[tokio::test]
async fn with_a_token_it_asks_with_the_password_that_the_browser_was_given() {
    let site = Site::open(only(1), Some("sesame")).await;
    let mut tab = Tab::open(Scheme::Light, DESKTOP).await;
    tab.go(&format!("http://anybody:sesame@{}/", site.admin)).await;
    tab.until("samples.length > 0").await;
    assert_eq!(tab.say("document.getElementById('state').textContent").await, "Running");
    assert_eq!(tab.console(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_that_is_gone_is_said_to_be() {
    let site = Site::open(only(1), None).await;
    let mut tab = Tab::open(Scheme::Light, DESKTOP).await;
    tab.go(&format!("http://{}/", site.admin)).await;
    tab.until("samples.length > 0").await;
    drop(site);
    tab.until("document.getElementById('state').textContent.startsWith('No answer for ')").await;
}

#[tokio::test]
async fn names_that_clients_choose_are_never_markup() {
    let site = Site::open_named(only(100), "x-who").await;
    let hostile = "<img src=x onerror=alert(1)>";
    site.call_with(&format!("x-who: {hostile}\r\n")).await;
    let mut tab = Tab::open(Scheme::Light, DESKTOP).await;
    tab.go(&format!("http://{}/", site.admin)).await;
    tab.until("document.querySelectorAll('#clients tbody th').length === 1").await;
    let named = tab.say("document.querySelector('#clients tbody th').textContent").await;
    assert!(named.as_str().unwrap().contains("img"), "{named}");
    assert_eq!(tab.say("document.images.length").await, 0);
    assert_eq!(tab.console(), [""; 0]);
}

/// Three clients that call all the time.
struct Busy {
    site: Site,
    callers: Vec<JoinHandle<()>>,
}

impl Busy {
    fn stop(self) {
        for caller in self.callers {
            caller.abort();
        }
    }
}

async fn busy_site() -> Busy {
    let rate = Rate::new(std::num::NonZeroU32::new(40).unwrap(), std::time::Duration::from_secs(1)).unwrap();
    let site = Site::open(limited(5, rate), None).await;
    let proxy = site.running.address();
    let callers = ["a", "a", "a", "b", "c"].map(|credential| {
        tokio::spawn(async move {
            loop {
                call(proxy, credential).await;
            }
        })
    });
    Busy { site, callers: callers.into() }
}

/// Keeps a picture for those who look.
async fn save(name: &str, tab: &mut Tab) {
    let height = tab.say("document.documentElement.scrollHeight").await;
    assert_ne!(height, Value::Null);
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("proxy-{name}.png"));
    std::fs::write(to, tab.picture().await).unwrap();
}

const DESKTOP: (u32, u32) = (1_280, 1_500);

const PHONE: (u32, u32) = (360, 2_400);

/// How many dots of each chart are not empty.
const INKED: &str = "[...document.querySelectorAll('canvas')].map((canvas) => { \
    const dots = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; \
    let count = 0; for (let at = 3; at < dots.length; at += 4) count += dots[at] > 0; return count; })";

const TOO_WIDE: &str = "[...document.querySelectorAll('body *')].filter((element) => \
    element.getBoundingClientRect().right > 361 && !element.closest('.scroll, .u-wrap')).map((element) => element.outerHTML.slice(0, 80))";
