//! Many runs on all cores: every contestant with every seed.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::Strategy;
use paceline_sim::world::{self, Run, Terms};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::measure::{Sample, series};
use super::outcome::Series;

/// Who is played, and how.
pub struct Contestant {
    /// Makes its decision-maker for a seed.
    pub build: Box<dyn Fn(u64) -> Box<dyn Strategy> + Send + Sync>,
    /// Records in a call.
    pub batch: NonZeroU32,
    /// The most calls that it takes on at once.
    pub workers: Option<NonZeroU32>,
}

/// What all runs of a sweep share.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    /// What is played.
    pub scenario: &'a Scenario,
    /// How long a record waits for company in a batch.
    pub linger: Duration,
    /// When a run is stopped, whatever is left.
    pub limit: Duration,
}

/// Told how a sweep goes on, and tells it to stop.
#[derive(Debug, Default)]
pub struct Watch {
    done: AtomicU64,
    planned: AtomicU64,
    is_stopped: AtomicBool,
}

impl Watch {
    /// Runs that are over, and runs that are planned so far.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.planned.load(Ordering::Relaxed))
    }

    /// Begins no further run.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    fn plan(&self, runs: usize) {
        self.planned.fetch_add(runs as u64, Ordering::Relaxed);
    }

    fn note(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// What became of a contestant.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// The figures of each run, in the order of the seeds. After a stop, of the first seeds that all of its like have.
    pub samples: Vec<Sample>,
    /// What arrived when, with the first seed.
    pub series: Series,
}

/// Plays every contestant with every seed. The results do not depend on the number of threads.
///
/// When the watch says stop, all contestants have the results of the same seeds: those that every one was played with.
#[must_use]
pub fn play(course: Course<'_>, contestants: &[Contestant], seeds: &[u64], watch: &Watch) -> Vec<Results> {
    let places: Vec<(usize, usize)> =
        (0..seeds.len()).flat_map(|seed| (0..contestants.len()).map(move |who| (seed, who))).collect();
    watch.plan(places.len());
    let runs: Vec<Option<(Sample, Option<Series>)>> = places
        .par_iter()
        .with_max_len(1)
        .map(|&(seed, who)| {
            if watch.is_stopped() {
                return None;
            }
            let run = play_once(course, &contestants[who], seeds[seed]);
            watch.note();
            Some((Sample::of(&run, course.limit), (seed == 0).then(|| series(&run))))
        })
        .collect();
    gather(runs, contestants.len())
}

fn play_once(course: Course<'_>, contestant: &Contestant, seed: u64) -> Run {
    let Course { scenario, linger, limit } = course;
    let terms = Terms { seed, batch: contestant.batch, linger, workers: contestant.workers, limit };
    world::play(scenario, (contestant.build)(seed).as_mut(), &terms)
}

/// The runs came seed by seed.
fn gather(runs: Vec<Option<(Sample, Option<Series>)>>, contestants: usize) -> Vec<Results> {
    let mut results = vec![Results::default(); contestants];
    let mut runs = runs.into_iter();
    loop {
        let of_one_seed: Option<Vec<_>> = runs.by_ref().take(contestants).collect();
        let Some(of_one_seed) = of_one_seed.filter(|runs| !runs.is_empty()) else { return results };
        for (result, (sample, series)) in results.iter_mut().zip(of_one_seed) {
            result.samples.push(sample);
            if let Some(series) = series {
                result.series = series;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(score_s: f64) -> Option<(Sample, Option<Series>)> {
        Some((Sample::scored(score_s), None))
    }

    #[test]
    fn after_a_stop_all_have_the_results_of_the_same_seeds() {
        let results = gather(vec![run(1.0), run(2.0), run(3.0), None, run(5.0), run(6.0)], 2);
        let scores =
            |who: usize| results[who].samples.iter().map(|sample| sample.score_s).collect::<Vec<_>>();
        assert_eq!((scores(0), scores(1)), (vec![1.0], vec![2.0]));
    }
}
