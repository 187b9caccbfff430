//! The lab's page and the proxy's in a real browser. It needs Chromium (`CHROMIUM` names it when it is not on the path), and fails
//! without: `cargo xtask slow browser`.

#[cfg(test)]
mod chromium;
#[cfg(test)]
mod devtools;
#[cfg(test)]
mod lab_page;
#[cfg(test)]
mod proxy_page;
#[cfg(test)]
#[path = "../it/lab/sample.rs"]
mod sample;
#[cfg(test)]
#[path = "../it/proxy/admin/site.rs"]
mod site;
