//! A whole study: every strategy and the search, on one scenario.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use paceline_sim::oracle;
use paceline_sim::platform::Rate;
use paceline_sim::strategies::{Known, Named};

use super::answer::{Batching, answer};
use super::measure::{Sample, marks, measures, percentiles};
use super::outcome::{BatchPoint, Judged, Outcome, Played};
use super::paceline::scopes;
use super::ranking::rank;
use super::search;
use super::sweep::{self, Contestant, Course, Results, Watch};
use crate::scenario::ScenarioFile;

/// What is studied.
#[derive(Clone, Debug)]
pub struct Study {
    /// The world.
    pub file: ScenarioFile,
    /// Who is played.
    pub strategies: Vec<&'static Named>,
    /// The first seed.
    pub seed: u64,
    /// How many seeds: that one and those after it.
    pub seeds: NonZeroU32,
    /// Whether Paceline's settings are searched.
    pub with_search: bool,
    /// How many threads play; None: as many as there are cores. The outcome does not depend on it.
    pub threads: Option<NonZeroUsize>,
}

/// Plays it all. After [`Watch::stop`], the outcome has what was finished: the strategies and settings that were played,
/// with as many seeds as all of them have.
///
/// # Errors
/// When the threads cannot be started.
pub fn study(study: &Study, watch: &Watch) -> Result<Outcome, rayon::ThreadPoolBuildError> {
    let threads = study.threads.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    Ok(pool.install(|| study.play(watch)))
}

impl Study {
    /// How long one run may take: who needs five times the ideal is not waited for.
    #[must_use]
    pub fn limit(&self) -> Duration {
        let ideal = oracle::soonest(&self.file.scenario).unwrap_or_default();
        ideal.saturating_mul(5).max(SHORTEST_LIMIT)
    }

    fn play(&self, watch: &Watch) -> Outcome {
        let scenario = &self.file.scenario;
        let course = Course { scenario, linger: self.file.linger, limit: self.limit() };
        let seeds: Vec<u64> =
            (0..u64::from(self.seeds.get())).map(|nth| self.seed.wrapping_add(nth)).collect();
        let results = sweep::play(course, &self.contestants(), &seeds, watch);
        let found =
            if self.with_search { search::search(course, &seeds, watch) } else { search::Found::default() };
        let played_seeds = results.first().map_or(0, |results| results.samples.len());
        let strategies = judged(&self.strategies, results);
        Outcome {
            scenario: self.played(played_seeds),
            answer: answer(&strategies, &self.batching(&found.batches), &[]),
            strategies,
            search: found.searched,
            batches: found.batches,
            real: Vec::new(),
            keep_alive: Vec::new(),
        }
    }

    /// What is said of batches.
    pub(super) fn batching<'a>(&self, batches: &'a [BatchPoint]) -> Batching<'a> {
        match (batches, self.file.scenario.bulk) {
            ([], Some(_)) => Batching::NotSearched,
            ([], None) => Batching::NotAvailable,
            (batches, _) => Batching::Tried(batches),
        }
    }

    fn contestants(&self) -> Vec<Contestant> {
        let known = self.known();
        let contestants = self.strategies.iter().map(|&named| {
            let known = known.clone();
            Contestant {
                build: Box::new(move |seed| named.build(&known, seed)),
                batch: NonZeroU32::MIN,
                workers: None,
            }
        });
        contestants.collect()
    }

    /// What clients are told: each credential's client its share of what is believed of the limit.
    #[must_use]
    pub fn known(&self) -> Known {
        let scenario = &self.file.scenario;
        let credentials = scenario.callers.credentials;
        let told = self.file.believed.and_then(|believed| {
            let count = NonZeroU32::try_from(believed.rate.count).ok()?;
            let rate = Rate::new(count, believed.rate.per.checked_mul(credentials.get())?)?;
            let burst = NonZeroU32::new(believed.burst.get() / credentials).unwrap_or(NonZeroU32::MIN);
            Some((rate, burst))
        });
        let (rate, burst) = told.unwrap_or((Rate::per_second(NonZeroU32::MAX), NonZeroU32::MAX));
        let max_waiting = usize::try_from(scenario.records).unwrap_or(usize::MAX);
        Known { rate, burst, scopes: scopes(scenario, None), max_waiting }
    }

    fn played(&self, seeds: usize) -> Played {
        let scenario = &self.file.scenario;
        Played {
            name: self.file.name.clone(),
            about: self.file.about.clone(),
            toml: self.file.text().to_owned(),
            seed: self.seed,
            seeds: u32::try_from(seeds).unwrap_or(u32::MAX),
            records: scenario.records,
            limit_per_s: oracle::long_run_rate(scenario),
            ideal_finish_s: oracle::soonest(scenario).map(|ideal| ideal.as_secs_f64()),
        }
    }
}

/// In the order of their ranks; those that were not played at all are left out.
fn judged(strategies: &[&'static Named], results: Vec<Results>) -> Vec<Judged> {
    let played: Vec<(&Named, Results)> =
        strategies.iter().copied().zip(results).filter(|(_, results)| !results.samples.is_empty()).collect();
    let samples: Vec<&[Sample]> = played.iter().map(|(_, results)| results.samples.as_slice()).collect();
    let marks: Vec<Vec<String>> = samples.iter().map(|samples| marks(samples)).collect();
    let broke_law: Vec<bool> = marks.iter().map(|marks| !marks.is_empty()).collect();
    let ranking = rank(&samples, &broke_law);
    let in_order = ranking.order.iter().zip(ranking.ranks);
    in_order
        .map(|(&place, rank)| {
            let (named, results) = &played[place];
            judge(named, results, rank, marks[place].clone())
        })
        .collect()
}

fn judge(named: &Named, results: &Results, rank: Option<u32>, marks: Vec<String>) -> Judged {
    Judged {
        name: named.name.to_owned(),
        about: named.about.to_owned(),
        source: named.source.to_owned(),
        rank,
        marks,
        measures: measures(&results.samples),
        series: results.series.clone(),
        percentiles: percentiles(&results.samples),
    }
}

/// Short scenarios are given time for a strategy that sleeps for long.
const SHORTEST_LIMIT: Duration = Duration::from_secs(300);
