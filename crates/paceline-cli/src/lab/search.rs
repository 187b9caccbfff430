//! The search for Paceline's best settings: batch size, workers, margin.
//!
//! A race: every candidate is played with few seeds, and only those that may still be best are played with more. The seeds
//! are the same for all, so that candidates are compared pair by pair.

use std::num::NonZeroU32;

use paceline_sim::scenario::{Arrivals, Scenario};

use super::measure::{Sample, marks, measures};
use super::outcome::{BatchPoint, Searched, Settings};
use super::paceline::contestant;
use super::ranking::rank;
use super::statistics::is_more;
use super::sweep::{self, Contestant, Course, Watch};

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Finish time by batch size; empty where there is no bulk endpoint.
    pub batches: Vec<BatchPoint>,
    /// The candidates that were played to the end of the race, the best first.
    pub searched: Vec<Searched>,
}

/// Looks for the best settings of Paceline on a scenario.
#[must_use]
pub fn search(course: Course<'_>, seeds: &[u64], watch: &Watch) -> Found {
    let scenario = course.scenario;
    let plain = Settings { batch: 1, workers: demand(scenario), margin_percent: None };
    let sizes: Vec<Settings> =
        batch_sizes(scenario).into_iter().map(|batch| Settings { batch, ..plain }).collect();
    let by_size = if sizes.len() > 1 { play(course, &sizes, seeds, watch) } else { Vec::new() };
    let batch = best_batch(&by_size);
    let candidates = candidates(scenario, batch);
    let searched = race(course, candidates, seeds, watch);
    let batches = by_size.iter().filter(|raced| !raced.samples.is_empty());
    Found {
        batches: batches
            .map(|raced| BatchPoint { batch: raced.settings.batch, measures: measures(&raced.samples) })
            .collect(),
        searched: told(searched),
    }
}

/// A candidate and its runs.
struct Raced {
    settings: Settings,
    samples: Vec<Sample>,
}

impl Raced {
    fn scores(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.score_s).collect()
    }

    fn broke_law(&self) -> bool {
        !marks(&self.samples).is_empty()
    }
}

fn play(course: Course<'_>, settings: &[Settings], seeds: &[u64], watch: &Watch) -> Vec<Raced> {
    let contestants: Vec<Contestant> =
        settings.iter().map(|&settings| contestant(course.scenario, settings)).collect();
    let results = sweep::play(course, &contestants, seeds, watch);
    let raced = settings.iter().zip(results);
    raced.map(|(&settings, results)| Raced { settings, samples: results.samples }).collect()
}

/// Halving: each round has twice the seeds, and drops who is certainly behind the best and who is in the worse half.
fn race(course: Course<'_>, candidates: Vec<Settings>, seeds: &[u64], watch: &Watch) -> Vec<Raced> {
    let mut field: Vec<Raced> =
        candidates.into_iter().map(|settings| Raced { settings, samples: Vec::new() }).collect();
    let mut played = 0;
    while played < seeds.len() && !watch.is_stopped() {
        let until = (played * 2).max(FIRST_ROUND).min(seeds.len());
        let settings: Vec<Settings> = field.iter().map(|raced| raced.settings).collect();
        let round = play(course, &settings, &seeds[played..until], watch);
        if round.iter().any(|raced| raced.samples.len() < until - played) {
            break;
        }
        for (raced, more) in field.iter_mut().zip(round) {
            raced.samples.extend(more.samples);
        }
        played = until;
        field = survivors(in_order(field), played < seeds.len());
    }
    field.retain(|raced| !raced.samples.is_empty());
    field
}

fn in_order(field: Vec<Raced>) -> Vec<Raced> {
    let samples: Vec<&[Sample]> = field.iter().map(|raced| raced.samples.as_slice()).collect();
    let broke_law: Vec<bool> = field.iter().map(Raced::broke_law).collect();
    let order = rank(&samples, &broke_law).order;
    let mut places: Vec<Option<Raced>> = field.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| places[place].take()).collect()
}

fn survivors(field: Vec<Raced>, is_more_to_come: bool) -> Vec<Raced> {
    if !is_more_to_come {
        return field;
    }
    let half = field.len().div_ceil(2).max(FINALISTS);
    field.into_iter().take(half).collect()
}

/// In order; among those that noise could have put first, the plainest leads.
fn told(mut field: Vec<Raced>) -> Vec<Searched> {
    let Some(best) = field.first().map(Raced::scores) else { return Vec::new() };
    let ties: Vec<bool> =
        field.iter().map(|raced| !raced.broke_law() && !is_more(&raced.scores(), &best)).collect();
    let tied = ties.iter().take_while(|tie| **tie).count();
    field[..tied].sort_by_key(|raced| plainness(raced.settings));
    let searched = field.iter().zip(&ties).map(|(raced, &ties_with_best)| Searched {
        settings: raced.settings,
        measures: measures(&raced.samples),
        marks: marks(&raced.samples),
        ties_with_best,
    });
    searched.collect()
}

/// What a user has to know and to hold: nothing of the limit, small batches, few workers. Lower is plainer.
const fn plainness(settings: Settings) -> (bool, u32, u32) {
    (settings.margin_percent.is_some(), settings.batch, settings.workers)
}

/// The smallest batch that is not certainly worse than the best.
fn best_batch(by_size: &[Raced]) -> u32 {
    let lawful = || by_size.iter().filter(|raced| !raced.samples.is_empty() && !raced.broke_law());
    let mean = |raced: &&Raced| measures(&raced.samples).score_s.mean;
    let best = lawful().min_by(|left, right| mean(left).total_cmp(&mean(right)));
    let Some(best) = best.map(Raced::scores) else { return 1 };
    let smallest = lawful().find(|raced| !is_more(&raced.scores(), &best));
    smallest.map_or(1, |raced| raced.settings.batch)
}

fn candidates(scenario: &Scenario, batch: u32) -> Vec<Settings> {
    let most = demand(scenario);
    let mut workers: Vec<u32> = WORKERS.into_iter().filter(|workers| *workers < most).collect();
    workers.push(most);
    let margins = std::iter::once(None).chain(MARGINS.map(Some));
    margins
        .flat_map(|margin_percent| {
            workers.iter().map(move |&workers| Settings { batch, workers, margin_percent })
        })
        .collect()
}

/// Sizes of batches to try: 1, 2, 5, 10, 20, 50, ... up to what the platform takes and to as many records as there are.
fn batch_sizes(scenario: &Scenario) -> Vec<u32> {
    let Some(bulk) = scenario.bulk else { return vec![1] };
    let by_bytes = bulk.bytes / u64::from(scenario.record_bytes.max(1));
    let most = by_bytes.min(scenario.records).min(u64::from(bulk.items.get()));
    let most = u32::try_from(most).unwrap_or(u32::MAX).max(1);
    let steps = (0..7).flat_map(|power| [1, 2, 5].map(|step| step * 10_u32.pow(power)));
    let mut sizes: Vec<u32> = steps.filter(|size| *size < most).collect();
    sizes.push(most);
    sizes
}

/// As many calls as can be wanted at once.
fn demand(scenario: &Scenario) -> u32 {
    match scenario.arrivals {
        Arrivals::Closed { users, .. } => users.get(),
        Arrivals::Open { .. } => MOST_WORKERS.get(),
    }
}

/// Seeds of the first round: fewer say nothing about noise.
const FIRST_ROUND: usize = 4;
/// So many stay in the race to its end.
const FINALISTS: usize = 6;
/// Workers to try, below as many as there are users.
const WORKERS: [u32; 6] = [4, 16, 32, 64, 128, 256];
/// What a crowd of arrivals may occupy.
const MOST_WORKERS: NonZeroU32 = NonZeroU32::new(512).expect("512 is not 0");
/// Margins to try, in percent of a known limit.
const MARGINS: [u32; 4] = [0, 1, 2, 5];
