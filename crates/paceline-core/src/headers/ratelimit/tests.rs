use proptest::prelude::*;

use super::*;

fn limit(count: Option<u64>, period: Option<u64>, remaining: u64, reset: Option<u64>) -> PublishedLimit {
    PublishedLimit {
        count,
        period: period.map(Duration::from_secs),
        remaining: Some(remaining),
        reset: reset.map(Duration::from_secs),
        ..PublishedLimit::default()
    }
}

fn all(fields: Fields<'_>) -> Vec<PublishedLimit> {
    read(&fields).iter().copied().collect()
}

fn draft_8<'a>(rate_limit: &'a str, policy: &'a str) -> Fields<'a> {
    Fields { rate_limit: Some(rate_limit), policy: Some(policy), ..Fields::default() }
}

#[test]
fn what_deployed_platforms_write_is_read() {
    // The draft's own examples.
    let two = r#""burst";q=100;w=60,"daily";q=1000;w=86400"#;
    let items = all(draft_8(r#""daily";r=700;t=3600, "burst";r=50;t=30"#, two));
    assert_eq!(
        items,
        [limit(Some(1_000), Some(86_400), 700, Some(3_600)), limit(Some(100), Some(60), 50, Some(30))]
    );
    // express-rate-limit 8, draft 8: the name tells the limit, and `pk` whose it is.
    let express =
        draft_8(r#""100-in-15min"; r=99; t=900"#, r#""100-in-15min"; q=100; w=900; pk=:MTI3LjAuMC4xOmFi:"#);
    assert_eq!(all(express), [limit(Some(100), Some(900), 99, Some(900))]);
    // express-rate-limit, draft 7 and draft 6.
    let express = draft_8("limit=100, remaining=99, reset=900", "100;w=900");
    assert_eq!(all(express), [limit(Some(100), Some(900), 99, Some(900))]);
    let express = Fields {
        policy: Some("100;w=900"),
        limit: Some("100"),
        remaining: Some("99"),
        reset: Some("900"),
        ..Fields::default()
    };
    assert_eq!(all(express), [limit(Some(100), Some(900), 99, Some(900))]);
    // Cloudflare publishes no policy with it on some plans.
    let cloudflare = Fields { rate_limit: Some(r#""default";r=50;t=30"#), ..Fields::default() };
    assert_eq!(all(cloudflare), [limit(None, None, 50, Some(30))]);
    // Atlassian's are these with `Beta-` before their names; points have a unit of their own.
    let atlassian =
        draft_8(r#""global-app-quota";r=13500;t=600"#, r#""global-app-quota";q=65000;w=3600;qu="points""#);
    let points =
        PublishedLimit { unit: QuotaUnit::Cost, ..limit(Some(65_000), Some(3_600), 13_500, Some(600)) };
    assert_eq!(all(atlassian), [points]);
    // The limit and its policies in one field, as drafts up to 6 wrote it.
    let old = Fields {
        limit: Some("10, 10;w=1, 50;w=60"),
        remaining: Some("9"),
        reset: Some("1"),
        ..Fields::default()
    };
    assert_eq!(all(old), [limit(Some(10), Some(1), 9, Some(1))]);
}

#[test]
fn units_are_those_of_the_policy() {
    let unit = |name: &str| {
        let policy = format!(r#""a";q=10;qu="{name}""#);
        all(draft_8(r#""a";r=5"#, &policy))[0].unit
    };
    assert_eq!(unit("requests"), QuotaUnit::Requests);
    assert_eq!(unit("content-bytes"), QuotaUnit::Bytes);
    assert_eq!(unit("concurrent-requests"), QuotaUnit::Concurrent);
    assert_eq!(unit("tokens"), QuotaUnit::Cost);
}

#[test]
fn a_malformed_field_is_ignored_as_a_whole() {
    let malformed = [
        "",
        "50",
        "default;r=50",
        r#""default""#,
        r#""default";r=-1"#,
        r#""default";r=5;t=-1"#,
        r#""default";r=5.0"#,
        r#""default";r="5""#,
        r#""a";r=5, "b""#,
        r#""a";r=5,"#,
        r#""a";r=5 "b";r=6"#,
        r#"("a");r=5"#,
        r#""ä";r=5"#,
        "remaining=5, reset=x y",
        "limit=100, reset=5",
        "remaining=5;",
        "remaining=-5",
    ];
    for rate_limit in malformed {
        let fields = Fields { rate_limit: Some(rate_limit), ..Fields::default() };
        assert_eq!(read(&fields), Published::NONE, "{rate_limit:?}");
    }
    // A policy that is malformed takes nothing from the state.
    for policy in [r#""a""#, r#""a";q=10;w=0"#, r#""a";q=-1"#, r#""a";q=10;qu=requests"#, "junk, "] {
        assert_eq!(all(draft_8(r#""a";r=5"#, policy)), [limit(None, None, 5, None)], "{policy:?}");
    }
    for (remaining, reset) in [("x", "1"), ("", "1"), ("5, 6", "1")] {
        let fields = Fields { remaining: Some(remaining), reset: Some(reset), ..Fields::default() };
        assert_eq!(read(&fields), Published::NONE);
    }
}

#[test]
fn a_reset_that_is_a_date_is_not_taken_for_a_wait() {
    let fields = Fields { remaining: Some("5"), reset: Some("1760000000"), ..Fields::default() };
    assert_eq!(all(fields), [limit(None, None, 5, None)]);
}

#[test]
fn more_limits_than_are_kept_are_left_out() {
    let many: Vec<String> = (0..9).map(|n| format!("\"{n}\";r={n}")).collect();
    assert_eq!(all(draft_8(&many.join(", "), "")).len(), Published::MOST);
}

/// A limit as a platform may write it: name, count, period, remaining, reset, comments.
type Written = (String, u64, Option<u64>, u64, Option<u64>, bool);

fn written() -> impl Strategy<Value = Written> {
    let count = 0..1_000_000_000_000_000_u64;
    let period = prop::option::of(1..1_000_000_u64);
    let reset = prop::option::of(0..YEAR);
    ("[ -~]{0,12}", count.clone(), period, count, reset, any::<bool>())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        items in prop::collection::btree_map("[ -~]{0,12}", written(), 1..=Published::MOST), blank in "[ \t]{0,2}",
    ) {
        let (mut states, mut policies, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for (name, (_, count, period, remaining, reset, is_chatty)) in items {
            let comment = if is_chatty { ";x-note=\"a, b\"; y;pk=:YWI=:" } else { "" };
            let number = |key, number: Option<u64>| number.map(|n| format!("; {key}={n}")).unwrap_or_default();
            states.push(format!("{}{comment};r={remaining}{}", quoted(&name), number("t", reset)));
            policies.insert(0, format!("{};q={count}{}{comment}", quoted(&name), number("w", period)));
            expected.push(limit(Some(count), period, remaining, reset));
        }
        let comma = format!("{blank},{blank}");
        prop_assert_eq!(all(draft_8(&states.join(&comma), &policies.join(&comma))), expected);
    }

    #[test]
    fn draft_7_reads_back((_, count, period, remaining, reset, _) in written()) {
        let reset_text = reset.map(|reset| format!(", reset={reset}")).unwrap_or_default();
        let policy = period.map(|period| format!("{count};w={period}")).unwrap_or_default();
        let rate_limit = format!("limit={count}, remaining={remaining}{reset_text}");
        prop_assert_eq!(all(draft_8(&rate_limit, &policy)), [limit(Some(count), period, remaining, reset)]);
    }

    #[test]
    fn no_fields_panic(
        rate_limit in prop::option::of(".{0,40}"), policy in prop::option::of("[\"a-z;=0-9, ]{0,40}"),
        limit in prop::option::of(".{0,20}"), remaining in prop::option::of("[0-9;= ]{0,9}"),
        reset in prop::option::of(".{0,9}"),
    ) {
        let fields = Fields {
            rate_limit: rate_limit.as_deref(), policy: policy.as_deref(), limit: limit.as_deref(),
            remaining: remaining.as_deref(), reset: reset.as_deref(),
        };
        let _ = read(&fields);
    }
}
