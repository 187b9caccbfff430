//! What a person sees of the lab's page: charts with something in them, tables that sort, light and dark, and all of it
//! on a phone.

use std::path::{Path, PathBuf};

use paceline_cli::lab::outcome::Outcome;
use paceline_cli::lab::page;
use serde_json::Value;

use crate::chromium::{Scheme, open, picture};
use crate::sample;

#[test]
fn every_chart_has_something_in_it_and_the_console_is_silent() {
    let seen = Page::of("founding", &sample::founding()).checked(DESKTOP, Scheme::Light);
    let charts = seen["charts"].as_array().unwrap();
    assert!(charts.len() >= 17 + 5, "{} charts", charts.len());
    for chart in charts {
        assert!(chart["inked"].as_u64().unwrap() > 100, "{chart}");
    }
}

#[test]
fn a_click_on_a_head_sorts_by_it_and_a_second_one_turns_the_order_round() {
    let seen = Page::of("sorting", &sample::founding()).checked(DESKTOP, Scheme::Light);
    let numbers = |name: &str| -> Vec<f64> {
        seen[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let (up, down) = (numbers("waste_ascending"), numbers("waste_descending"));
    assert_eq!(up.len(), 17);
    assert!(up.is_sorted() && up.first() < up.last(), "{up:?}");
    assert!(down.iter().rev().is_sorted(), "{down:?}");
    assert_eq!(seen["sorted_heads"], "descending");
    assert_eq!(seen["last_by_rank"], "", "what has no rank comes last");
}

#[test]
fn another_strategy_is_drawn_when_it_is_chosen() {
    let seen = Page::of("choosing", &sample::founding()).checked(DESKTOP, Scheme::Light);
    assert_ne!(seen["first_choice"], seen["second_choice"]);
    assert_eq!(seen["chosen_everywhere"], true);
}

#[test]
fn light_and_dark_differ_by_the_system_and_by_the_button() {
    let page = Page::of("themes", &sample::founding());
    let (light, dark) = (page.checked(DESKTOP, Scheme::Light), page.checked(DESKTOP, Scheme::Dark));
    assert_ne!(light["ground"], dark["ground"]);
    assert_ne!(light["axis_ink"], dark["axis_ink"]);
    assert_eq!(light["toggled_to_dark"], dark["ground"]);
}

#[test]
fn on_a_phone_nothing_is_wider_than_the_screen() {
    for (name, outcome) in
        [("founding", sample::founding()), ("hostile", sample::hostile()), ("empty", sample::empty())]
    {
        let seen = Page::of(&format!("phone-{name}"), &outcome).checked(PHONE, Scheme::Light);
        assert_eq!(seen["width"], 360, "{name}");
        assert_eq!(seen["scroll_width"], 360, "{name}: {}", seen["too_wide"]);
    }
}

#[test]
fn hostile_names_run_nothing_and_break_nothing() {
    let seen = Page::of("hostile", &sample::hostile()).checked(DESKTOP, Scheme::Light);
    assert_eq!(seen["rows"], 2);
    assert_eq!(seen["images"], 0);
}

#[test]
fn a_page_with_an_error_is_caught() {
    let page = Page::of("broken", &sample::empty());
    let broken = page.text().replace("\"use strict\";\n// Tables", "\"use strict\"; gone();\n// Tables");
    std::fs::write(&page.path, broken).unwrap();
    assert!(open(&page.path, Scheme::Light).console.iter().any(|line| line.contains("gone is not defined")));
}

#[test]
fn pictures_are_taken_for_those_who_look() {
    let page = Page::of("pictures", &sample::founding());
    let phone = page.in_a_frame(PHONE);
    for (name, path, scheme, size) in [
        ("light", &page.path, Scheme::Light, (1_400, 6_000)),
        ("dark", &page.path, Scheme::Dark, (1_400, 6_000)),
        ("phone", &phone, Scheme::Light, (500, 9_000)),
    ] {
        let to = page.path.with_file_name(format!("lab-{name}.png"));
        picture(path, scheme, size, &to);
        assert!(std::fs::metadata(&to).unwrap().len() > 50_000, "{}", to.display());
    }
}

/// A page on the disk.
struct Page {
    path: PathBuf,
}

impl Page {
    fn of(name: &str, outcome: &Outcome) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lab-{name}.html"));
        page::save(&path, outcome).unwrap();
        Self { path }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap()
    }

    /// What the checks see in a frame as wide as said, in which they run as a script of the page. The console must be
    /// silent.
    fn checked(&self, width: u32, scheme: Scheme) -> Value {
        let text = self.text();
        let nonce = text.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        let checks = format!("<script nonce=\"{nonce}\">{CHECKS}</script></body></html>");
        let checked = Self { path: self.path.with_extension(format!("{width}.{scheme:?}.html")) };
        std::fs::write(&checked.path, text.replace("</body></html>", &checks)).unwrap();
        let opened = open(&checked.in_a_frame(width), scheme);
        assert!(opened.console.is_empty(), "{:#?}", opened.console);
        let seen = opened.document.split("<pre id=\"seen\">").nth(1).expect("the checks have run");
        let seen = seen
            .split("</pre>")
            .next()
            .unwrap()
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        serde_json::from_str(&seen).unwrap_or_else(|error| panic!("{error}: {seen}"))
    }

    /// A document that shows the page in a frame: no window is as narrow as a phone. It keeps what the page tells it.
    fn in_a_frame(&self, width: u32) -> PathBuf {
        let path = self.path.with_extension("frame.html");
        let page = self.path.file_name().unwrap().to_str().unwrap();
        let path = path.with_file_name(format!("frame-of-{page}"));
        std::fs::write(&path, FRAME.replace("WIDTH", &width.to_string()).replace("PAGE", page)).unwrap();
        path
    }
}

const DESKTOP: u32 = 1_280;

const PHONE: u32 = 360;

const FRAME: &str = "<!doctype html><body style=\"margin:0\"><pre id=\"seen\"></pre>\
<iframe src=\"PAGE\" style=\"border:0;width:WIDTHpx;height:12000px\"></iframe>\
<script>addEventListener('message', (event) => { document.getElementById('seen').textContent = event.data; });</script>";

const CHECKS: &str = include_str!("checks.js");
