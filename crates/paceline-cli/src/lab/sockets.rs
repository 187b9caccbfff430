//! The part of a study that takes real time: strategies over sockets, and WebSockets held beside a sync.

use std::io;
use std::num::NonZeroU32;

use paceline_core::Config;
use paceline_sim::scenario::Arrivals;
use paceline_sim::strategies::Named;
use paceline_sim::world::Terms;
use tokio_util::sync::CancellationToken;

use super::answer::answer;
use super::outcome::Outcome;
use super::paceline::scopes;
use super::real::{self, Contender, Keeping, Paceline};
use super::study::Study;

/// Plays each of `strategies` over sockets, holds WebSockets beside a sync for each keep-alive interval, and adds what came
/// of it to `outcome`. `told` hears what is played next. It ends early when `stop` is cancelled, with what is finished.
///
/// # Errors
/// When the stand-in cannot listen on loopback.
pub async fn play(
    study: &Study,
    strategies: &[&'static Named],
    outcome: &mut Outcome,
    stop: &CancellationToken,
    told: &mut dyn FnMut(&str),
) -> io::Result<()> {
    let (scenario, terms) = (&study.file.scenario, study.terms());
    let seeds = study.seeds.get();
    for named in strategies {
        if stop.is_cancelled() {
            return Ok(());
        }
        told(&format!("{} over sockets", named.name));
        let contender = [contender(study, named)];
        outcome.real.extend(real::compare(scenario, &contender, &terms, seeds, stop).await?);
    }
    let users = match scenario.arrivals {
        Arrivals::Closed { users, .. } => users.get(),
        Arrivals::Open { .. } => HELD_BESIDE_A_CROWD,
    };
    for interval in Keeping::usual(users).intervals {
        if stop.is_cancelled() {
            break;
        }
        let pings =
            interval.map_or_else(|| "no pings".to_owned(), |interval| format!("pings every {interval:?}"));
        told(&format!("a sync beside {users} WebSockets with {pings}"));
        let keeping = Keeping { intervals: vec![interval], ..Keeping::usual(users) };
        let settings = product(study);
        outcome.keep_alive.extend(real::keep_alive(scenario, &keeping, &settings, &terms, stop).await?);
    }
    let batching = study.batching(&outcome.batches);
    outcome.answer = answer(&outcome.strategies, &batching, &outcome.keep_alive);
    Ok(())
}

fn contender(study: &Study, named: &'static Named) -> Contender {
    let name = named.name.to_owned();
    if named.name == PRODUCT {
        return Contender::Paceline { name, settings: product(study) };
    }
    let known = study.known();
    Contender::Strategy { name, make: Box::new(move |seed| named.build(&known, seed)) }
}

fn product(study: &Study) -> Paceline {
    let scenario = &study.file.scenario;
    let max_waiting = usize::try_from(scenario.records).unwrap_or(usize::MAX);
    let machine = Config { seed: study.seed, max_waiting, ..Config::default() };
    Paceline { machine, limits: scopes(scenario, None) }
}

impl Study {
    fn terms(&self) -> Terms {
        Terms {
            seed: self.seed,
            batch: NonZeroU32::MIN,
            linger: self.file.linger,
            workers: None,
            limit: self.limit(),
        }
    }
}

/// The strategy that has a client of its own.
const PRODUCT: &str = "paceline";
/// As many as the founding scenario's users, where nobody says how many there are.
const HELD_BESIDE_A_CROWD: u32 = 500;
