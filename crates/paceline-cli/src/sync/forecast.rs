//! `--dry-run`: what a run would do, without a call.

use std::time::Duration;

use paceline_core::Limits;
use serde::Serialize;

use super::courier::Template;
use super::inspection::{Inspection, Sample, StartError};
use super::outstanding::Outstanding;
use super::parcel::{Item, Parcel, Seal};
use super::plan::SyncPlan;
use crate::records;

/// What a run would do. Serialized, it is the object that `--dry-run --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Forecast {
    /// Records of the source; none for a pipe.
    pub records: Option<u64>,
    /// Those that the journal knows to be settled.
    pub settled: u64,
    /// Calls that it takes, if each is accepted.
    pub calls: Option<u64>,
    /// Bytes of their bodies, estimated from the first hundred records.
    pub bytes: Option<u64>,
    /// Calls per second that the configured limits and ceilings allow; none: the limit is not known.
    pub calls_per_s: Option<f64>,
    /// How long it takes at that rate.
    pub seconds: Option<f64>,
    /// The first call: method, URL, and the beginning of its body.
    pub first_call: Option<String>,
    /// Where the journal is, or would be.
    pub journal: std::path::PathBuf,
}

impl Forecast {
    /// Looks ahead. Blocks.
    ///
    /// # Errors
    /// When a journal that is there cannot be read, or belongs to another run.
    pub fn look_ahead(plan: &SyncPlan, inspection: &Inspection) -> Result<Self, StartError> {
        let Outstanding { settled, to_send: remaining } = Outstanding::of(plan, inspection)?;
        let sample = inspection.sample;
        let size = batch_size(plan, sample);
        let calls = remaining.map(|remaining| remaining.div_ceil(size));
        let calls_per_s = known_rate(plan);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let seconds = calls.zip(calls_per_s).map(|(calls, rate)| calls as f64 / rate);
        Ok(Self {
            records: inspection.records,
            settled,
            calls,
            bytes: remaining.map(|remaining| remaining * sample.body_bytes / sample.records.max(1)),
            calls_per_s,
            seconds,
            first_call: first_call(plan)?,
            journal: plan.journal.path.clone(),
        })
    }

    /// The forecast for people, a few lines.
    #[must_use]
    pub fn text(&self) -> String {
        let count =
            |count: Option<u64>| count.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
        let mut text = format!("{} records", count(self.records));
        if self.settled > 0 {
            text.push_str(&format!(", {} of them settled by an earlier run", self.settled));
        }
        text.push_str(&format!("\n{} calls", count(self.calls)));
        if let Some(bytes) = self.bytes {
            text.push_str(&format!(", about {} in their bodies", crate::units::Size(bytes)));
        }
        match (self.calls_per_s, self.seconds) {
            (Some(rate), Some(seconds)) => {
                let took = crate::units::spelled(Duration::from_secs_f64(seconds.ceil()));
                text.push_str(&format!("\n{took} at {rate:.1} calls a second, as configured"));
            }
            _ => text.push_str("\nthe platform's limit is not configured: it is learned while sending"),
        }
        if let Some(call) = &self.first_call {
            text.push_str(&format!("\nfirst call: {call}"));
        }
        text.push_str(&format!("\njournal: {}\nnothing was sent", self.journal.display()));
        text
    }
}

/// How many records of the usual size share a call: as many as may, by their number and by their bytes.
fn batch_size(plan: &SyncPlan, sample: Sample) -> u64 {
    let Some(batch) = &plan.batch else { return 1 };
    let usual = sample.record_bytes.div_ceil(sample.records.max(1)).max(1);
    (batch.limits.bytes as u64 / usual).clamp(1, batch.limits.count.get() as u64)
}

/// The lowest of what is known and what is allowed, without what is left to others.
fn known_rate(plan: &SyncPlan) -> Option<f64> {
    let all = std::iter::once(plan.limits).chain(plan.other_limits.iter().map(|other| other.limits));
    let rates = all.flat_map(|limits| {
        let Limits { known, ceiling, reserve, .. } = limits;
        let rates = [known.map(|known| known.rate), ceiling].into_iter().flatten();
        rates.map(move |rate| rate.as_per_second() * reserve.rest())
    });
    rates.min_by(f64::total_cmp)
}

fn first_call(plan: &SyncPlan) -> Result<Option<String>, StartError> {
    if plan.source.location == records::Location::Stdin {
        return Ok(None);
    }
    let size = plan.batch.as_ref().map_or(1, |batch| batch.limits.count.get());
    let mut items = Vec::new();
    for record in records::open(&plan.source)?.take(size) {
        items.push(Item::new(record?, plan.key.as_deref()));
    }
    if items.is_empty() {
        return Ok(None);
    }
    let seal = plan.batch.as_ref().map(|_| Seal::unsent());
    let rendered = Template::compile(plan)?.render(&Parcel { items, seal })?;
    let body = String::from_utf8_lossy(&rendered.body).into_owned();
    let shown: String = body.chars().take(SHOWN).collect();
    let more = if shown.len() < body.len() { "..." } else { "" };
    Ok(Some(format!("{} {}\n  {shown}{more}", rendered.method, without_query(&rendered.url.to_string()))))
}

/// The query may hold a secret.
fn without_query(url: &str) -> String {
    url.split_once('?').map_or_else(|| url.to_owned(), |(shown, _)| format!("{shown}?…"))
}

/// Characters of the first body: some lines on a terminal.
const SHOWN: usize = 300;
