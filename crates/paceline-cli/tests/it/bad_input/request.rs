//! Requests that cannot be made of the records.

use super::super::desk::Desk;
use super::refused;

#[tokio::test]
async fn a_url_that_cannot_be_called_is_named_with_what_to_write() {
    let desk = Desk::with_records(3);
    let mut said = String::new();
    for url in [
        "api.example.com/people",
        "ftp://api.example.com/",
        "https://ann:sesame@api.example.com/",
        "https://",
    ] {
        said.push_str(&refused(&desk, &["records.csv", "--to", url]).await);
    }
    said.push_str(&refused(&desk, &["records.csv"]).await);
    assert!(!said.contains("sesame"), "{said}");
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn a_template_that_asks_for_a_missing_field_names_those_that_are_there() {
    let desk = Desk::with_records(3);
    desk.put("paceline.toml", "[target]\nbody = '''\n{\n  \"number\": \"{{ nmae }}\"\n}'''\n");
    let mut said = String::new();
    said.push_str(&refused(&desk, &["records.csv", "--to", "URL/{{ idd }}"]).await);
    said.push_str(&refused(&desk, &["records.csv", "--to", "URL", "-c", "paceline.toml"]).await);
    for flag in ["--key", "--order-by"] {
        said.push_str(&refused(&desk, &["records.csv", "--to", "URL", flag, "idd"]).await);
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn a_template_that_is_none_is_named_with_its_place() {
    let desk = Desk::with_records(3);
    let mut said = String::new();
    for body in ["{{ id", "{% if id %}x", "{{ id | nosuch }}", "{\"id\": {{ id }"] {
        desk.put("paceline.toml", format!("[target]\n\nbody = '{body}'\n"));
        said.push_str(&refused(&desk, &["records.csv", "--to", "URL", "-c", "paceline.toml"]).await);
    }
    said.push_str(&refused(&desk, &["records.csv", "--to", "URL/{{ id "]).await);
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn a_batch_whose_results_could_not_be_told_apart_is_refused() {
    let desk = Desk::empty();
    desk.put("records.csv", "number,name\n1,a\n2,b\n");
    desk.put("records.jsonl", "{\"id\":\"1\"}\n{\"number\":\"2\"}\n");
    let mut said = String::new();
    for source in ["records.csv", "records.jsonl"] {
        said.push_str(&refused(&desk, &[source, "--to", "URL", "--batch", "10"]).await);
    }
    insta::assert_snapshot!(said);
}
