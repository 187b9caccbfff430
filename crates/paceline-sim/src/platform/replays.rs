//! What calls with an idempotency key were answered, to be answered again.

use paceline_core::Instant;
use rustc_hash::FxHashMap;

use crate::platform::fingerprint::Fingerprint;
use crate::platform::reply::{Body, ItemResult, Reply};
use crate::platform::request::{Payload, Record};

/// Grows with the keys, which never expire: 24 bytes for each, and 8 for each item of a bulk call.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    remembered: FxHashMap<Fingerprint, Remembered>,
    items: Vec<Box<[ItemResult]>>,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// The reply of its first call, which is or was due then.
    Again(Reply, Instant),
    /// Its first call was about other records.
    OtherRecords,
}

#[derive(Clone, Copy, Debug)]
struct Remembered {
    /// When the first reply was due, in milliseconds, rounded up: a repetition is not answered before it.
    due_millis: u32,
    /// Tells the records of one call from those of another.
    records: u32,
    answer: Answer,
}

/// A status below [`Answer::FIRST_ITEMS`], or the place of a bulk call's items counted from there.
#[derive(Clone, Copy, Debug)]
struct Answer(u32);

impl Answer {
    const FIRST_ITEMS: u32 = 1_000;
}

impl Replays {
    pub(crate) fn recall(&self, key: Fingerprint, payload: &Payload<'_>) -> Option<Replay> {
        let remembered = self.remembered.get(&key)?;
        if remembered.records != checksum(payload) {
            return Some(Replay::OtherRecords);
        }
        let due = Instant::from_nanos(u64::from(remembered.due_millis) * NANOS_PER_MILLI);
        Some(Replay::Again(self.reply(remembered.answer), due))
    }

    pub(crate) fn remember(&mut self, key: Fingerprint, payload: &Payload<'_>, reply: &Reply, due: Instant) {
        let answer = if let Body::Items(items) = &reply.body {
            self.items.push(items.clone().into_boxed_slice());
            let place = u32::try_from(self.items.len() - 1).expect("memory ends before the keys do");
            Answer(Answer::FIRST_ITEMS.saturating_add(place))
        } else {
            Answer(u32::from(reply.status))
        };
        let due_millis = u32::try_from(due.as_nanos().div_ceil(NANOS_PER_MILLI)).unwrap_or(u32::MAX);
        self.remembered.insert(key, Remembered { due_millis, records: checksum(payload), answer });
    }

    fn reply(&self, answer: Answer) -> Reply {
        let mut reply = match answer.0.checked_sub(Answer::FIRST_ITEMS) {
            Some(place) => Reply::new(200, Body::Items(self.items[place as usize].to_vec())),
            None if answer.0 == 200 => Reply::new(200, Body::Read),
            None => Reply::new(201, Body::Applied),
        };
        reply.replayed = true;
        reply
    }
}

fn checksum(payload: &Payload<'_>) -> u32 {
    let mix = |sum: u32, record: &Record| sum.rotate_left(5) ^ record.identity.low_bits();
    match payload {
        Payload::Nothing | Payload::Malformed => 0,
        Payload::One(record) => mix(0, record),
        Payload::Bulk(records) => records.iter().fold(1, mix),
    }
}

const NANOS_PER_MILLI: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_keys_stay_below_100_megabytes() {
        assert_eq!(size_of::<(Fingerprint, Remembered)>(), 24);
    }

    #[test]
    fn every_kind_of_reply_comes_back_as_it_was() {
        let mut replays = Replays::default();
        let records = [Record::sound(Fingerprint::number(1)), Record::sound(Fingerprint::number(2))];
        let items = vec![ItemResult { index: 1, problem: None }, ItemResult { index: 0, problem: None }];
        let cases = [
            (Payload::Nothing, Reply::new(200, Body::Read)),
            (Payload::One(records[0]), Reply::new(201, Body::Applied)),
            (Payload::Bulk(&records), Reply::new(200, Body::Items(items))),
        ];
        let due = Instant::from_nanos(5_000_001);
        for (number, (payload, reply)) in (0..).zip(&cases) {
            replays.remember(Fingerprint::number(number), payload, reply, due);
        }
        for (number, (payload, reply)) in (0..).zip(cases) {
            let replay = replays.recall(Fingerprint::number(number), &payload);
            let reply = Reply { replayed: true, ..reply };
            assert_eq!(replay, Some(Replay::Again(reply, Instant::from_nanos(6_000_000))));
        }
    }

    #[test]
    fn a_key_of_other_records_is_noticed() {
        let mut replays = Replays::default();
        let [one, other] = [1, 2].map(|n| Payload::One(Record::sound(Fingerprint::number(n))));
        replays.remember(Fingerprint::number(9), &one, &Reply::new(201, Body::Applied), Instant::EPOCH);
        assert_eq!(replays.recall(Fingerprint::number(9), &other), Some(Replay::OtherRecords));
        assert_eq!(replays.recall(Fingerprint::number(8), &other), None);
    }
}
