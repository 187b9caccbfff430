//! The lab's page in a real browser. It needs Chromium (`CHROMIUM` names it when it is not on the path), and fails
//! without: `cargo xtask slow browser`.

#[cfg(test)]
mod chromium;
#[cfg(test)]
mod lab_page;
#[cfg(test)]
#[path = "../it/lab/sample.rs"]
mod sample;
