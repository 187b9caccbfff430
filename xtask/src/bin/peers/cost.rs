//! What passing a call on costs, without limits: Paceline, nginx and HAProxy in turn, on the same machine, in the same run.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::paceline::number;
use crate::peer::{Peer, upstream};
use crate::process::Running;
use crate::wrk::{self, Count};
use crate::{Anything, steady, table};

/// Measures all peers in each of so many rounds, each figure over so many seconds, and prints medians and ratios.
pub(crate) fn measure(rounds: u32, seconds: u32) -> Anything<()> {
    // What else goes on here spoils latencies first, and CPU times last.
    eprintln!("load before: {}", fs::read_to_string("/proc/loadavg")?.trim());
    let folder = tempfile::tempdir()?;
    let (_upstream, upstream) = upstream(folder.path())?;
    let mut samples = Peer::ALL.map(|_| Vec::new());
    for round in 1..=rounds {
        let direct = steady::run(upstream, seconds)?;
        let direct = [0.5, 0.99].map(|share| direct.quantile(share));
        for (peer, samples) in Peer::ALL.into_iter().zip(&mut samples) {
            eprintln!("round {round} of {rounds}: {peer:?}");
            let sample = sample(peer, upstream, seconds, direct);
            samples.push(sample.map_err(|error| format!("{peer:?}: {error}"))?);
        }
    }
    table::print(&samples);
    Ok(())
}

/// What one peer did in one round.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) few: Saturated,
    pub(crate) many: Saturated,
    /// CPU time of the proxy for each call at the fixed rate.
    pub(crate) steady_cpu: Duration,
    /// What half of the calls at the fixed rate took at most, less what they take without a proxy; p99 likewise.
    pub(crate) added_p50: Duration,
    pub(crate) added_p99: Duration,
    pub(crate) peak_kib: u64,
}

/// As many calls as come back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Saturated {
    pub(crate) per_second: f64,
    /// CPU time of the proxy for each call.
    pub(crate) cpu: Duration,
    /// Calls refused, failed, or not answered in time.
    pub(crate) failed: u64,
}

fn sample(peer: Peer, upstream: SocketAddr, seconds: u32, direct: [Duration; 2]) -> Anything<Sample> {
    let folder = tempfile::tempdir()?;
    let (proxy, address) = peer.start(folder.path(), upstream)?;
    // Connections to the upstream are opened, and pages of memory touched, before anything counts; and Paceline, which begins slowly
    // with a platform that it does not know, has found that this one takes all that comes.
    wrk::run(folder.path(), address, FEW, WARM_UP, Count::Calls)?;
    let few = saturated(&proxy, folder.path(), address, FEW, seconds)?;
    let before = proxy.used()?.cpu;
    let latencies = steady::run(address, seconds)?;
    let cpu = proxy.used()?.cpu - before;
    let many = saturated(&proxy, folder.path(), address, MANY, seconds)?;
    Ok(Sample {
        few,
        many,
        steady_cpu: cpu.div_f64(number(latencies.count() as u64).max(1.0)),
        added_p50: latencies.quantile(0.5).saturating_sub(direct[0]),
        added_p99: latencies.quantile(0.99).saturating_sub(direct[1]),
        peak_kib: proxy.used()?.peak_kib,
    })
}

fn saturated(
    proxy: &Running,
    folder: &Path,
    address: SocketAddr,
    connections: u32,
    seconds: u32,
) -> Anything<Saturated> {
    let before = proxy.used()?.cpu;
    let told = wrk::run(folder, address, connections, seconds, Count::Calls)?;
    let cpu = proxy.used()?.cpu - before;
    Ok(Saturated {
        per_second: number(told.calls) / told.span.as_secs_f64(),
        cpu: cpu.div_f64(number(told.calls).max(1.0)),
        failed: told.refused + told.broken,
    })
}

/// Seconds: Paceline doubles its pace every 0.7 s.
const WARM_UP: u32 = 10;
/// Connections.
pub(crate) const FEW: u32 = 64;
pub(crate) const MANY: u32 = 500;
