//! The live page: one file, whose scripts ask `/status` once a second.

use http::HeaderValue;

use super::Page;
use crate::entropy;
use crate::page::{CHARTS_STYLE, COLOURS, PLOT, SHEET, THEME, UPLOT, UPLOT_STYLE};

/// The page, with a number of its own that its policy asks of every script. Nothing that clients send is written into it: that comes
/// later, as texts, by the scripts.
pub(super) fn fresh() -> Page {
    let nonce = format!("{:032x}", u128::from_ne_bytes(entropy::bytes()));
    let styles = STYLES.map(|style| format!("<style>{style}</style>\n")).concat();
    let scripts = SCRIPTS.map(|script| format!("<script nonce=\"{nonce}\">{script}</script>\n")).concat();
    let text = SKELETON.replacen("<!-- styles -->", &styles, 1).replacen("<!-- scripts -->", &scripts, 1);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).expect("it is plain ASCII");
    Page { content_type: "text/html; charset=utf-8", policy, text }
}

const SKELETON: &str = include_str!("page/live.html");

const STYLES: [&str; 5] = [UPLOT_STYLE, COLOURS, SHEET, CHARTS_STYLE, include_str!("page/live.css")];

/// In the order in which they need one another.
const SCRIPTS: [&str; 7] = [
    UPLOT,
    THEME,
    PLOT,
    include_str!("page/history.js"),
    include_str!("page/flow.js"),
    include_str!("page/rows.js"),
    include_str!("page/live.js"),
];
