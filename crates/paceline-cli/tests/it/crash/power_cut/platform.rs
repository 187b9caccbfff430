//! A platform that knows what it has applied at every moment, and honours idempotency keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use http::HeaderName;
use paceline_cli::sync::Summary;
use serde_json::Value;

use super::super::scene::id;
use super::super::script::Call;
use crate::journal::disk::{Disk, Op};

/// Which disk a call comes from: the first run's is 0, after a cut each has its own number.
pub(super) const IMAGE: HeaderName = HeaderName::from_static("x-image");

/// One world for each disk.
pub(super) struct Platform {
    worlds: Mutex<BTreeMap<usize, World>>,
    /// How the first world stood after each call.
    past: Mutex<Vec<World>>,
    disk: Disk,
}

/// What a platform knows.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    applied: BTreeMap<String, u32>,
    keys: BTreeSet<String>,
    /// Records that were told to wait, and how often they came again.
    refused: BTreeMap<String, u32>,
}

impl Platform {
    pub(super) fn new(disk: Disk) -> Self {
        let worlds = Mutex::new(BTreeMap::from([(0, World::default())]));
        Self { worlds, past: Mutex::new(vec![World::default()]), disk }
    }

    /// Answers a call; what the first world says is marked on the disk in the moment in which it is true.
    pub(super) fn judge(&self, call: Call) {
        let header =
            |name: &HeaderName| call.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let image: usize = header(&IMAGE).unwrap().parse().unwrap();
        let key = header(&HeaderName::from_static("idempotency-key"));
        let mut worlds = self.worlds.lock().unwrap();
        let world = worlds.get_mut(&image).unwrap();
        let status = world.judge(&call.records(), key);
        if image == 0 {
            let mut past = self.past.lock().unwrap();
            past.push(world.clone());
            self.disk.push(Op::Acknowledged(past.len() - 1));
        }
        drop(worlds);
        if status == 429 { call.refuse(1) } else { call.answer(status) }
    }

    /// How the first world stood after so many calls.
    pub(super) fn as_of(&self, calls: usize) -> World {
        self.past.lock().unwrap()[calls].clone()
    }

    /// The world of the disk `image` begins as the first one stood after so many calls.
    pub(super) fn remember(&self, image: usize, calls: usize) {
        let world = self.as_of(calls);
        self.worlds.lock().unwrap().insert(image, world);
    }

    /// Panics unless the run on the disk `image` told the truth about each of `records` records.
    pub(super) fn is_content_with(&self, summary: &Summary, image: usize, records: u64) {
        let world = self.worlds.lock().unwrap()[&image].clone();
        for number in 0..records {
            let expected = u32::from(number != POISON);
            assert_eq!(world.times_applied(&id(number)), expected, "image {image}: {number}: {summary:?}");
        }
        let counts = [summary.delivered, summary.dead, summary.in_doubt, summary.remaining];
        assert_eq!(counts, [records - 1, 1, 0, 0], "image {image}: {summary:?}");
    }
}

impl World {
    pub(super) fn times_applied(&self, id: &str) -> u32 {
        self.applied.get(id).copied().unwrap_or_default()
    }

    /// Whether somebody who was told to wait has called again.
    pub(super) fn has_come_back(&self) -> bool {
        self.refused.values().any(|times| *times > 1)
    }

    fn judge(&mut self, records: &[Value], key: Option<String>) -> u16 {
        let ids: Vec<String> =
            records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect();
        if key.as_ref().is_some_and(|key| self.keys.contains(key)) {
            return 201;
        }
        if ids.contains(&id(REFUSED)) {
            let times = self.refused.entry(id(REFUSED)).or_default();
            *times += 1;
            if *times == 1 {
                return 429;
            }
        }
        if ids.contains(&id(POISON)) {
            return 422;
        }
        self.keys.extend(key);
        for id in ids {
            *self.applied.entry(id).or_default() += 1;
        }
        201
    }
}

/// The record that is told to wait at first.
const REFUSED: u64 = 17;
/// The record that spoils every batch.
const POISON: u64 = 29;
