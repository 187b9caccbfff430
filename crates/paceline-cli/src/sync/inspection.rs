//! What is found out before anything is sent: the source is whole, and the request fits it.

use std::collections::BTreeSet;

use super::courier::Template;
use super::parcel::{Item, Parcel, Seal};
use super::plan::SyncPlan;
use crate::journal::JournalError;
use crate::records::{self, Location, RecordsError, ScanProgress};
use crate::template::{BatchTemplate, RequestTemplate, TemplateError};

/// Why a run does not start. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The source cannot be read to its end.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The request cannot be made of these records.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Something asks for a field that the source does not have.
    #[error(
        "{what} asks for the field `{field}`, which the source does not have; it has: {}{}",
        has.join(", "),
        advice.map(|advice| format!("; {advice}")).unwrap_or_default()
    )]
    NoSuchField {
        /// Who asks.
        what: String,
        /// For what.
        field: String,
        /// What is there.
        has: Vec<String>,
        /// What to do, where it is not plain.
        advice: Option<&'static str>,
    },
    /// Results of a batch could not be told apart.
    #[error(
        "a batch's results are matched to its records by the field `{field}`, which the record on line {line} \
         does not have: {NAME_THE_KEY}"
    )]
    NoBatchKey {
        /// The field.
        field: String,
        /// Where.
        line: u64,
    },
    /// The source is a pipe, and nobody said where the journal goes.
    #[error("records from standard input need --journal FILE: there is no source file to put one beside")]
    PipeWithoutJournal,
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The pacer did not start.
    #[error(transparent)]
    Stopped(#[from] paceline::driver::Stopped),
}

/// What is known of a source and the requests made of it.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The records of a file; None for a pipe, which is read only once.
    pub records: Option<u64>,
    /// BLAKE3 of the file's bytes, in hexadecimal.
    pub fingerprint: Option<String>,
    /// What the first records are like.
    pub sample: Sample,
}

/// The first records of a source, and the bodies that were made of them for a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many records there were.
    pub records: u64,
    /// What they count for in a batch, together.
    pub record_bytes: u64,
    /// The bytes of the bodies, together.
    pub body_bytes: u64,
}

/// Reads a file once to its end and makes the first requests, without sending any. Blocks.
///
/// # Errors
/// Everything that can be wrong with a source or a request before the first call.
pub fn inspect(plan: &SyncPlan, progress: &mut dyn FnMut(ScanProgress)) -> Result<Inspection, StartError> {
    let template = Template::compile(plan)?;
    if plan.source.location == Location::Stdin {
        return Ok(Inspection::default());
    }
    check_beginning(plan, &template)?;
    let scan = records::scan(&plan.source, progress)?;
    let sample = sample(plan, &template)?;
    Ok(Inspection { records: Some(scan.records), fingerprint: Some(scan.fingerprint_text()), sample })
}

impl Template {
    pub(super) fn compile(plan: &SyncPlan) -> Result<Self, TemplateError> {
        Ok(match &plan.batch {
            None => Self::Record(RequestTemplate::compile(&plan.request)?),
            Some(_) => Self::Batch(BatchTemplate::compile(&plan.request)?),
        })
    }

    fn required_fields(&self) -> BTreeSet<String> {
        match self {
            Self::Record(template) => template.required_fields(),
            Self::Batch(_) => BTreeSet::new(),
        }
    }
}

/// A header that lacks a field says so before the whole file is read.
fn check_beginning(plan: &SyncPlan, template: &Template) -> Result<(), StartError> {
    let source = records::open(&plan.source)?;
    let Some(header) = source.header() else { return Ok(()) };
    let batch_key = plan.batch.as_ref().and_then(|batch| batch.key_field.clone());
    let named = [
        ("--key", plan.key.clone(), None),
        ("--order-by", plan.order_by.clone(), None),
        ("--batch, to tell results apart,", batch_key, Some(NAME_THE_KEY)),
    ];
    let named = named.into_iter().filter_map(|(what, field, advice)| Some((what, field?, advice)));
    let in_template = template.required_fields().into_iter().map(|field| ("the template", field, None));
    let missing = named.chain(in_template).find(|(_, field, _)| !header.contains(field));
    match missing {
        None => Ok(()),
        Some((what, field, advice)) => {
            Err(StartError::NoSuchField { what: what.to_owned(), field, has: header.to_vec(), advice })
        }
    }
}

/// Makes the first requests.
fn sample(plan: &SyncPlan, template: &Template) -> Result<Sample, StartError> {
    let mut items = Vec::new();
    for record in records::open(&plan.source)?.take(SAMPLE) {
        items.push(Item::new(record?, plan.key.as_deref()));
    }
    let size = plan.batch.as_ref().map_or(1, |batch| batch.limits.count.get());
    let record_bytes = items.iter().map(|item| item.size() as u64).sum();
    let mut sample = Sample { records: items.len() as u64, record_bytes, body_bytes: 0 };
    for items in items.chunks(size) {
        check_batch_keys(plan, items)?;
        let parcel = Parcel { items: items.to_vec(), seal: plan.batch.as_ref().map(|_| Seal::unsent()) };
        sample.body_bytes += template.render(&parcel)?.body.len() as u64;
    }
    Ok(sample)
}

fn check_batch_keys(plan: &SyncPlan, items: &[Item]) -> Result<(), StartError> {
    let Some(field) = plan.batch.as_ref().and_then(|batch| batch.key_field.as_ref()) else { return Ok(()) };
    match items.iter().find(|item| item.record.field_text(field).is_none()) {
        None => Ok(()),
        Some(item) => Err(StartError::NoBatchKey { field: field.clone(), line: item.record.line }),
    }
}

/// What to do when results cannot be told apart.
const NAME_THE_KEY: &str = "name the field that identifies a record with --key FIELD";
/// Enough to see a wrong template, few enough to take no time.
const SAMPLE: usize = 100;
