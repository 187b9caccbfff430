//! Whether keeping connections alive changes what a quota admits: WebSockets beside a sync.

use std::io;
use std::time::Duration;

use paceline_sim::scenario::Scenario;
use paceline_sim::world::Terms;
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use super::venue::Venue;
use super::websockets::WebSockets;
use super::{Paceline, Player};
use crate::lab::outcome::KeptAlive;
use crate::platform::NotificationTerms;

/// What is held beside the sync, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Keeping {
    /// How many WebSockets.
    pub sockets: u32,
    /// Times between two pings of a socket, none for no pings; each is tried in a run of its own.
    pub intervals: Vec<Option<Duration>>,
    /// How the platform keeps them.
    pub notifications: NotificationTerms,
}

impl Keeping {
    /// So many sockets, on the usual platform, without pings and with one every 5, 30 and 60 s.
    #[must_use]
    pub fn usual(sockets: u32) -> Self {
        let seconds = [None, Some(5), Some(30), Some(60)];
        Self {
            sockets,
            intervals: seconds.map(|seconds| seconds.map(Duration::from_secs)).into(),
            notifications: NotificationTerms::default(),
        }
    }
}

/// For each interval, brings the records of `scenario` through with Paceline while WebSockets are held. It ends early when
/// `stop` is cancelled, with the intervals that are through by then.
///
/// # Errors
/// As [`play`](super::play).
///
/// # Panics
/// As [`play`](super::play) does.
pub async fn keep_alive(
    scenario: &Scenario,
    keeping: &Keeping,
    settings: &Paceline,
    terms: &Terms,
    stop: &CancellationToken,
) -> io::Result<Vec<KeptAlive>> {
    let mut kept = Vec::new();
    for &interval in &keeping.intervals {
        let venue = Venue::open(scenario, keeping.sockets, keeping.notifications, terms.seed).await?;
        let sockets = WebSockets::open(venue.stand_in().address(), keeping.sockets, interval).await;
        let player = Player::Paceline(settings.clone());
        let run = Stage::new(scenario, player, terms, &venue).await.play(stop).await;
        if run.is_interrupted {
            break;
        }
        kept.push(KeptAlive {
            interval_s: interval.map(|interval| u32::try_from(interval.as_secs()).unwrap_or(u32::MAX)),
            held: sockets.held(),
            lost: sockets.lost(),
            pongs: sockets.pongs(),
            run: run.brief(),
        });
        sockets.close().await;
    }
    Ok(kept)
}
