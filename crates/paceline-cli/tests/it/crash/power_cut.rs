//! A power cut at every sync of a whole run: the journal that is left accounts for all that the platform has.

mod platform;

use std::collections::BTreeMap;
use std::fs;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use paceline::client::Timeouts;
use paceline_cli::journal::{
    Binding, Digest, Journal, JournalReader, Open, Opened, RecordRef, Repeat, Standing,
};
use paceline_cli::origin::Origin;
use paceline_cli::records::{self, SourceSpec};
use paceline_cli::settings::{Auth, SecretSource};
use paceline_cli::sync::{
    self, BatchPlan, Ending, JournalPlan, Progress, RetryPlan, Summary, SyncPlan, inspect,
};
use paceline_cli::template::RequestSpec;
use paceline_core::{BatchLimits, Limits};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::platform::{IMAGE, Platform};
use super::scene::id;
use super::script;
use crate::journal::disk::{Cut, Disk, Image, Op, fast_folder, lay_out};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_applied_is_still_to_do_after_any_cut() {
    let story = Story::tell(false).await;
    let cuts = story.cuts();
    assert!(
        cuts.len() > usize::try_from(RECORDS).unwrap(),
        "every departure is a commit: {} cuts",
        cuts.len()
    );
    for cut in &cuts {
        story.accounts_for_everything(cut).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_goes_on_after_any_cut_applies_everything_once() {
    let story = Arc::new(Story::tell(true).await);
    let cuts = story.cuts();
    assert!(
        cuts.len() > usize::try_from(RECORDS).unwrap() / BATCH,
        "every batch is a commit: {} cuts",
        cuts.len()
    );
    // All at once: each waits for a second, as after any crash.
    let mut runs = JoinSet::new();
    for cut in cuts {
        let story = Arc::clone(&story);
        runs.spawn(async move { story.goes_on(cut).await });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
}

/// One run that nothing befell, and what it did to the disk.
struct Story {
    folder: TempDir,
    url: String,
    platform: Arc<Platform>,
    is_keyed: bool,
    ops: Vec<Op>,
    binding: Binding,
}

/// What a power cut leaves.
struct PowerCut {
    number: usize,
    /// How many calls the platform had judged by then.
    judged: usize,
    files: BTreeMap<String, Vec<u8>>,
    what: String,
}

impl Story {
    async fn tell(is_keyed: bool) -> Self {
        let folder = fast_folder();
        let records = (0..RECORDS).map(|number| json!({"id": id(number), "number": number}).to_string());
        fs::write(folder.path().join("records.jsonl"), records.collect::<Vec<_>>().join("\n")).unwrap();
        let disk = Disk::watch(folder.path());
        let platform = Arc::new(Platform::new(disk.clone()));
        let judge = Arc::clone(&platform);
        let url = script::listen(Arc::new(move |call| judge.judge(call))).await;
        let plan = plan(folder.path(), folder.path(), &url, is_keyed, 0);
        let summary = run(plan).await;
        platform.is_content_with(&summary, 0, RECORDS);
        let reader = JournalReader::open(&folder.path().join(JOURNAL)).unwrap();
        let binding = reader.binding().clone();
        Self { folder, url, platform, is_keyed, ops: disk.take_ops(), binding }
    }

    /// The images after every sync, and whenever the platform had judged a call.
    fn cuts(&self) -> Vec<PowerCut> {
        let (mut image, mut judged, mut cuts) = (Image::default(), 0, Vec::new());
        for (index, op) in self.ops.iter().enumerate() {
            image.apply(op);
            match op {
                Op::Acknowledged(calls) => judged = *calls,
                Op::Sync { file } if file.ends_with("journal-wal") => {}
                _ => continue,
            }
            for cut in [Cut::NothingUnsynced, Cut::Some(index as u64)] {
                let what = format!("cut after operation {index}, {cut:?}");
                cuts.push(PowerCut { number: cuts.len() + 1, judged, files: image.cut(cut), what });
            }
        }
        cuts
    }

    async fn accounts_for_everything(&self, cut: &PowerCut) {
        let folder = fast_folder();
        lay_out(&cut.files, folder.path());
        let path = folder.path().join(JOURNAL);
        let opened = Journal::open(&path, &self.binding, Open::Resume, Repeat::Unsafe).expect(&cut.what);
        let Opened { journal, scopes, .. } = opened;
        let standings = journal.classify(self.references()).await.expect(&cut.what);
        journal.close().await.expect(&cut.what);
        let then = self.platform.as_of(cut.judged);
        for (number, standing) in (0..).zip(standings) {
            let is_still_to_do = matches!(standing, Standing::New | Standing::Todo { .. });
            let applied = then.times_applied(&id(number));
            assert!(!is_still_to_do || applied == 0, "{}: {number}, applied, is {standing:?}", cut.what);
            assert!(
                standing != Standing::Delivered || applied == 1,
                "{}: {number} is {standing:?}",
                cut.what
            );
        }
        // Whoever came back did so by a gate that is known to be closed.
        let is_closing_known = scopes.iter().any(|scope| scope.closed.is_some());
        assert!(is_closing_known || !then.has_come_back(), "{}: the closing is forgotten", cut.what);
    }

    async fn goes_on(&self, cut: PowerCut) {
        let folder = fast_folder();
        lay_out(&cut.files, folder.path());
        self.platform.remember(cut.number, cut.judged);
        let plan = plan(self.folder.path(), folder.path(), &self.url, self.is_keyed, cut.number);
        let summary = run(plan).await;
        assert!(matches!(summary.ending, Ending::Done), "{}: {summary:?}", cut.what);
        self.platform.is_content_with(&summary, cut.number, RECORDS);
    }

    fn references(&self) -> Vec<RecordRef> {
        let records = records::open(&SourceSpec::named(self.folder.path().join("records.jsonl"))).unwrap();
        let reference = |record: records::Record| {
            let digest = Digest::from_bytes(record.digest());
            RecordRef { position: record.position, key: None, digest, line: record.line }
        };
        records.map(|record| reference(record.unwrap())).collect()
    }
}

/// What `paceline sync` makes of its flags.
fn plan(source: &Path, journal: &Path, url: &str, is_keyed: bool, image: usize) -> SyncPlan {
    let pointer = |text: &str| text.parse().unwrap();
    let linger = Duration::from_millis(50);
    let limits = BatchLimits { count: NonZeroUsize::new(BATCH).unwrap(), bytes: 100_000, linger };
    let batch = BatchPlan {
        limits,
        items: None,
        item_key: pointer("/id"),
        item_retryable: pointer("/retryable"),
        key_field: Some("id".to_owned()),
    };
    let header = HeaderName::from_static("idempotency-key");
    // A header that tells the platform which image calls.
    let credential = Auth::Header(IMAGE, SecretSource::Environment("IMAGE".to_owned()));
    SyncPlan {
        source: SourceSpec::named(source.join("records.jsonl")),
        key: is_keyed.then(|| "id".to_owned()),
        order_by: None,
        request: RequestSpec::post(url.parse().unwrap(), Origin::Flag("--to")),
        batch: is_keyed.then_some(batch),
        credential: Some(credential.read_with(|_| Some(image.to_string())).unwrap()),
        timeouts: Timeouts::default(),
        profile: Arc::default(),
        workers: NonZeroUsize::new(4).unwrap(),
        limits: Limits::default(),
        other_limits: Vec::new(),
        retry: RetryPlan {
            max_wait: Duration::from_secs(60),
            max_attempts: NonZeroU32::new(5).unwrap(),
            repeat: None,
            idempotency_header: is_keyed.then_some(header),
        },
        max_dead: 1.0,
        keep_headers: Vec::new(),
        journal: JournalPlan { path: journal.join(JOURNAL), start_over: false },
    }
}

async fn run(plan: SyncPlan) -> Summary {
    let inspection = inspect(&plan, &mut |_| {}).unwrap();
    let started = sync::start(plan, inspection).await.unwrap();
    let (watchers, _watching) = watch::channel(Progress::default());
    sync::run(started, &watchers, CancellationToken::new()).await
}

const RECORDS: u64 = 40;
const BATCH: usize = 4;
const JOURNAL: &str = "records.journal";
