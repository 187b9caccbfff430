use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

fn sent(path: &str) -> SentPath<'_> {
    SentPath::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn route(prefix: &str, to: Option<&str>, is_paced: bool) -> Route {
    let to = to.map(|to| to.parse().unwrap());
    Route { to, is_paced, ..Route::new(prefix.parse().unwrap()) }
}

fn routes() -> Rules {
    let routes = vec![
        route("/oauth/", Some("https://login.example.com"), true),
        route("/oauth/health", None, false),
        route("/oauth/v2/", Some("https://login2.example.com/base"), false),
    ];
    Rules { to: Some("https://api.example.com".parse().unwrap()), routes, ..Rules::default() }
}

fn exports() -> Rule {
    Rule {
        methods: vec![Method::POST, Method::PUT],
        path: Some("/api/*/exports/**".parse().unwrap()),
        header: Some("x-integration: crm".parse().unwrap()),
        cost: NonZeroU32::new(5),
        tenant: Some("header:x-tenant".parse().unwrap()),
        integration: Some("crm".parse().unwrap()),
        endpoint: Some(ScopeSource::Endpoint),
        ..Rule::new("exports")
    }
}

#[test]
fn the_longest_prefix_wins_on_borders_of_segments() {
    let rules = routes();
    let cases = [
        ("/", "https://api.example.com", true),
        ("/oauthx", "https://api.example.com", true),
        ("/oauth", "https://login.example.com", true),
        ("/oauth/token", "https://login.example.com", true),
        ("/oauth/v2/token", "https://login2.example.com/base", false),
        ("/oauth/v20", "https://login.example.com", true),
        ("/oauth/health", "https://api.example.com", false),
    ];
    for (path, to, is_paced) in cases {
        let to: Upstream = to.parse().unwrap();
        assert_eq!(rules.route(&sent(path)), Some(Routed { to: &to, is_paced }), "{path}");
    }
}

#[test]
fn no_way_of_writing_a_path_gets_past_its_route() {
    let rules = routes();
    let unpaced: Upstream = "https://login2.example.com/base".parse().unwrap();
    for path in ["//oauth/v2/x", "/oauth//v2", "/%6Fauth/v%32/x", "/oauth;a=b/v2;c/x", "/;/oauth/v2/"] {
        assert_eq!(rules.route(&sent(path)).unwrap().to, &unpaced, "{path}");
    }
    for path in ["/oauth/v2/../../api", "/oauth/v2/%2e%2e/x", "/oauth/v2/..;/x", "/oauth/v2%2f..%2fx"] {
        assert_eq!(SentPath::read(path), Err(PathRefused::Dots), "{path}");
    }
    assert!(rules.route(&sent("/oauth%2Fv2/x")).unwrap().is_paced, "an encoded slash is no border");
}

#[test]
fn without_an_upstream_a_path_leads_nowhere() {
    let rules = Rules { to: None, ..routes() };
    assert_eq!(rules.route(&sent("/records")), None);
    assert_eq!(rules.route(&sent("/oauth/health")), None);
    assert!(rules.route(&sent("/oauth/token")).is_some());
}

#[test]
fn all_that_a_rule_asks_for_must_hold() {
    let rule = exports();
    let of_crm = headers(&[("x-integration", "crm")]);
    let path = sent("/api/v2/exports/7");
    assert!(rule.matches(&Method::POST, &path, &of_crm));
    assert!(!rule.matches(&Method::GET, &path, &of_crm));
    assert!(!rule.matches(&Method::POST, &sent("/api/exports/7"), &of_crm));
    assert!(!rule.matches(&Method::POST, &path, &headers(&[("x-integration", "erp")])));
    assert!(Rule::new("all").matches(&Method::DELETE, &sent("/"), &HeaderMap::new()));
}

#[test]
fn every_rule_that_matches_applies_and_the_first_that_says_a_thing_counts() {
    let writes = Rule {
        methods: vec![Method::POST],
        cost: NonZeroU32::new(2),
        weight: NonZeroU32::new(3),
        priority: Some(Priority::Low),
        on_uncertain: Some(OnUncertain::Hold),
        ..Rule::new("writes")
    };
    let all = Rule {
        tenant: Some("path:1".parse().unwrap()),
        priority: Some(Priority::High),
        patience: Some(Duration::from_secs(120)),
        ..Rule::new("all")
    };
    let rules = Rules { rules: vec![exports(), writes, all], ..Rules::default() };
    let of_crm = headers(&[("x-integration", "crm")]);
    let ruled = rules.of(&Method::POST, &sent("/api/v2/exports"), &of_crm);
    let expected = Ruled {
        tenant: Some("api".into()), // no x-tenant was sent: the next rule names it
        integration: Some("crm".into()),
        endpoint: Some("POST /api/*/exports/**".into()),
        cost: NonZeroU32::new(5).unwrap(),
        weight: NonZeroU32::new(3).unwrap(),
        priority: Priority::Low,
        patience: Duration::from_secs(120),
        on_uncertain: Some(OnUncertain::Hold),
    };
    assert_eq!(ruled, expected);
    let of_acme = headers(&[("x-integration", "crm"), ("x-tenant", " acme ")]);
    let ruled = rules.of(&Method::PUT, &sent("/api/v2/exports/7"), &of_acme);
    assert_eq!((ruled.tenant.as_deref(), ruled.priority), (Some("acme"), Priority::High));
    assert_eq!((ruled.endpoint.as_deref(), ruled.weight), (Some("PUT /api/*/exports/**"), NonZeroU32::MIN));
}

#[test]
fn a_call_that_no_rule_is_about_is_as_any_other() {
    let rules = Rules { rules: vec![exports()], ..Rules::default() };
    let none = HeaderMap::new();
    let ruled = rules.of(&Method::GET, &sent("/"), &none);
    let ordinary = Ruled {
        tenant: None,
        integration: None,
        endpoint: None,
        cost: NonZeroU32::MIN,
        weight: NonZeroU32::MIN,
        priority: Priority::Normal,
        patience: PATIENCE,
        on_uncertain: None,
    };
    assert_eq!(ruled, ordinary);
}

#[test]
fn names_that_clients_choose_are_short_and_safe_to_print() {
    let rule = Rule {
        tenant: Some("header:x-tenant".parse().unwrap()),
        integration: Some("path:2".parse().unwrap()),
        endpoint: Some(ScopeSource::Endpoint),
        path: Some("/**".parse().unwrap()),
        ..Rule::new("all")
    };
    let rules = Rules { rules: vec![rule], ..Rules::default() };
    let mut hostile = HeaderMap::new();
    hostile.insert("x-tenant", HeaderValue::from_bytes(&[0xff; 5_000]).unwrap());
    let method = Method::from_bytes(&[b'A'; 5_000]).unwrap();
    let ruled = rules.of(&method, &sent("/a/%1b%5b2J%e2%80%ae"), &hostile);
    for name in [ruled.tenant, ruled.integration, ruled.endpoint] {
        assert!(is_plain_name(name.as_deref().unwrap()), "{name:?}");
    }
}

#[test]
fn the_first_header_that_is_sent_tells_the_credential() {
    let rules = Rules::default();
    let told =
        |pairs| rules.credential_of(&headers(pairs)).map(|(name, value)| (name.clone(), value.clone()));
    let key = (X_API_KEY, HeaderValue::from_static("k"));
    assert_eq!(told(&[("x-api-key", "k"), ("authorization", "a")]).unwrap().0, AUTHORIZATION);
    assert_eq!(told(&[("x-api-key", "k"), ("authorization", " ")]), Some(key));
    assert_eq!(told(&[("cookie", "k")]), None);
}

#[test]
fn equal_rules_are_equal_and_others_are_not() {
    let rules = || Rules { rules: vec![exports()], ..routes() };
    assert_eq!(rules(), rules());
    assert_ne!(rules(), routes());
    assert_ne!(rules(), Rules { patience: Duration::ZERO, ..rules() });
}
