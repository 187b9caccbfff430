//! Every row with every seed: Paceline cold, then warm with what the cold run learned; and what people do today.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Config, Instant, Limits, ScopeKind, Snapshot, WallTime};
use paceline_sim::driver::Paced;
use paceline_sim::strategies::{self, Known, Named};
use paceline_sim::strategy::Strategy;
use paceline_sim::world::{self, Run, Terms};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::figures::{Figures, Summary};
use super::floor::Miss;
use super::rows::Row;
use crate::lab::paceline::scopes;
use crate::lab::study::Study;
use crate::scenario::ScenarioFile;

/// What is played.
#[derive(Clone, Debug)]
pub struct Plan {
    /// On what.
    pub rows: Vec<Row>,
    /// Paceline, cold and warm, with so many seeds.
    pub seeds: NonZeroU32,
    /// What people do today, with so many; 0: not at all.
    pub strategy_seeds: u32,
}

/// What came of it, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// Paceline.
    pub rows: Vec<Tried>,
    pub(super) strategies: Vec<&'static str>,
    /// For each row, the figures of each strategy.
    pub(super) table: Vec<Vec<Summary>>,
    pub(super) seeds: u32,
    pub(super) strategy_seeds: u32,
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The row.
    pub row: Row,
    /// What it misses.
    pub misses: Vec<Miss>,
    pub(super) cold: Summary,
    pub(super) warm: Summary,
}

impl Proof {
    /// Whether no row misses anything.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|tried| tried.misses.is_empty())
    }
}

/// Plays the plan on all cores. The outcome depends on the plan alone.
#[must_use]
pub fn prove(plan: &Plan) -> Proof {
    let stages: Vec<Option<Stage>> = plan.rows.iter().map(|row| Stage::of(*row)).collect();
    let with_strategies = plan.strategy_seeds > 0;
    let strategies = if with_strategies { strategies::all() } else { &[] };
    Proof {
        rows: plan.rows.iter().zip(tried(&stages, plan.seeds)).map(judge).collect(),
        strategies: strategies.iter().map(|named| named.name).collect(),
        table: table(&stages, strategies, plan.strategy_seeds),
        seeds: plan.seeds.get(),
        strategy_seeds: plan.strategy_seeds,
    }
}

/// Where a row is played.
struct Stage {
    row: Row,
    file: ScenarioFile,
    known: Known,
    scopes: Vec<(ScopeKind, Limits)>,
    limit: Duration,
}

impl Stage {
    /// None where no such scenario is shipped.
    fn of(row: Row) -> Option<Self> {
        let file = row.scenario().ok()?;
        let study = Study {
            file: file.clone(),
            strategies: Vec::new(),
            seed: 0,
            seeds: NonZeroU32::MIN,
            with_search: false,
            threads: None,
        };
        let scopes = scopes(&file.scenario, None);
        Some(Self { row, known: study.known(), limit: study.limit(), scopes, file })
    }

    fn play(&self, strategy: &mut dyn Strategy, seed: u64) -> Run {
        world::play(&self.file.scenario, strategy, &Terms::unbatched(seed, self.limit))
    }

    fn figures(&self, run: &Run) -> Figures {
        Figures::of(run, &self.file.scenario, self.row.measure)
    }

    /// Paceline with nothing remembered, and then a second one in a world of another seed, with what the first remembers.
    fn play_twice(&self, seed: u64) -> (Figures, Figures) {
        let mut cold = self.paceline(seed);
        let first = self.play(&mut cold, seed);
        let memory = cold.machine().snapshot(first.finished, civil(first.finished));
        let mut warm = self.paceline(seed + ANOTHER);
        restore(&mut warm, first.finished, &memory);
        let second = self.play(&mut warm, seed + ANOTHER);
        (self.figures(&first), self.figures(&second))
    }

    fn paceline(&self, seed: u64) -> Paced {
        let config = Config { seed, max_waiting: self.known.max_waiting, ..Config::default() };
        Paced::with_scopes(config, self.scopes.clone())
    }
}

/// The next run starts at the same second of a later minute, so that windows that begin with a minute or a part of one stand
/// where they stood.
fn restore(machine: &mut Paced, finished: Instant, memory: &Snapshot) {
    let minutes = finished.saturating_since(Instant::EPOCH).as_secs() / 60 + 2;
    let wall = civil(Instant::EPOCH + Duration::from_secs(60 * minutes));
    machine.machine().restore(Instant::EPOCH, wall, memory);
}

/// Civil time in the first world.
fn civil(at: Instant) -> WallTime {
    WallTime::from_unix_millis(EPOCH_MILLIS) + at.saturating_since(Instant::EPOCH)
}

/// Cold and warm of each stage.
fn tried(stages: &[Option<Stage>], seeds: NonZeroU32) -> Vec<Option<(Summary, Summary)>> {
    let seeds: Vec<u64> = (1..=u64::from(seeds.get())).collect();
    let places: Vec<(&Stage, u64)> =
        stages.iter().flatten().flat_map(|stage| seeds.iter().map(move |&seed| (stage, seed))).collect();
    let runs: Vec<(Figures, Figures)> =
        places.par_iter().with_max_len(1).map(|(stage, seed)| stage.play_twice(*seed)).collect();
    let mut runs = runs.chunks(seeds.len()).map(|runs| {
        let (cold, warm): (Vec<Figures>, Vec<Figures>) = runs.iter().copied().unzip();
        (Summary::of(&cold), Summary::of(&warm))
    });
    stages.iter().map(|stage| stage.as_ref().and_then(|_| runs.next())).collect()
}

/// Each strategy on each stage.
fn table(stages: &[Option<Stage>], strategies: &'static [Named], seeds: u32) -> Vec<Vec<Summary>> {
    let seeds: Vec<u64> = (1..=u64::from(seeds)).collect();
    let places: Vec<(&Stage, &Named, u64)> = stages
        .iter()
        .flatten()
        .flat_map(|stage| strategies.iter().map(move |named| (stage, named)))
        .flat_map(|(stage, named)| seeds.iter().map(move |&seed| (stage, named, seed)))
        .collect();
    let play = |&(stage, named, seed): &(&Stage, &Named, u64)| {
        stage.figures(&stage.play(named.build(&stage.known, seed).as_mut(), seed))
    };
    let runs: Vec<Figures> = places.par_iter().with_max_len(1).map(play).collect();
    let summaries: Vec<Summary> = runs.chunks(seeds.len().max(1)).map(Summary::of).collect();
    let mut rows = summaries.chunks(strategies.len().max(1)).map(<[Summary]>::to_vec);
    stages.iter().map(|stage| stage.as_ref().and_then(|_| rows.next()).unwrap_or_default()).collect()
}

fn judge((row, summaries): (&Row, Option<(Summary, Summary)>)) -> Tried {
    let row = *row;
    let Some((cold, warm)) = summaries else {
        let nothing = Summary::default();
        return Tried { row, misses: vec![Miss::Absent], cold: nothing, warm: nothing };
    };
    let mut misses = Miss::all(&cold, row.cold);
    misses.extend(Miss::all(&warm, row.warm));
    Tried { row, misses, cold, warm }
}

/// What sets the seed of a warm run apart from that of the cold one before it.
const ANOTHER: u64 = 1_000;
/// Some day, at the beginning of a minute.
const EPOCH_MILLIS: u64 = 1_760_000_040_000;

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    fn plan(rows: &[&str]) -> Plan {
        let rows = ROWS.into_iter().filter(|row| rows.contains(&row.scenario)).collect();
        Plan { rows, seeds: NonZeroU32::MIN, strategy_seeds: 0 }
    }

    #[test]
    fn the_proof_is_the_same_on_any_number_of_threads() {
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let plan = plan(&["founding"]);
        let proof = prove(&plan);
        assert_eq!(alone.install(|| prove(&plan)), proof);
        assert!(proof.rows[0].cold.median.ratio > 0.5, "{proof:?}");
    }

    #[test]
    fn a_warm_run_begins_with_what_the_cold_one_learned() {
        let stage = Stage::of(ROWS[0]).unwrap();
        let mut cold = stage.paceline(1);
        let first = stage.play(&mut cold, 1);
        let memory = cold.machine().snapshot(first.finished, civil(first.finished));
        assert!(memory.scopes.iter().any(|scope| scope.learned.quota.is_some()), "{memory:?}");
        let mut warm = stage.paceline(2);
        restore(&mut warm, first.finished, &memory);
        let again = warm.machine().snapshot(Instant::EPOCH, civil(Instant::EPOCH));
        assert_eq!(again.scopes[0].name, memory.scopes[0].name);
        assert!(again.scopes[0].learned.quota.is_some(), "{again:?}");
        assert_eq!(again.scopes[0].closed, None, "a gate that was closed has opened in the meantime");
    }

    #[test]
    fn a_row_without_a_scenario_is_a_miss_and_others_are_played() {
        let absent = Row { scenario: "nowhere", ..ROWS[0] };
        let plan = Plan { rows: vec![absent, ROWS[1]], ..plan(&[]) };
        let proof = prove(&plan);
        assert_eq!(proof.rows[0].misses, [Miss::Absent]);
        assert!(proof.rows[1].cold.median.ratio > 0.0 && !proof.holds());
    }
}
