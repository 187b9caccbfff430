//! A herd at the proxy: users who call again as soon as they have an answer, and a platform that bans who comes back early.

use std::time::Duration;

use crate::Anything;
use crate::paceline::StandIn;
use crate::peer::paceline_proxy;
use crate::wrk::{self, Count};

/// Sends so many users through the proxy for so many seconds, and prints what they and the platform saw.
#[expect(clippy::print_stdout, reason = "what was asked for")]
pub(crate) fn measure(users: u32, seconds: u32) -> Anything<()> {
    let folder = tempfile::tempdir()?;
    let stand_in = StandIn::start(folder.path())?;
    let (proxy, address) = paceline_proxy(folder.path(), stand_in.address)?;
    let told = wrk::run(folder.path(), address, users, seconds, Count::Statuses)?;
    let (seen, used) = (stand_in.seen()?, proxy.used()?);
    let statuses: Vec<String> =
        told.statuses.iter().map(|(status, calls)| format!("{calls} x {status}")).collect();
    println!("{users} users for {seconds} s, at a platform that takes 120 at once and 120 a second");
    println!(
        "users:    {}; {} failed; p50 {:.2?}, p99 {:.2?}",
        statuses.join(", "),
        told.broken,
        told.p50,
        told.p99
    );
    println!(
        "platform: {} accepted, {} throttled, {} early returns, {} banned; {} replies that nobody waited for",
        seen.accepted, seen.throttled, seen.early_returns, seen.banned, seen.dropped
    );
    let ratio = seen.goodput_ratio(Duration::from_secs(u64::from(seconds)));
    println!("goodput ratio {ratio:.3}, {:.2} refused per 1,000 accepted", seen.waste());
    println!("proxy:    {:.2} s of CPU, {} KiB at most", used.cpu.as_secs_f64(), used.peak_kib);
    Ok(())
}
