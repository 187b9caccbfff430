//! How fast sources are read and scanned.

use std::io::Cursor;

use divan::counter::{BytesCount, ItemsCount};
use paceline_cli::records::{Format, Records, SourceSpec, scan};

fn main() {
    divan::main();
}

#[divan::bench]
fn read_csv(bencher: divan::Bencher<'_, '_>) {
    read(bencher, csv(), Format::Csv);
}

#[divan::bench]
fn read_json_lines(bencher: divan::Bencher<'_, '_>) {
    read(bencher, json_lines(), Format::JsonLines);
}

#[divan::bench]
fn read_json_array(bencher: divan::Bencher<'_, '_>) {
    let array = format!("[{}]", json_lines().trim_end().replace('\n', ",\n"));
    read(bencher, array, Format::JsonArray);
}

#[divan::bench]
fn scan_csv(bencher: divan::Bencher<'_, '_>) {
    let text = csv();
    let directory = tempfile::tempdir().expect("a directory for the source");
    let path = directory.path().join("rows.csv");
    std::fs::write(&path, &text).expect("room for the source");
    let spec = SourceSpec::named(&path);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| scan(&spec, &mut |_| {}).expect("the source is well formed").records);
}

#[divan::bench]
fn digest(bencher: divan::Bencher<'_, '_>) {
    let source = Box::new(Cursor::new(csv().into_bytes()));
    let mut records = Records::from_reader("source", source, Some(Format::Csv)).expect("a header");
    let record = records.next().expect("a record").expect("a well-formed record");
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| record.digest());
}

fn read(bencher: divan::Bencher<'_, '_>, text: String, format: Format) {
    bencher.counter(ItemsCount::new(RECORDS)).counter(BytesCount::of_str(&text)).bench_local(|| {
        let source = Box::new(Cursor::new(text.clone().into_bytes()));
        let records = Records::from_reader("source", source, Some(format)).expect("a header");
        records.map(|record| record.expect("a well-formed record").fields.len()).sum::<usize>()
    });
}

fn csv() -> String {
    let rows = (0..RECORDS)
        .map(|n| format!("{n:05},Livingston Municipal,Livingston,TX,USA,30.68586111,-95.01792778\n"));
    format!("iata,name,city,state,country,latitude,longitude\n{}", rows.collect::<String>())
}

fn json_lines() -> String {
    (0..RECORDS)
        .map(|n| {
            format!(
                "{{\"id\":{n},\"name\":\"Livingston Municipal\",\"latitude\":30.68586111,\"open\":true}}\n"
            )
        })
        .collect()
}

const RECORDS: usize = 20_000;
