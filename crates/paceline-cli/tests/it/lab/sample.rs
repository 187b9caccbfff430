//! Outcomes as large as real ones, made up: each strategy has the shape that its kind has.

use fastrand::Rng;
use paceline_cli::lab::outcome::{
    Answer, BatchPoint, Brief, Compared, Estimate, Judged, KeptAlive, Measures, Outcome, Played, Searched,
    Series, Settings,
};

/// 17 strategies, 12,000 records, bins of 100 ms for 150 s, and everything that a page can show.
pub(crate) fn founding() -> Outcome {
    let mut rng = Rng::with_seed(1);
    let mut strategies: Vec<Judged> = STRATEGIES.iter().map(|sketch| sketch.judged(&mut rng)).collect();
    strategies.sort_by(|a, b| {
        (a.marks.len(), a.measures.score_s.mean)
            .partial_cmp(&(b.marks.len(), b.measures.score_s.mean))
            .unwrap()
    });
    for (rank, judged) in (1..).zip(&mut strategies) {
        judged.rank = judged.marks.is_empty().then_some(rank);
    }
    Outcome {
        scenario: Played {
            name: "500 users, 120 calls a second".to_owned(),
            about: "500 users sync records of 2 KB each; above 120 calls a second the platform answers 429.".to_owned(),
            toml: "name = \"founding\"\nrecords = 12000\n\n[users]\ncount = 500\n\n[[limits]]\nkind = \"token-bucket\"\nrate = \"120/s\"\nburst = 120\n".repeat(4),
            seed: 1,
            seeds: 10,
            records: 12_000,
            limit_per_s: Some(120.0),
            ideal_finish_s: Some(99.0),
        },
        answer: Answer {
            retry: "Let all workers wait behind one gate and reopen at a pace: Paceline is through in 101 s with 3.1 refused calls per 1,000; the best of the others, a shared token bucket, takes 108 s and wastes 41.".to_owned(),
            batching: "Send 50 records in a call: that is through in 2.4 s instead of 101 s, because this platform counts calls.".to_owned(),
            keep_alive: "A longer keep-alive changes nothing here: it manages a connection, and what is short is a quota.".to_owned(),
        },
        strategies,
        search: searched(),
        batches: [1, 2, 5, 10, 20, 50, 100, 200].map(batch).to_vec(),
        real: vec![Compared { name: "paceline".to_owned(), virtual_run: brief(101.2), real_run: brief(102.9) }],
        keep_alive: [None, Some(20), Some(60), Some(300)]
            .map(|interval_s| KeptAlive { interval_s, held: 500, lost: if interval_s.is_none() { 500 } else { 0 }, pongs: 2_500, run: brief(101.4) })
            .to_vec(),
    }
}

/// As little as an outcome can hold.
pub(crate) fn empty() -> Outcome {
    let mut outcome = founding();
    outcome.strategies.clear();
    outcome.search.clear();
    outcome.batches.clear();
    outcome.real.clear();
    outcome.keep_alive.clear();
    outcome.scenario.limit_per_s = None;
    outcome.scenario.ideal_finish_s = None;
    outcome
}

/// Two strategies whose texts would break out of a careless page, one of which never sent anything.
pub(crate) fn hostile() -> Outcome {
    let mut outcome = founding();
    outcome.strategies.truncate(2);
    outcome.scenario.name = HOSTILE.to_owned();
    outcome.scenario.about = format!("{HOSTILE} {}", "long".repeat(60));
    outcome.scenario.toml = format!("name = '''{HOSTILE}'''\n");
    outcome.scenario.limit_per_s = None;
    outcome.answer.retry = HOSTILE.to_owned();
    let judged = &mut outcome.strategies[1];
    judged.name = format!("{HOSTILE}{}", "n".repeat(90));
    judged.about = HOSTILE.to_owned();
    judged.source = HOSTILE.to_owned();
    judged.marks = vec![HOSTILE.to_owned()];
    judged.rank = None;
    judged.series = Series::default();
    judged.percentiles.clear();
    judged.measures.finish_s = Estimate { mean: f64::NAN, low: f64::NAN, high: f64::INFINITY };
    outcome
}

/// Ends scripts, opens comments and elements, quotes, turns lines round.
pub(crate) const HOSTILE: &str =
    "</script><script>boom()</script><!--<img src=x onerror=boom()>\"'&\u{202e}\u{2028} אבג";

/// A strategy as the shape of what it sends.
struct Sketch {
    name: &'static str,
    finish_s: u32,
    shape: Shape,
    marks: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Shape {
    /// At the limit, with so many attempts in a bin.
    Paced(u32),
    /// All workers together, so often and so many.
    Herd { every: usize, size: u32 },
    /// Many at first, then fewer and fewer, and idle gaps.
    Backoff { start: u32 },
    /// As fast as it can, all the time.
    Hammer(u32),
}

impl Sketch {
    fn judged(&self, rng: &mut Rng) -> Judged {
        let series = self.series(rng);
        let sum = |list: &[u32]| f64::from(list.iter().sum::<u32>());
        let waste = 1_000.0 * sum(&series.refused) / sum(&series.admitted);
        let finish = f64::from(self.finish_s);
        let slow = finish / 100.0;
        let (p50, p99) = (4.0 * slow, 5.0 * slow.powi(3));
        let score = finish + p99 + sum(&series.refused) / 100.0;
        Judged {
            name: self.name.to_owned(),
            about: "Waits as it was told, doubles the wait where nothing was told, with full jitter."
                .to_owned(),
            source: "tenacity 9.1, as its documentation shows it".to_owned(),
            rank: None,
            marks: self.marks.iter().map(|mark| (*mark).to_owned()).collect(),
            measures: Measures {
                score_s: around(score),
                finish_s: around(finish),
                goodput_ratio: around(99.0 / finish),
                waste_per_1000: around(waste),
                early_returns: around(if self.marks.is_empty() { 0.0 } else { 412.0 }),
                bans_earned: around(if self.marks.is_empty() { 0.0 } else { 18.0 }),
                p50_s: around(p50),
                p99_s: around(p99),
                max_s: around(p99 * 1.6),
                not_delivered: around(0.0),
                peak_per_100ms: around(f64::from(*series.offered.iter().max().unwrap())),
                connections: around(500.0),
            },
            percentiles: percentiles(p50, p99),
            series,
        }
    }

    fn series(&self, rng: &mut Rng) -> Series {
        let bins = 1_500;
        let mut series = Series { bin_ms: 100, ..Series::default() };
        let active = self.finish_s as usize * 10;
        for bin in 0..bins {
            let offered = if bin < active { self.shape.offered(bin, rng) } else { 0 };
            let room = if matches!(self.shape, Shape::Herd { .. }) { 120 } else { 12 };
            let admitted = offered.min(room);
            series.offered.push(offered);
            series.admitted.push(admitted);
            series.refused.push(offered - admitted);
        }
        series
    }
}

impl Shape {
    fn offered(self, bin: usize, rng: &mut Rng) -> u32 {
        match self {
            Self::Paced(rate) => rate - rng.u32(0..2),
            Self::Herd { every, size } => {
                if bin.is_multiple_of(every) {
                    size + rng.u32(0..size / 5)
                } else {
                    rng.u32(0..4)
                }
            }
            Self::Backoff { start } => {
                let phase = bin % 160;
                if phase < 90 {
                    start / (1 + u32::try_from(phase).unwrap() / 8) + rng.u32(0..9)
                } else {
                    rng.u32(3..11)
                }
            }
            Self::Hammer(rate) => rate + rng.u32(0..rate / 3),
        }
    }
}

fn around(mean: f64) -> Estimate {
    Estimate { mean, low: mean * 0.97, high: mean * 1.04 }
}

fn percentiles(p50: f64, p99: f64) -> Vec<(f64, f64)> {
    let at = [0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99, 100.0];
    let steepness = (p99 / p50).ln() / (50f64).ln();
    at.map(|p: f64| (p, p50 * (50.0 / (100.0 - p).max(0.005)).powf(steepness).max(0.4))).to_vec()
}

fn searched() -> Vec<Searched> {
    let settings = |batch, workers, margin_percent| Settings { batch, workers, margin_percent };
    [settings(50, 64, Some(2)), settings(50, 128, Some(5)), settings(20, 64, None), settings(1, 500, None)]
        .into_iter()
        .enumerate()
        .map(|(place, settings)| Searched {
            settings,
            measures: batch(settings.batch).measures,
            marks: if place == 3 { vec!["came early".to_owned()] } else { vec![] },
            ties_with_best: place < 2,
        })
        .collect()
}

fn batch(batch: u32) -> BatchPoint {
    let finish = 100.0 / f64::from(batch) + 0.02 * f64::from(batch) + 0.8;
    let measures =
        Measures { finish_s: around(finish), score_s: around(finish * 1.1), ..Measures::default() };
    BatchPoint { batch, measures }
}

fn brief(finish_s: f64) -> Brief {
    Brief {
        delivered: 12_000,
        finish_s,
        goodput_ratio: 0.97,
        waste_per_1000: 3.1,
        early_returns: 0,
        connections: 64,
    }
}

const fn sketch(name: &'static str, finish_s: u32, shape: Shape, marks: &'static [&'static str]) -> Sketch {
    Sketch { name, finish_s, shape, marks }
}

const EARLY: &[&str] = &["came back before the wait was over"];

const STRATEGIES: [Sketch; 17] = [
    sketch("paceline", 101, Shape::Paced(13), &[]),
    sketch("paceline-known-limit", 102, Shape::Paced(12), &[]),
    sketch("shared-token-bucket", 108, Shape::Paced(12), &[]),
    sketch("aimd", 112, Shape::Backoff { start: 30 }, &[]),
    sketch("gcra-per-worker", 115, Shape::Backoff { start: 40 }, &[]),
    sketch("full-jitter", 118, Shape::Backoff { start: 120 }, &[]),
    sketch("equal-jitter", 121, Shape::Backoff { start: 160 }, &[]),
    sketch("decorrelated-jitter", 124, Shape::Backoff { start: 200 }, &[]),
    sketch("retry-after-with-jitter", 119, Shape::Herd { every: 11, size: 200 }, &[]),
    sketch("retry-after", 126, Shape::Herd { every: 10, size: 480 }, &[]),
    sketch("exponential-backoff", 139, Shape::Herd { every: 20, size: 420 }, &[]),
    sketch("fixed-delay-1s", 131, Shape::Herd { every: 10, size: 500 }, EARLY),
    sketch("fixed-delay-5s", 146, Shape::Herd { every: 50, size: 500 }, &[]),
    sketch("concurrency-limit-only", 110, Shape::Hammer(24), EARLY),
    sketch("urllib3-default", 122, Shape::Hammer(45), EARLY),
    sketch("immediate", 104, Shape::Hammer(900), EARLY),
    sketch("give-up-on-429", 90, Shape::Hammer(140), &["lost records"]),
];
