//! What templates make of records.

use http::Method;
use paceline_cli::template::{BatchTemplate, RequestSpec, RequestTemplate};

use super::{body_of, body_under, record, spec, text, url_of, with_body, with_header};

#[test]
fn without_a_template_the_record_is_posted_as_json() {
    let record = record(r#"{"z":"1","a":{"b":[1.5,null]}}"#);
    let rendered = RequestTemplate::compile(&spec("https://h/items")).unwrap().render(&record).unwrap();
    assert_eq!(rendered.method, Method::POST);
    assert_eq!(rendered.url, "https://h/items");
    assert_eq!(rendered.headers["content-type"], "application/json");
    assert_eq!(rendered.body, record.json());
}

#[test]
fn a_method_without_body_sends_none() {
    let spec = RequestSpec { method: Method::DELETE, ..spec("https://h/items/{{ id }}") };
    let rendered = RequestTemplate::compile(&spec).unwrap().render(&record(r#"{"id":7}"#)).unwrap();
    assert!(rendered.body.is_empty() && rendered.headers.is_empty());
    assert_eq!(rendered.url, "https://h/items/7");
}

#[test]
fn values_within_quotes_are_text_and_others_keep_their_type() {
    let record = record(r#"{"name":"O\"Hare","lat":"41.97","n":5,"open":true,"tags":["a","b"],"none":null}"#);
    let body = r#"{"name":"{{ name }}","lat":{{ lat }},"n":{{ n }},"text":"{{ n }}","open":{{ open }},
        "tags":{{ tags }},"text2":"{{ tags }}","none":{{ none }},"all":{{ record | tojson }}}"#;
    insta::assert_snapshot!(body_of(body, &record).unwrap(), @r#"
    {"name":"O\"Hare","lat":41.97,"n":5,"text":"5","open":true,
            "tags":["a","b"],"text2":"[\"a\",\"b\"]","none":null,"all":{"name": "O\"Hare", "lat": "41.97", "n": 5, "open": true, "tags": ["a", "b"], "none": null}}
    "#);
}

#[test]
fn the_engine_s_own_ways_work() {
    let record = record(r#"{"first":"A\"","last":"B","tags":["x\"","y"]}"#);
    let cases = [
        (
            r#"{% macro full(r) %}{{ r.first }} {{ r.last }}{% endmacro %}{"n":"{{ full(record) }}"}"#,
            r#"{"n":"A\" B"}"#,
        ),
        (r#"{% set n %}{{ first }}!{% endset %}{"n":"{{ n }}"}"#, r#"{"n":"A\"!"}"#),
        (
            r#"[{% for tag in tags %}"{{ tag | upper }}"{% if not loop.last %},{% endif %}{% endfor %}]"#,
            r#"["X\"","Y"]"#,
        ),
        (r#"{"x":"{{ gone | default("none") }}"}"#, r#"{"x":"none"}"#),
        (r#"{"x":"{{ record.first ~ record["last"] }}"{# a comment #}}"#, r#"{"x":"A\"B"}"#),
        (r#"{"x":{{ tags | length }}}"#, r#"{"x":2}"#),
        (r#"{"x":"{{ tags | tojson }}"}"#, r#"{"x":"[\"x\\\"\", \"y\"]"}"#),
    ];
    for (body, expected) in cases {
        assert_eq!(body_of(body, &record).as_deref(), Ok(expected), "{body}");
    }
}

#[test]
fn values_in_a_url_are_percent_encoded_and_its_own_characters_stand() {
    let record = record(r#"{"id":"a/b?c#d%e f","q":"x&y=z","n":1.5,"none":null,"tags":["a"]}"#);
    let url =
        url_of("https://h:8443/v1/ä/{{ id }}/x?q={{ q }}&n={{ n }}&e={{ none }}&t={{ tags }}&f=a+b", &record);
    insta::assert_snapshot!(url.unwrap(), @"https://h:8443/v1/%C3%A4/a%2Fb%3Fc%23d%25e%20f/x?q=x%26y%3Dz&n=1.5&e=&t=%5B%22a%22%5D&f=a+b");
}

#[test]
fn other_content_types_escape_in_their_own_way() {
    let record = record(r#"{"v":"a&b <\"c\"> 'd'","n":3}"#);
    let body = |content_type: &str, body: &str| {
        let headers = vec![("Content-Type".to_owned(), text(content_type))];
        body_under(&RequestSpec { headers, ..with_body(body) }, &record).unwrap()
    };
    assert_eq!(
        body("application/x-www-form-urlencoded", "v={{ v }}&n={{ n }}"),
        "v=a%26b%20%3C%22c%22%3E%20%27d%27&n=3"
    );
    assert_eq!(
        body("application/xml; charset=utf-8", "<v>{{ v }}</v>"),
        "<v>a&amp;b &lt;&quot;c&quot;&gt; &#39;d&#39;</v>"
    );
    assert_eq!(body("text/plain", "{{ v }}"), "a&b <\"c\"> 'd'");
    assert_eq!(body("application/vnd.api+json", r#"["{{ v }}"]"#), r#"["a&b <\"c\"> 'd'"]"#);
}

#[test]
fn headers_carry_values_as_they_are() {
    let template = RequestTemplate::compile(&with_header("X-Name", "n={{ name }}")).unwrap();
    let rendered = template.render(&record(r#"{"name":"O'Häre \"x\""}"#)).unwrap();
    assert_eq!(rendered.headers["x-name"].as_bytes(), "n=O'Häre \"x\"".as_bytes());
    assert_eq!(rendered.headers["content-type"], "application/json");
}

#[test]
fn a_batch_is_entities_or_its_own_body() {
    let records = [record(r#"{"id":"1"}"#), record(r#"{"id":"\"2"}"#)];
    let batch = |spec: &RequestSpec| BatchTemplate::compile(spec).unwrap().render(&records).unwrap().body;
    assert_eq!(batch(&spec("https://h/bulk")), r#"{"entities":[{"id":"1"},{"id":"\"2"}]}"#);
    let body =
        r#"[{% for r in records %}{"key":"{{ r.id }}"}{% if not loop.last %},{% endif %}{% endfor %}]"#;
    let own = RequestSpec { batch_body: Some(text(body)), ..spec("https://h/bulk") };
    assert_eq!(batch(&own), r#"[{"key":"1"},{"key":"\"2"}]"#);
    let all = RequestSpec { batch_body: Some(text(r#"{"items":{{ records }}}"#)), ..spec("https://h/bulk") };
    assert_eq!(batch(&all), r#"{"items":[{"id":"1"},{"id":"\"2"}]}"#);
}

#[test]
fn the_fields_of_a_template_are_known_before_any_record() {
    let body = r#"{"a":"{{ a }}","b":"{{ record.b }}","c":"{{ c|default('') }}","d":{{ d.e }},"ab":"{{ ab }}",
        {% if f is defined %}"f":{{ f }},{% endif %}{% for n in range(3) %}{{ n }}{% endfor %}{{ record | tojson }}}"#;
    let spec = RequestSpec { url: "https://h/{{ id }}".parse().unwrap(), ..with_body(body) };
    let template = RequestTemplate::compile(&spec).unwrap();
    let names = |set: std::collections::BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(names(template.fields()), "a ab b c d f id");
    assert_eq!(names(template.required_fields()), "a ab b d id");
}

#[test]
fn a_call_costs_what_its_template_says() {
    let costs = |cost: Option<&str>| {
        let spec = RequestSpec { cost: cost.map(text), ..spec("https://h/items") };
        let template = RequestTemplate::compile(&spec).unwrap();
        template.render(&record(r#"{"id":"1","points":"2.5"}"#)).unwrap().cost.0.get()
    };
    assert_eq!((costs(None), costs(Some("40")), costs(Some("{{ points }}"))), (1, 40, 3));
    let spec = RequestSpec { cost: Some(text("{{ records | length }}")), ..spec("https://h/bulk") };
    let two = [record(r#"{"id":"1"}"#), record(r#"{"id":"2"}"#)];
    assert_eq!(BatchTemplate::compile(&spec).unwrap().render(&two).unwrap().cost.0.get(), 2);
}
