//! How fast records become requests.

use divan::counter::ItemsCount;
use paceline_cli::origin::{Origin, Text};
use paceline_cli::records::Record;
use paceline_cli::template::{BatchTemplate, RequestSpec, RequestTemplate};

fn main() {
    divan::main();
}

#[divan::bench]
fn record_as_json(bencher: divan::Bencher<'_, '_>) {
    render(bencher, &spec("https://api.example.com/records"));
}

#[divan::bench]
fn url_and_body_templates(bencher: divan::Bencher<'_, '_>) {
    let body = r#"{"name": "{{ name }}", "latitude": {{ latitude }}, "state": "{{ state }}"}"#;
    let body = Some(Text::new(body, Origin::Default));
    render(bencher, &RequestSpec { body, ..spec("https://api.example.com/airports/{{ iata }}") });
}

#[divan::bench]
fn batch_of_100_as_entities(bencher: divan::Bencher<'_, '_>) {
    let template = BatchTemplate::compile(&spec("https://api.example.com/bulk")).expect("no template");
    let records = vec![record(); 100];
    bencher
        .counter(ItemsCount::new(100usize))
        .bench_local(|| template.render(&records).expect("nothing can be missing"));
}

fn render(bencher: divan::Bencher<'_, '_>, spec: &RequestSpec) {
    let template = RequestTemplate::compile(spec).expect("well-formed templates");
    let record = record();
    bencher
        .counter(ItemsCount::new(1usize))
        .bench_local(|| template.render(&record).expect("every field is there"));
}

fn spec(url: &str) -> RequestSpec {
    RequestSpec::post(url.parse().expect("a URL"), Origin::Default)
}

fn record() -> Record {
    let fields = r#"{"iata":"00R","name":"Livingston Municipal","city":"Livingston","state":"TX",
        "country":"USA","latitude":"30.68586111","longitude":"-95.01792778"}"#;
    Record { position: 0, line: 2, fields: serde_json::from_str(fields).expect("a JSON object") }
}
