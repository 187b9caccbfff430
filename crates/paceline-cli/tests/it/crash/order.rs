//! `--order-by`: records of one value one at a time and in the order of the source; also across a kill.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use paceline_sim::platform::PlatformConfig;
use serde_json::{Value, json};

use super::scene::{Ended, Life, Scene, id};
use super::script::{Call, Script};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_one_value_go_one_by_one_while_others_overlap() {
    let (scene, script) = (scene().await, Script::start().await);
    let mut watch = Watch::new(script, 2);
    let mut life = scene.sync_to(&watch.script.url, &["--order-by", "group"]);
    assert!(watch.serve(&mut life, 12).await.is_none());
    watch.refuse_one().await;
    assert!(watch.serve(&mut life, 6).await.is_none());
    assert!(life.killed_when(|| true).await.is_none());
    watch.forget_the_dead();

    let mut life = scene.sync_to(&watch.script.url, &["--order-by", "group"]);
    let ended = watch.serve(&mut life, usize::MAX).await.expect("it runs to its end");
    let [delivered, dead, in_doubt, remaining] = ended.counts();
    assert_eq!((dead, remaining, delivered + in_doubt), (0, 0, RECORDS), "{ended:?}");
    assert!(watch.most > 1, "records of different values overlap");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_a_killed_run_keep_the_order_too() {
    let (scene, script) = (scene().await.keyed(), Script::start().await);
    let flags = ["--order-by", "group", "--batch", "3", "--idempotency-key"];
    let mut watch = Watch::new(script, 1);
    for calls in [1, 3, 2] {
        let mut life = scene.sync_to(&watch.script.url, &flags);
        assert!(watch.serve(&mut life, calls).await.is_none());
        assert!(life.killed_when(|| true).await.is_none());
        watch.forget_the_dead();
    }
    let mut life = scene.sync_to(&watch.script.url, &flags);
    let ended = watch.serve(&mut life, usize::MAX).await.expect("it runs to its end");
    assert_eq!((ended.code, ended.counts()), (Some(0), [RECORDS, 0, 0, 0]), "{ended:?}");
}

async fn scene() -> Scene {
    let scene = Scene::new(PlatformConfig::default(), 0, 1).await;
    let group = |number: u64| ["a", "b", "c", "c"][usize::try_from(number % 4).unwrap()];
    scene.write((0..RECORDS).map(|n| json!({"id": id(n), "group": group(n), "number": n})));
    scene
}

/// A platform that answers late, and looks whose turn it is.
struct Watch {
    script: Script,
    /// Calls that it lets pile up.
    patience: usize,
    open: Vec<Call>,
    under_way: HashSet<String>,
    /// The latest record of each value.
    latest: HashMap<String, u64>,
    most: usize,
}

impl Watch {
    fn new(script: Script, patience: usize) -> Self {
        let (under_way, latest) = (HashSet::new(), HashMap::new());
        Self { script, patience, open: Vec::new(), under_way, latest, most: 0 }
    }

    /// Takes so many calls, answering those that are open; Some when the run ends before that.
    async fn serve(&mut self, life: &mut Life, calls: usize) -> Option<Ended> {
        let mut taken = 0;
        while taken < calls {
            let is_full = self.open.len() >= self.patience;
            tokio::select! {
                biased;
                call = self.script.call(), if !is_full => {
                    taken += 1;
                    self.arrive(call);
                }
                // Of its own accord no run ends while a call is open.
                ended = life.ended(), if self.open.is_empty() => return Some(ended),
                () = tokio::time::sleep(QUIET), if !self.open.is_empty() => self.answer_oldest(),
            }
        }
        None
    }

    async fn refuse_one(&mut self) {
        while !self.open.is_empty() {
            self.answer_oldest();
        }
        let call = self.script.call().await;
        self.arrive(call);
        let call = self.take_oldest();
        call.refuse(1);
    }

    fn arrive(&mut self, call: Call) {
        for record in call.records() {
            let (group, number) = place(&record);
            assert!(self.under_way.insert(group.clone()), "two records of `{group}` are under way: {record}");
            let before = self.latest.insert(group, number);
            assert!(before <= Some(number), "{record} comes after number {before:?}");
        }
        self.open.push(call);
        self.most = self.most.max(self.open.len());
    }

    fn answer_oldest(&mut self) {
        self.take_oldest().answer(201);
    }

    fn take_oldest(&mut self) -> Call {
        let call = self.open.remove(0);
        for record in call.records() {
            self.under_way.remove(&place(&record).0);
        }
        call
    }

    fn forget_the_dead(&mut self) {
        self.open.clear();
        self.under_way.clear();
        self.script.forget_the_dead();
    }
}

fn place(record: &Value) -> (String, u64) {
    (record["group"].as_str().unwrap().to_owned(), record["number"].as_u64().unwrap())
}

const RECORDS: u64 = 48;
/// For so long an open call is company for the next one.
const QUIET: Duration = Duration::from_millis(120);
