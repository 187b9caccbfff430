//! Bulk calls.

use paceline_sim::platform::{
    Body, BulkCost, ItemResult, Nature, Payload, Platform, PlatformConfig, Record, Request,
};

use crate::fixture::{bucket, limited, record, reply, status};

fn natured(number: u64, nature: Nature) -> Record {
    Record { nature, ..record(number) }
}

fn items(platform: &mut Platform, millis: u64, records: &[Record]) -> Vec<ItemResult> {
    match reply(platform, millis, &Request::bare(Payload::Bulk(records))).body {
        Body::Items(items) => items,
        body => panic!("{body:?}"),
    }
}

#[test]
fn every_item_is_judged_alone_and_answered_once_in_no_order() {
    let mut platform = Platform::new(limited(&[]), 1);
    let nature = |n: u64| match n % 10 {
        3 => Nature::Reject,
        7 => Nature::RetryOnce,
        _ => Nature::Sound,
    };
    let records: Vec<_> = (0..100).map(|n| natured(n, nature(n))).collect();
    let results = items(&mut platform, 0, &records);
    let in_order: Vec<u32> = results.iter().map(|item| item.index).collect();
    let mut sorted = in_order.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    assert_ne!(in_order, sorted, "results are shuffled");
    for item in results {
        let expected = [201, 201, 201, 422, 201, 201, 201, 503, 201, 201][item.index as usize % 10];
        assert_eq!(item.status(), expected);
        assert_eq!(item.problem.is_some_and(|problem| problem.is_retryable()), expected == 503);
    }
    assert_eq!(platform.stats().distinct, 80);
}

#[test]
fn an_item_that_fails_once_succeeds_in_a_later_batch() {
    let mut platform = Platform::new(limited(&[]), 1);
    let records = [natured(1, Nature::RetryOnce)];
    assert_eq!(items(&mut platform, 0, &records)[0].status(), 503);
    assert_eq!(items(&mut platform, 1, &records)[0].status(), 201);
}

#[test]
fn one_poisonous_record_spoils_the_batch_and_nothing_of_it_is_applied() {
    let mut platform = Platform::new(limited(&[]), 1);
    let records = [record(1), natured(2, Nature::Poison), record(3)];
    assert_eq!(status(&mut platform, 0, &Request::bare(Payload::Bulk(&records))), 400);
    assert_eq!(platform.stats().distinct, 0);
    assert_eq!(status(&mut platform, 0, &Request::bare(Payload::Bulk(&records[..1]))), 200);
}

#[test]
fn a_record_alone_is_answered_as_its_nature_says() {
    let mut platform = Platform::new(limited(&[]), 1);
    let mut alone = |nature| reply(&mut platform, 0, &Request::bare(Payload::One(natured(1, nature))));
    assert_eq!(alone(Nature::Reject).status, 422);
    assert_eq!(alone(Nature::Poison).status, 400);
    let first = alone(Nature::RetryOnce);
    assert_eq!((first.status, first.retry_after.unwrap().to_string().as_str()), (503, "1"));
    assert_eq!(alone(Nature::RetryOnce).status, 201);
}

#[test]
fn a_bulk_call_costs_one_or_as_many_as_its_items() {
    let records: Vec<_> = (0..4).map(record).collect();
    for (bulk_cost, expected) in [(BulkCost::Call, [200; 4]), (BulkCost::Item, [200, 200, 429, 429])] {
        let config = PlatformConfig { bulk_cost, ..limited(&[bucket(1, 8)]) };
        let mut platform = Platform::new(config, 1);
        let statuses = [(); 4].map(|()| status(&mut platform, 0, &Request::bare(Payload::Bulk(&records))));
        assert_eq!(statuses, expected);
    }
}

#[test]
fn what_is_too_large_or_can_never_be_granted_is_answered_with_413() {
    let records: Vec<_> = (0..9).map(record).collect();
    let config = PlatformConfig { bulk_cost: BulkCost::Item, ..limited(&[bucket(1, 8)]) };
    let mut platform = Platform::new(config, 1);
    assert_eq!(status(&mut platform, 0, &Request::bare(Payload::Bulk(&records))), 413);
    let bytes = |body_bytes| Request { body_bytes, ..Request::bare(Payload::Bulk(&records[..1])) };
    assert_eq!(status(&mut platform, 0, &bytes(512_000)), 200);
    assert_eq!(status(&mut platform, 0, &bytes(512_001)), 413);
}
