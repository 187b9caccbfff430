//! A platform that is far away.

use std::time::Duration;

use paceline_cli::platform::{Network, Surroundings, serve_in};
use paceline_sim::platform::{LatencyRange, PlatformConfig};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::wire::Wire;

#[tokio::test(start_paused = true)]
async fn a_new_connection_takes_one_way_there_and_back_more() {
    let millis = |span| LatencyRange::between(Duration::from_millis(span), Duration::from_millis(span));
    let network = Network { uplink: millis(20), downlink: millis(30) };
    let platform = PlatformConfig { latency: millis(400), ..PlatformConfig::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let surroundings = Surroundings { network, ..Surroundings::default() };
    let stand_in = serve_in(surroundings, listener, platform.into(), 1).unwrap();
    let mut wire = Wire::open(stand_in.address()).await;
    for round_trip in [20 + 30 + 20 + 400 + 30, 20 + 400 + 30] {
        let before = Instant::now();
        assert_eq!(wire.post("1").await.status, 201);
        let took = before.elapsed().as_millis();
        // A timer ticks in milliseconds, and three of them wait here.
        assert!((round_trip..=round_trip + 5).contains(&took), "{took} instead of {round_trip}");
    }
}
