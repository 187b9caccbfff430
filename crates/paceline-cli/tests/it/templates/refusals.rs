//! What templates refuse, and what the errors say.

use paceline_cli::records::Record;
use paceline_cli::template::{BatchTemplate, RequestSpec, RequestTemplate};

use super::{body_of, record, spec, text, url_of, with_body, with_header};

#[test]
fn a_template_that_does_not_compile_is_named_with_its_line() {
    let mut errors = String::new();
    for body in ["{\n\"a\": {{ a }", "{% if %}", "{% for x in y %}", "\u{1}"] {
        errors += &format!("{}\n", RequestTemplate::compile(&with_body(body)).unwrap_err());
    }
    insta::assert_snapshot!(errors, @"
    body (paceline.toml:5): not a template: syntax error: unexpected `}`, expected end of variable block
    body (paceline.toml:4): not a template: syntax error: unexpected end of block
    body (paceline.toml:4): not a template: syntax error: unexpected end of input, expected end of block
    body (paceline.toml:4): control characters U+0001 to U+0004 cannot stand in a template
    ");
}

#[test]
fn a_missing_field_is_named_with_the_lines_of_template_and_record() {
    let record = record(r#"{"id":"1","address":{"street":"x"}}"#);
    let bodies = [
        "{\n\"a\": \"{{ id }}\",\n\"city\": \"{{ city }}\"}",
        "{\"city\": \"{{ address.city }}\"}",
        "{\"zip\": \"{{ record.zip }}\"}",
        "{\"zip\": \"{{ record['zip'] }}\"}",
        "{\"zip\": \"{{ id.zip.code }}\"}",
        "{\"id\": \"{{ id | nosuch }}\"}",
        "{\"id\": \"{{ id + 1 }}\"}",
    ];
    let errors: String = bodies.iter().map(|body| body_of(body, &record).unwrap_err() + "\n").collect();
    insta::assert_snapshot!(errors, @r#"
    body (paceline.toml:6): there is no field `city`; correct the name, or write `{{ city | default("") }}` (record on line 7)
    body (paceline.toml:4): there is no field `address.city`; correct the name, or write `{{ address.city | default("") }}` (record on line 7)
    body (paceline.toml:4): there is no field `zip`; correct the name, or write `{{ zip | default("") }}` (record on line 7)
    body (paceline.toml:4): undefined value: `record['zip']` is undefined (record on line 7)
    body (paceline.toml:4): there is no field `id.zip.code`; correct the name, or write `{{ id.zip.code | default("") }}` (record on line 7)
    body (paceline.toml:4): unknown filter: filter nosuch is unknown (record on line 7)
    body (paceline.toml:4): invalid operation: tried to use + operator on unsupported types string and number (record on line 7)
    "#);
}

#[test]
fn a_value_that_would_leave_its_place_is_refused() {
    let record = record(r#"{"text":"\n\"","list":"1,2","empty":"","none":null,"dots":"..","dot":"."}"#);
    let mut errors: Vec<String> =
        ["[{{ list }}]", "{\"a\": {{ empty }}}", "{\"a\": \"\\{{ text }}\"}", "{\"a\": {{ none }},}"]
            .iter()
            .map(|body| body_of(body, &record).unwrap_err())
            .collect();
    for filter in ["upper", "replace('\\\\', '')", "reverse"] {
        let body = format!("{{% set x %}}{{{{ text }}}}{{% endset %}}[\"{{{{ x | {filter} }}}}\"]");
        errors.push(body_of(&body, &record).unwrap_err());
    }
    for url in [
        "/{{ empty }}",
        "/{{ empty }}{{ none }}/x",
        "/{{ dots }}/x",
        "/{{ dot }}",
        "/{{ dot }}.?x",
        "/{{ list }}#x",
        "/a b{{ list }}",
    ] {
        errors.push(url_of(&format!("https://h/items{url}"), &record).unwrap_err());
    }
    let header = RequestTemplate::compile(&with_header("X-Text", "{{ text }}")).unwrap();
    errors.push(header.render(&record).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
    body (paceline.toml:4): `1,2` after `[` is not a number, true, false or null; write quotes around the expression (record on line 7)
    body (paceline.toml:4): nothing after `{"a": `; write quotes around the expression, or `| default("null", true)` (record on line 7)
    body (paceline.toml:4): a backslash before an expression, after `{"a": "\`; write it twice (record on line 7)
    body (paceline.toml:4): not valid JSON at `{"a": null,}`: key must be a string (record on line 7)
    body (paceline.toml:4): a captured block went through a filter, which would undo the escaping; put the filter on each value (record on line 7)
    body (paceline.toml:4): a captured block went through a filter, which would undo the escaping; put the filter on each value (record on line 7)
    body (paceline.toml:4): a captured block went through a filter, which would undo the escaping; put the filter on each value (record on line 7)
    url (--to): `empty` is empty, and a part of the path would be too; leave such records out, or give the path another form (record on line 7)
    url (--to): `empty` is empty, and a part of the path would be too; leave such records out, or give the path another form (record on line 7)
    url (--to): `..` as a part of the path would lead elsewhere; leave such records out (record on line 7)
    url (--to): `.` as a part of the path would lead elsewhere; leave such records out (record on line 7)
    url (--to): `..` as a part of the path would lead elsewhere; leave such records out (record on line 7)
    url (--to): `https://h/items/1%2C2#x` is not a URL: what follows `#` would not be sent; write %23 (record on line 7)
    url (--to): `https://h/items/a b1%2C2` is not a URL: invalid uri character (record on line 7)
    header x-text (paceline.toml:4): a line break or another control character in a header; remove it, for example with `| replace("\n", " ")` (record on line 7)
    "#);
}

#[test]
fn headers_that_cannot_be_sent_or_hold_secrets_are_refused() {
    let headers = [
        ("bad name", "x"),
        ("Host", "x"),
        ("content-length", "1"),
        ("Authorization", "Bearer sesame"),
        ("X-Api-Key", "sesame"),
        ("Content-Type", "{{ kind }}"),
        ("X-Line", "a\r\nb"),
    ];
    let errors: Vec<_> = headers
        .iter()
        .map(|(name, value)| RequestTemplate::compile(&with_header(name, value)).unwrap_err().to_string())
        .collect();
    let errors = errors.join("\n");
    assert!(!errors.contains("sesame"));
    insta::assert_snapshot!(errors, @r#"
    header bad name (paceline.toml:4): `bad name` is not the name of a header
    header Host (paceline.toml:4): this header is written by Paceline itself; leave it out
    header content-length (paceline.toml:4): this header is written by Paceline itself; leave it out
    header Authorization (paceline.toml:4): a secret must not stand in a template; name its variable under [auth], for example header_env = { name = "Authorization", env = "..." }
    header X-Api-Key (paceline.toml:4): a secret must not stand in a template; name its variable under [auth], for example header_env = { name = "X-Api-Key", env = "..." }
    header content-type (paceline.toml:4): a content type cannot be a template: it decides how values are escaped
    header x-line (paceline.toml:4): a line break or another control character in a header; remove it, for example with `| replace("\n", " ")`
    "#);
}

#[test]
fn a_batch_has_no_single_record() {
    let url = BatchTemplate::compile(&spec("https://h/{{ id }}")).unwrap_err();
    let body = RequestSpec {
        batch_body: Some(text("{\"a\":\n\"{{ name }} {{ record.id }}\"}")),
        ..spec("https://h/")
    };
    let body = BatchTemplate::compile(&body).unwrap_err();
    let missing = "[{% for r in records %}\"{{ r.name }}\"{% endfor %}]";
    let missing = RequestSpec { batch_body: Some(text(missing)), ..spec("https://h/") };
    let records = [record(r#"{"name":"x"}"#), Record { line: 9, ..record("{}") }];
    let missing = BatchTemplate::compile(&missing).unwrap().render(&records).unwrap_err();
    insta::assert_snapshot!(format!("{url}\n{body}\n{missing}"), @"
    url (--to): a batch has no single record, so `id` cannot be used here; a batch's body has `records`
    batch body (paceline.toml:4): a batch has no single record, so `name` and `record` cannot be used here; a batch's body has `records`
    batch body (paceline.toml:4): undefined value: `r.name` is undefined (records on lines 7 to 9)
    ");
}

#[test]
fn what_is_no_cost_is_refused_with_its_place() {
    let of = |cost: &str| RequestSpec { cost: Some(text(cost)), ..spec("https://h/items") };
    let error = RequestTemplate::compile(&of("many")).unwrap_err().to_string();
    assert!(error.starts_with("cost (paceline.toml:4): `many` is not a cost"), "{error}");
    let template = RequestTemplate::compile(&of("{{ points }}")).unwrap();
    assert!(template.required_fields().contains("points"));
    let error = template.render(&record(r#"{"points":"0"}"#)).unwrap_err().to_string();
    assert!(error.contains("`0` is not a cost") && error.ends_with("(record on line 7)"), "{error}");
    let error = BatchTemplate::compile(&of("{{ points }}")).unwrap_err().to_string();
    assert!(error.contains("a batch has no single record"), "{error}");
}
