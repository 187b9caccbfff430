//! What the journal costs: entries of one record each, through the handle, made durable on a real disk.
//!
//! `cargo bench -p paceline-cli --bench journal`. The goal is 60,000 entries a second on one core.

use std::future::Future;

use divan::Bencher;
use divan::counter::ItemsCount;
use paceline_cli::journal::{Binding, Digest, Entry, Journal, Open, RecordRef, Repeat};
use tempfile::TempDir;
use tokio::runtime::Builder;

fn main() {
    divan::main();
}

/// Every departure and every delivery of `ENTRIES / 2` records, in commits of `together` entries.
#[divan::bench(args = [64, 512, 4096], consts = [false, true], sample_count = 10, sample_size = 1)]
fn departed_and_delivered<const KEYED: bool>(bencher: Bencher<'_, '_>, together: usize) {
    bencher
        .counter(ItemsCount::new(ENTRIES))
        .with_inputs(|| (open(KEYED), entries(KEYED)))
        .bench_local_values(|((folder, journal), entries)| {
            wait(async {
                for chunk in entries.chunks(together) {
                    journal.commit(chunk.to_vec()).await.expect("the disk has room");
                }
            });
            (folder, journal)
        });
}

/// The same without waiting, as a run does whose calls may be repeated.
#[divan::bench(consts = [false, true], sample_count = 10, sample_size = 1)]
fn enqueued<const KEYED: bool>(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(ENTRIES))
        .with_inputs(|| (open(KEYED), entries(KEYED)))
        .bench_local_values(|((folder, journal), entries)| {
            wait(async {
                for entry in entries {
                    journal.room().await;
                    journal.enqueue(entry);
                }
                journal.commit(Vec::new()).await.expect("the disk has room");
            });
            (folder, journal)
        });
}

/// Classifying a source that nothing is known of, 512 records at a time.
#[divan::bench(consts = [false, true], sample_count = 10, sample_size = 1)]
fn classified<const KEYED: bool>(bencher: Bencher<'_, '_>) {
    let records: Vec<_> = (0..ENTRIES as u64).map(|position| record(position, KEYED)).collect();
    bencher.counter(ItemsCount::new(ENTRIES)).with_inputs(|| open(KEYED)).bench_local_values(
        |(folder, journal)| {
            wait(async {
                for chunk in records.chunks(512) {
                    journal.classify(chunk.to_vec()).await.expect("the disk has room");
                }
            });
            (folder, journal)
        },
    );
}

fn open(keyed: bool) -> (TempDir, Journal) {
    let binding = Binding {
        source: "bench".to_owned(),
        fingerprint: Some(String::new()),
        key_field: keyed.then(|| "id".to_owned()),
        target: "POST http://localhost/".to_owned(),
        template: String::new(),
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
    let path = folder.path().join("bench.journal");
    let opened = Journal::open(&path, &binding, Open::Resume, Repeat::Unsafe).expect("the folder is new");
    (folder, opened.journal)
}

fn entries(keyed: bool) -> Vec<Entry> {
    let halves = |position| {
        let records = vec![record(position, keyed)];
        [Entry::Departed { records: records.clone(), batch: None }, Entry::Delivered { records }]
    };
    (0..ENTRIES as u64 / 2).flat_map(halves).collect()
}

fn record(position: u64, keyed: bool) -> RecordRef {
    // Keys come in no order, as they do.
    let scattered = position.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    RecordRef {
        position,
        key: keyed.then(|| format!("{scattered:016x}").into()),
        digest: Digest::from_bytes(u128::from(scattered).to_le_bytes()),
        line: position + 2,
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().expect("a runtime without drivers").block_on(future)
}

const ENTRIES: usize = 40_000;
