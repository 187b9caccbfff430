//! The answer in three sentences.

use super::outcome::{Answer, BatchPoint, Estimate, Judged, KeptAlive};

/// What is known of batches.
#[derive(Clone, Copy, Debug)]
pub enum Batching<'a> {
    /// The platform has no bulk endpoint.
    NotAvailable,
    /// Nobody looked, or the search was stopped before.
    NotSearched,
    /// Sizes that were tried, ascending; the first is one record in a call.
    Tried(&'a [BatchPoint]),
}

/// What the results say: which retry strategy, whether to batch, what a keep-alive changes.
#[must_use]
pub fn answer(strategies: &[Judged], batches: &Batching<'_>, kept: &[KeptAlive]) -> Answer {
    let batching = match *batches {
        Batching::NotAvailable => "Batching: not available on this endpoint.".to_owned(),
        Batching::NotSearched => "Batching: not searched.".to_owned(),
        Batching::Tried(batches) => batching(batches),
    };
    Answer { retry: retry(strategies), batching, keep_alive: keep_alive(kept) }
}

fn retry(strategies: &[Judged]) -> String {
    let Some(best) = strategies.iter().find(|judged| judged.rank.is_some()) else {
        return "Retry strategy: none of those played broke no law.".to_owned();
    };
    let equals: Vec<&str> = strategies
        .iter()
        .filter(|judged| judged.rank == best.rank)
        .map(|judged| judged.name.as_str())
        .collect();
    let first = if equals.len() > 1 {
        format!("Retry strategy: {} cannot be told apart", list(&equals))
    } else {
        format!("Retry strategy: {} ({})", best.name, best.about)
    };
    let backoff = strategies.iter().find(|judged| judged.name == USUAL_BACKOFF && judged.name != best.name);
    let backoff = backoff.map_or_else(String::new, |judged| {
        format!("; exponential backoff with full jitter that heeds Retry-After: {}", told(judged))
    });
    format!("{first}: {}{backoff}.", told(best))
}

fn told(judged: &Judged) -> String {
    let measures = &judged.measures;
    let early = measures.early_returns.mean;
    let early = if early > 0.0 { format!("{early:.0} calls too early") } else { "none too early".to_owned() };
    format!(
        "through after {}, {:.1} refused per 1,000, {early}",
        seconds(measures.finish_s),
        measures.waste_per_1000.mean
    )
}

fn batching(batches: &[BatchPoint]) -> String {
    let Some(single) = batches.first() else {
        return "Batching: not searched.".to_owned();
    };
    let score = |point: &&BatchPoint| point.measures.score_s.mean;
    let best = batches.iter().min_by(|left, right| score(left).total_cmp(&score(right))).unwrap_or(single);
    let (alone, together) = (single.measures.finish_s, best.measures.finish_s);
    if best.batch == single.batch || together.high >= alone.low {
        return format!(
            "Batching: does not pay here; one record in a call is through after {}.",
            seconds(alone)
        );
    }
    format!(
        "Batching: {} records in a call are through after {}, one in a call after {}.",
        best.batch,
        seconds(together),
        seconds(alone)
    )
}

fn keep_alive(kept: &[KeptAlive]) -> String {
    let Some((first, others)) = kept.split_first() else {
        return "Keep-alive: not measured: run lab --real.".to_owned();
    };
    let named = |kept: &KeptAlive| match kept.interval_s {
        None => format!("none: {:.1}", kept.run.waste_per_1000),
        Some(seconds) => format!("every {seconds} s: {:.1}", kept.run.waste_per_1000),
    };
    let wastes: Vec<String> = kept.iter().map(named).collect();
    let differs = |other: &KeptAlive| (other.run.waste_per_1000 - first.run.waste_per_1000).abs() > 2.0;
    let verdict = if others.iter().any(differs) {
        "refusals differ with the interval of the pings"
    } else {
        "changes nothing about refusals; it manages a connection, never a quota"
    };
    format!("Keep-alive: {verdict} (refused per 1,000 with pings {}).", wastes.join(", "))
}

fn seconds(estimate: Estimate) -> String {
    format!("{:.1} s", estimate.mean)
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

/// What most people reach for.
const USUAL_BACKOFF: &str = "backoff-full-header";

#[cfg(test)]
mod tests {
    use super::super::outcome::{Brief, Measures};
    use super::*;

    fn point(batch: u32, finish: f64) -> BatchPoint {
        let finish_s = Estimate { mean: finish, low: finish - 1.0, high: finish + 1.0 };
        BatchPoint { batch, measures: Measures { finish_s, score_s: finish_s, ..Measures::default() } }
    }

    fn kept(interval_s: Option<u32>, waste_per_1000: f64) -> KeptAlive {
        let run = Brief {
            delivered: 0,
            finish_s: 0.0,
            goodput_ratio: 1.0,
            waste_per_1000,
            early_returns: 0,
            connections: 0,
        };
        KeptAlive { interval_s, held: 500, lost: 0, pongs: 0, run }
    }

    #[test]
    fn batching_is_recommended_only_where_it_certainly_pays() {
        let without = answer(&[], &Batching::NotAvailable, &[]).batching;
        assert_eq!(without, "Batching: not available on this endpoint.");
        assert_eq!(answer(&[], &Batching::NotSearched, &[]).batching, "Batching: not searched.");
        let pays = batching(&[point(1, 100.0), point(10, 10.0), point(100, 4.0)]);
        assert!(pays.contains("100 records in a call are through after 4.0 s"), "{pays}");
        assert!(batching(&[point(1, 10.0), point(10, 9.5)]).contains("does not pay"));
    }

    #[test]
    fn a_keep_alive_that_was_not_measured_is_not_judged() {
        assert_eq!(keep_alive(&[]), "Keep-alive: not measured: run lab --real.");
        let same = keep_alive(&[kept(None, 2.0), kept(Some(5), 2.5)]);
        assert!(same.contains("changes nothing") && same.contains("every 5 s: 2.5"), "{same}");
        assert!(keep_alive(&[kept(None, 2.0), kept(Some(5), 9.0)]).contains("differ"));
    }
}
