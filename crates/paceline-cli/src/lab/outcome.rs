//! What a lab found out: what `--json` prints, the table shows and the page draws.

use serde::Serialize;

/// All of it. The same scenario, seeds and settings give the same outcome, byte for byte.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// What was played.
    pub scenario: Played,
    /// The answer, in words.
    pub answer: Answer,
    /// Every strategy, the best first; those that broke a law come last and have no rank.
    pub strategies: Vec<Judged>,
    /// Paceline's settings that were searched, the best first.
    pub search: Vec<Searched>,
    /// Finish time by batch size, ascending; empty where the platform has no bulk endpoint.
    pub batches: Vec<BatchPoint>,
    /// Virtual runs beside real ones; absent unless they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub real: Vec<Compared>,
    /// What keep-alive intervals changed; empty unless real runs were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep_alive: Vec<KeptAlive>,
}

/// What was played.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// The scenario as TOML, with everything that flags changed: playing it again gives this outcome.
    pub toml: String,
    /// The first seed; the others follow it.
    pub seed: u64,
    /// How many seeds each strategy was played with.
    pub seeds: u32,
    /// How many records.
    pub records: u64,
    /// Accepted cost units per second that the limits allow in the long run; absent where nothing limits a rate.
    pub limit_per_s: Option<f64>,
    /// When the best client could have been through, in seconds; absent where no limit bounds it.
    pub ideal_finish_s: Option<f64>,
}

/// The answer in three sentences.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Which retry strategy.
    pub retry: String,
    /// Whether and how to batch.
    pub batching: String,
    /// What a keep-alive changes.
    pub keep_alive: String,
}

/// A mean over seeds, and the 95 % interval that it lies in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// A strategy and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Its name, as in `--strategies`.
    pub name: String,
    /// What it does, in a sentence.
    pub about: String,
    /// Whom it copies, with the version.
    pub source: String,
    /// Its place, from 1; absent when it broke a law. Strategies that noise could have ordered share one.
    pub rank: Option<u32>,
    /// The laws that it broke, in words; empty when it broke none.
    pub marks: Vec<String>,
    /// How it did.
    pub measures: Measures,
    /// What arrived when, in the run of the first seed.
    pub series: Series,
    /// Time to success in seconds by percentile, over all seeds; percentiles ascending from 0 to 100.
    pub percentiles: Vec<(f64, f64)>,
}

/// How well something did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Measures {
    /// In seconds, lower is better: finish + p99 + 10 ms for each refused call.
    pub score_s: Estimate,
    /// From the start to the last record's success, in seconds.
    pub finish_s: Estimate,
    /// Accepted cost units / what the best client could have had in that time.
    pub goodput_ratio: Estimate,
    /// Refused attempts per 1,000 accepted.
    pub waste_per_1000: Estimate,
    /// Calls that came before a wait was over.
    pub early_returns: Estimate,
    /// Bans that those early returns earn (20 within a minute), whether or not the platform bans.
    pub bans_earned: Estimate,
    /// Half of the records were through after so many seconds in their user's hand.
    pub p50_s: Estimate,
    /// 99 % of them.
    pub p99_s: Estimate,
    /// The slowest one.
    pub max_s: Estimate,
    /// Records given up, lost or not through in the time.
    pub not_delivered: Estimate,
    /// The most attempts in a tenth of a second.
    pub peak_per_100ms: Estimate,
    /// Connections opened.
    pub connections: Estimate,
}

/// What arrived at the platform, by bins of time from the start on. All lists have the same length.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Series {
    /// How long a bin is, in milliseconds: 100 or a multiple of it.
    pub bin_ms: u32,
    /// Attempts that arrived.
    pub offered: Vec<u32>,
    /// Those that were let through.
    pub admitted: Vec<u32>,
    /// Those that were refused.
    pub refused: Vec<u32>,
}

/// Settings of Paceline that were tried.
#[derive(Clone, Debug, Serialize)]
pub struct Searched {
    /// The settings.
    pub settings: Settings,
    /// How they did.
    pub measures: Measures,
    /// The laws that were broken, in words.
    pub marks: Vec<String>,
    /// Whether noise could have put it first instead of the best.
    pub ties_with_best: bool,
}

/// Settings of Paceline that a search covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Records in a call.
    pub batch: u32,
    /// The most calls in flight.
    pub workers: u32,
    /// What is left of the known limit, in percent; absent where the limit is learned.
    pub margin_percent: Option<u32>,
}

/// How one batch size did.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BatchPoint {
    /// Records in a call.
    pub batch: u32,
    /// How it did.
    pub measures: Measures,
}

/// A strategy in virtual time and over sockets.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// In virtual time: the mean of the seeds.
    pub virtual_run: Brief,
    /// Over sockets, once.
    pub real_run: Brief,
}

/// The figures that virtual and real runs are compared by.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Brief {
    /// Records delivered.
    pub delivered: u64,
    /// In seconds.
    pub finish_s: f64,
    /// As in [`Measures`].
    pub goodput_ratio: f64,
    /// As in [`Measures`].
    pub waste_per_1000: f64,
    /// Calls that came before a wait was over.
    pub early_returns: u64,
    /// Connections opened.
    pub connections: u64,
}

/// What a keep-alive interval changed.
#[derive(Clone, Debug, Serialize)]
pub struct KeptAlive {
    /// Seconds between two pings of a WebSocket; absent: none.
    pub interval_s: Option<u32>,
    /// WebSockets that were held.
    pub held: u32,
    /// Those that were closed before the sync was through.
    pub lost: u32,
    /// Pings that were answered.
    pub pongs: u64,
    /// How the sync beside them did.
    pub run: Brief,
}
