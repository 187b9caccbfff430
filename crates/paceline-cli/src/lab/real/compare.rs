//! Virtual runs beside real ones, and whether they agree.

use std::io;

use paceline_sim::driver::Paced;
use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::Strategy;
use paceline_sim::world::{self, Terms};
use tokio_util::sync::CancellationToken;

use super::{Paceline, Player, RealRun, brief, float, play};
use crate::lab::outcome::{Brief, Compared};

/// Who is to be compared with himself.
pub enum Contender {
    /// A strategy, made anew for each run with the run's seed.
    Strategy {
        /// Its name.
        name: String,
        /// Makes one.
        make: Box<dyn Fn(u64) -> Box<dyn Strategy>>,
    },
    /// The product: its machine in virtual time, its client over sockets.
    Paceline {
        /// Its name.
        name: String,
        /// How it is set up.
        settings: Paceline,
    },
}

impl Contender {
    fn name(&self) -> &str {
        match self {
            Self::Strategy { name, .. } | Self::Paceline { name, .. } => name,
        }
    }

    fn in_virtual_time(&self, seed: u64) -> Box<dyn Strategy> {
        match self {
            Self::Strategy { make, .. } => make(seed),
            Self::Paceline { settings, .. } => {
                Box::new(Paced::with_scopes(settings.machine.clone(), settings.limits.clone()))
            }
        }
    }

    fn over_sockets(&self, seed: u64) -> Player {
        match self {
            Self::Strategy { make, .. } => Player::Strategy(make(seed)),
            Self::Paceline { settings, .. } => Player::Paceline(settings.clone()),
        }
    }
}

/// Whether virtual time tells what sockets show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Records delivered per second are within 2 %.
    pub on_goodput: bool,
    /// Waste is within 20 %, or within 2 refusals per 1,000 accepted.
    pub on_waste: bool,
}

impl Agreement {
    /// Compares a virtual run with a real one.
    #[must_use]
    pub fn of(compared: &Compared) -> Self {
        let (model, real) = (&compared.virtual_run, &compared.real_run);
        let goodput = |run: &Brief| float(run.delivered) / run.finish_s.max(SHORTEST_S);
        let is_near = |one: f64, other: f64, share: f64| (one - other).abs() <= share * one.max(other);
        let apart = (model.waste_per_1000 - real.waste_per_1000).abs();
        Self {
            on_goodput: is_near(goodput(model), goodput(real), GOODPUT_SHARE),
            on_waste: apart <= WASTE_PER_1000
                || is_near(model.waste_per_1000, real.waste_per_1000, WASTE_SHARE),
        }
    }

    /// On both.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.on_goodput && self.on_waste
    }
}

/// Plays each contender in virtual time with so many seeds, from that of `terms` on, and then once over sockets. It ends early
/// when `stop` is cancelled, with those that were compared by then.
///
/// The virtual runs occupy this thread; nothing else of the lab goes on meanwhile.
///
/// # Errors
/// As [`play`](super::play).
///
/// # Panics
/// With no seeds, and as [`play`] does.
pub async fn compare(
    scenario: &Scenario,
    contenders: &[Contender],
    terms: &Terms,
    seeds: u32,
    stop: &CancellationToken,
) -> io::Result<Vec<Compared>> {
    let mut compared = Vec::new();
    for contender in contenders {
        let virtual_run = in_virtual_time(scenario, contender, terms, seeds);
        let real: RealRun = play(scenario, contender.over_sockets(terms.seed), terms, stop).await?;
        if real.is_interrupted {
            break;
        }
        compared.push(Compared { name: contender.name().to_owned(), virtual_run, real_run: real.brief() });
    }
    Ok(compared)
}

fn in_virtual_time(scenario: &Scenario, contender: &Contender, terms: &Terms, seeds: u32) -> Brief {
    let seeds = (0..u64::from(seeds)).map(|more| terms.seed.wrapping_add(more));
    let runs = seeds.map(|seed| {
        let mut strategy = contender.in_virtual_time(seed);
        let run = world::play(scenario, &mut *strategy, &Terms { seed, ..*terms });
        brief(
            &run.stats,
            run.delivered,
            run.finished.saturating_since(paceline_core::Instant::EPOCH).as_secs_f64(),
        )
    });
    mean(&runs.collect::<Vec<_>>())
}

/// Counts are rounded down.
fn mean(runs: &[Brief]) -> Brief {
    assert!(!runs.is_empty(), "a mean is that of at least one run");
    let count = runs.len() as u64;
    let whole = |figure: fn(&Brief) -> u64| runs.iter().map(figure).sum::<u64>() / count;
    let share = |figure: fn(&Brief) -> f64| runs.iter().map(figure).sum::<f64>() / float(count);
    Brief {
        delivered: whole(|run| run.delivered),
        finish_s: share(|run| run.finish_s),
        goodput_ratio: share(|run| run.goodput_ratio),
        waste_per_1000: share(|run| run.waste_per_1000),
        early_returns: whole(|run| run.early_returns),
        connections: whole(|run| run.connections),
    }
}

/// A run in which nothing was delivered has no time, and divides by this instead.
const SHORTEST_S: f64 = 1e-9;
/// Timers of a real machine tick in milliseconds, and its processor is shared.
const GOODPUT_SHARE: f64 = 0.02;
/// Two runs of a strategy that is refused a lot differ by chance alone.
const WASTE_SHARE: f64 = 0.2;
/// Where little is refused, a few calls are a large share.
const WASTE_PER_1000: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn run(finish_s: f64, waste_per_1000: f64) -> Brief {
        let (goodput_ratio, early_returns, connections) = (1.0, 0, 1);
        Brief { delivered: 1_000, finish_s, goodput_ratio, waste_per_1000, early_returns, connections }
    }

    fn agreement(one: Brief, other: Brief) -> (bool, bool) {
        let compared = |virtual_run, real_run| Compared { name: "a".to_owned(), virtual_run, real_run };
        let agreement = Agreement::of(&compared(one, other));
        assert_eq!(agreement, Agreement::of(&compared(other, one)), "it has no direction");
        (agreement.on_goodput, agreement.on_waste)
    }

    #[test]
    fn runs_agree_within_the_bounds_and_not_beyond() {
        assert_eq!(agreement(run(100.0, 50.0), run(101.9, 60.0)), (true, true));
        assert_eq!(agreement(run(100.0, 50.0), run(102.5, 63.0)), (false, false));
        assert_eq!(agreement(run(100.0, 0.0), run(100.0, 2.0)), (true, true));
        assert_eq!(agreement(run(100.0, 0.0), run(100.0, 2.1)), (true, false));
        assert_eq!(agreement(run(0.0, 0.0), run(0.0, 0.0)), (true, true));
    }

    #[test]
    fn a_mean_is_that_of_every_figure() {
        let mean = mean(&[run(10.0, 4.0), run(20.0, 8.0)]);
        assert_eq!((mean.finish_s, mean.waste_per_1000, mean.delivered), (15.0, 6.0, 1_000));
    }
}
