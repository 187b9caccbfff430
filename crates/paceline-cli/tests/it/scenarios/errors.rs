//! What is wrong with a scenario, and what the errors say.

use paceline_cli::scenario::ScenarioFile;

use super::{parse, with};

/// Each of the problems that a scenario with such lines has, below the lines.
fn problems<const N: usize>(lines: [&str; N]) -> String {
    let told = lines.map(|line| {
        let error = parse(&with(line)).err().map_or("nothing".to_owned(), |error| error.to_string());
        format!("{}\n  {}", line.replace('\n', " | "), error.replace('\n', "\n  "))
    });
    told.join("\n")
}

#[test]
fn unknown_keys_and_tables_are_named_with_what_may_be_meant() {
    let text = "nmae = \"x\"\nslots = 5\nthink = \"1s\"\nrecords = 5\npayload = \"2KB\"\nabout = \"x\"\n[user]\ncount = 5\n\
                [users]\ncount = 5\nworkers = 3\nrecords = 5\n[[limits]]\n[[limit]]\nrate = \"1/s\"\nbrust = 5\nscope = \"tenent\"\n";
    insta::assert_snapshot!(parse(text).unwrap_err(), @r#"
    world.toml:1:1: there is no key `nmae` outside of tables; did you mean `name`?
    world.toml:2:1: there is no key `slots` outside of tables; docs/scenarios.md lists what there is
    world.toml:3:1: there is no key `think` outside of tables; it belongs under [users]
    world.toml:7:2: there is no key `user` outside of tables; did you mean `users`?
    world.toml:11:1: there is no key `workers` in [users]; docs/scenarios.md lists what there is
    world.toml:12:1: there is no key `records` in [users]; it belongs above the first table
    world.toml:13:3: there is no key `limits` outside of tables; did you mean `limit`?
    world.toml:16:1: there is no key `brust` in [[limit]]; did you mean `burst`?
    world.toml:17:9: scope: `tenent` is not a choice; write one of "tenant", "credential", "integration", "endpoint"
    "#);
}

#[test]
fn what_is_missing_is_named_with_what_to_write() {
    insta::assert_snapshot!(parse("").unwrap_err(), @r#"
    world.toml:1:1: `about` is missing outside of tables; write about = "500 users sync 2 KB each against 120 calls a second."
    world.toml:1:1: nobody calls: there is neither [users] nor [arrivals]; write [users] and below it count = 500
    world.toml:1:1: `records` is missing outside of tables; write records = 12000
    world.toml:1:1: `payload` is missing outside of tables; write payload = "2KB"
    "#);
    insta::assert_snapshot!(
        problems(["[[limit]]", "[[limit]]\nkind = \"concurrency\"", "[bulk]", "[foreign]\n[[limit]]\nrate = \"1/s\"",
            "[[fault]]\nshare = \"1%\"", "[[fault]]\nkind = \"lost-reply\"", "[[outage]]\nfrom = \"1s\"",
            "[[limit]]\nrate = \"1/s\"\n[[change]]\nrate = \"2/s\""]),
        @r#"
        [[limit]]
          world.toml:5:1: `rate` is missing in [[limit]]; write rate = "120/s"
        [[limit]] | kind = "concurrency"
          world.toml:5:1: `slots` is missing in [[limit]]; write slots = 50
        [bulk]
          world.toml:5:2: `items` is missing in [bulk]; write items = 100
        [foreign] | [[limit]] | rate = "1/s"
          world.toml:5:2: `rate` is missing in [foreign]; write rate = "40/s"
        [[fault]] | share = "1%"
          world.toml:5:1: `kind` is missing in [[fault]]; write kind = "lost-reply"
        [[fault]] | kind = "lost-reply"
          world.toml:5:1: a fault strikes every nth call or a share of them; write either every = 100 or share = "1%"
        [[outage]] | from = "1s"
          world.toml:5:1: `until` is missing in [[outage]]; write until = "50s"
        [[limit]] | rate = "1/s" | [[change]] | rate = "2/s"
          world.toml:7:1: `at` is missing in [[change]]; write at = "60s"
        "#
    );
}

#[test]
fn impossible_values_are_named_with_what_to_write() {
    let text = "about = \"\"\nrecords = 0\npayload = \"0B\"\nrepeatable = \"yes\"\nbelieved = \"0/s\"\nbelieved_burst = 0\n\
                users.count = 0\nusers.think = \"2h\"\ncallers.credentials = 0\ncallers.endpoints = 10001\n\
                network.uplink = \"fast\"\nplatform.latency = 30\nplatform.retry_after = \"later\"\nplatform.ban = \"20\"\n\
                platform.body_limit = \"lots\"\n";
    insta::assert_snapshot!(parse(text).unwrap_err(), @r#"
    world.toml:1:9: about: an empty text, but this key takes: text, such as "500 users sync 2 KB each against 120 calls a second."
    world.toml:2:11: records: `0` is not a whole number from 1 on, such as 12000
    world.toml:3:11: payload: no bytes at all; write, for instance, "2KB"
    world.toml:4:14: repeatable: a text, but this key takes: true or false, such as false
    world.toml:5:12: believed: `0/s` is not a rate; write a number and a time, such as 120/s, 2500/min or 1200/10s
    world.toml:6:18: believed_burst: `0` is not a whole number from 1 on, such as 50
    world.toml:7:15: count: `0` is not a whole number from 1 on, such as 500
    world.toml:8:15: think: `2h` is too long: write at most 1h
    world.toml:9:23: credentials: `0` is not a whole number from 1 on, such as 24
    world.toml:10:21: endpoints: `10001` is too many; write at most 10000
    world.toml:11:18: uplink: `fast` is not a time; write a number and a unit, such as 30ms, 180s, 2m or 1h30m
    world.toml:12:20: latency: a number, but this key takes: time or range, such as "30ms..80ms"
    world.toml:13:24: retry_after: `later` is not a choice; write one of "seconds", "decimal", "date", "scaled", "zero", "none"
    world.toml:14:16: ban: `20` is not a number of early returns in a time: write, for instance, 20/60s
    world.toml:15:23: body_limit: `lots` is not a size; write a number and a unit, such as 512B, 2KB (2,000 bytes) or 1MiB (1,048,576 bytes)
    "#);
    insta::assert_snapshot!(
        problems(["[[limit]]\nrate = \"0/s\"", "[[limit]]\nrate = \"1/s\"\nburst = 0", "[[limit]]\nrate = 120",
            "[[limit]]\nrate = \"9999999999/s\"", "[[limit]]\nkind = \"concurrency\"\nslots = 0",
            "[[limit]]\nkind = \"leaky-bucket\"\nrate = \"1/s\"\nqueue = -1", "[[limit]]\nkind = \"bucket\"\nrate = \"1/s\"",
            "[[limit]]\nscope = \"planet\"\nrate = \"1/s\"", "[bulk]\nitems = 0", "[bulk]\nitems = 10\nbytes = \"1KB\"",
            "[bulk]\nitems = 10\nbytes = \"1MB\"", "[bulk]\nitems = 10\ncost = \"free\"",
            "[foreign]\nrate = \"999999/s\"\n[[limit]]\nrate = \"1/s\"",
            "[[fault]]\nkind = \"fire\"\nevery = 100", "[[fault]]\nkind = \"lost-reply\"\nevery = 0",
            "[[fault]]\nkind = \"lost-reply\"\nshare = \"101%\"",
            "[[outage]]\nfrom = \"1s\"\nuntil = \"2s\"\nkind = \"404\""]),
        @r#"
        [[limit]] | rate = "0/s"
          world.toml:6:8: rate: `0/s` is not a rate; write a number and a time, such as 120/s, 2500/min or 1200/10s
        [[limit]] | rate = "1/s" | burst = 0
          world.toml:7:9: burst: `0` is not a whole number from 1 on, such as 120
        [[limit]] | rate = 120
          world.toml:6:8: rate: a number, but this key takes: rate, such as "120/s"
        [[limit]] | rate = "9999999999/s"
          world.toml:6:8: rate: a limit of 9999999999 calls is more than this platform counts: use at most 4294967295, or no limit
        [[limit]] | kind = "concurrency" | slots = 0
          world.toml:7:9: slots: `0` is not a whole number from 1 on, such as 50
        [[limit]] | kind = "leaky-bucket" | rate = "1/s" | queue = -1
          world.toml:8:9: queue: `-1` is not a whole number from 1 on, such as 60
        [[limit]] | kind = "bucket" | rate = "1/s"
          world.toml:6:8: kind: `bucket` is not a choice; write one of "token-bucket", "fixed-window", "sliding-log", "sliding-counter", "leaky-bucket", "concurrency"
        [[limit]] | scope = "planet" | rate = "1/s"
          world.toml:6:9: scope: `planet` is not a choice; write one of "tenant", "credential", "integration", "endpoint"
        [bulk] | items = 0
          world.toml:6:9: items: `0` is not a whole number from 1 on, such as 100
        [bulk] | items = 10 | bytes = "1KB"
          world.toml:7:9: a batch of 1KB cannot hold one record of 2KB; write more bytes, or a smaller payload
        [bulk] | items = 10 | bytes = "1MB"
          world.toml:7:9: a batch is more than a body of 500KiB may hold; write fewer bytes, or a larger body_limit under [platform]
        [bulk] | items = 10 | cost = "free"
          world.toml:7:8: cost: `free` is not a choice; write one of "call", "item"
        [foreign] | rate = "999999/s" | [[limit]] | rate = "1/s"
          world.toml:6:8: rate: `999999/s` is more than a world plays; write at most 100000/s
        [[fault]] | kind = "fire" | every = 100
          world.toml:6:8: kind: `fire` is not a kind of fault: use one of reset-before, reset-after, lost-reply, truncated, slow, slow=TIME, 500-before, 502-before, 503-before, 500-after, 502-after, 503-after
        [[fault]] | kind = "lost-reply" | every = 0
          world.toml:7:9: every: `0` is not a whole number from 1 on, such as 100
        [[fault]] | kind = "lost-reply" | share = "101%"
          world.toml:7:9: share: `101%` is not a share up to 100% with two decimals at most; write "1%"
        [[outage]] | from = "1s" | until = "2s" | kind = "404"
          world.toml:8:8: kind: `404` is not a choice; write one of "reset", "503"
        "#
    );
}

#[test]
fn parts_that_do_not_go_together_are_named() {
    insta::assert_snapshot!(
        problems(["[arrivals]\nrate = \"1/s\"", "believed_burst = 5", "[callers]\ncredentials = 500\nendpoints = 500",
            "[network]\nround_trip = \"1s\"\nuplink = \"1s\"", "[platform]\nbody_limit = \"1KB\"",
            "[[limit]]\nkind = \"fixed-window\"\nrate = \"1/s\"\nburst = 5", "[[limit]]\nrate = \"1/s\"\nslots = 5",
            "[[limit]]\nkind = \"concurrency\"\nslots = 5\nrate = \"1/s\"",
            "[foreign]\nrate = \"1/s\"", "[[fault]]\nkind = \"lost-reply\"\nevery = 5\nshare = \"1%\"",
            "[[outage]]\nfrom = \"20s\"\nuntil = \"10s\"", "[[change]]\nat = \"1s\"\nlimit = 1\nrate = \"1/s\"",
            "[[limit]]\nname = \"a\"\nrate = \"1/s\"\n[[limit]]\nname = \"a\"\nrate = \"2/s\"\n[[change]]\nat = \"1s\"\nrate = \"1/s\"",
            "[[limit]]\nname = \"a\"\nrate = \"1/s\"\n[[change]]\nat = \"1s\"\nlimit = \"b\"\nrate = \"1/s\"\n[[change]]\nat = \"1s\"\nlimit = 2\nrate = \"1/s\"",
            "[[limit]]\nrate = \"1/s\"\n[[change]]\nat = \"1s\"", "[[limit]]\nrate = \"1/s\"\n[[change]]\nat = \"1s\"\nslots = 5"]),
        @r#"
        [arrivals] | rate = "1/s"
          world.toml:5:2: records come from [users] or at the rate of [arrivals], not both; leave one of them out
        believed_burst = 5
          world.toml:5:18: a burst without a rate; add believed = "120/s"
        [callers] | credentials = 500 | endpoints = 500
          world.toml:5:2: these are 250000 combinations, more than a world keeps apart; write numbers whose product is at most 10000
        [network] | round_trip = "1s" | uplink = "1s"
          world.toml:6:14: a round trip is an uplink and a downlink; write either it or the two
        [platform] | body_limit = "1KB"
          world.toml:3:11: one record is more than a body of 1KB may hold; write a smaller one, or a larger body_limit under [platform]
        [[limit]] | kind = "fixed-window" | rate = "1/s" | burst = 5
          world.toml:8:9: a limit of kind fixed-window has no `burst` to set here; leave it out; what it takes is rate and phase
        [[limit]] | rate = "1/s" | slots = 5
          world.toml:7:9: a limit of kind token-bucket has no `slots` to set here; leave it out; what it takes is rate and burst
        [[limit]] | kind = "concurrency" | slots = 5 | rate = "1/s"
          world.toml:8:8: a limit of kind concurrency has no `rate` to set here; leave it out; what it takes is slots
        [foreign] | rate = "1/s"
          world.toml:5:2: the calls of others change nothing where nothing is limited; add a [[limit]], or leave [foreign] out
        [[fault]] | kind = "lost-reply" | every = 5 | share = "1%"
          world.toml:8:9: a fault strikes every nth call or a share of them; write either every = 100 or share = "1%"
        [[outage]] | from = "20s" | until = "10s"
          world.toml:7:9: the outage ends no later than it starts, at 20s; write a later time
        [[change]] | at = "1s" | limit = 1 | rate = "1/s"
          world.toml:7:9: limit: there is no such limit, for there is no [[limit]]
        [[limit]] | name = "a" | rate = "1/s" | [[limit]] | name = "a" | rate = "2/s" | [[change]] | at = "1s" | rate = "1/s"
          world.toml:9:8: two limits have this name; name one of them otherwise
          world.toml:11:1: `limit` is missing in [[change]]; write limit = 1
        [[limit]] | name = "a" | rate = "1/s" | [[change]] | at = "1s" | limit = "b" | rate = "1/s" | [[change]] | at = "1s" | limit = 2 | rate = "1/s"
          world.toml:10:9: limit: there is no such limit; there is 1 ("a")
          world.toml:14:9: limit: there is no such limit; there is 1 ("a")
        [[limit]] | rate = "1/s" | [[change]] | at = "1s"
          world.toml:7:1: nothing changes; say what the limit's rate or burst becomes
        [[limit]] | rate = "1/s" | [[change]] | at = "1s" | slots = 5
          world.toml:9:9: a limit of kind token-bucket has no `slots` to set here; leave it out; what it takes is rate and burst
        "#
    );
    let nobody = "about = \"x\"\nrecords = 5\npayload = \"2KB\"\n";
    insta::assert_snapshot!(parse(nobody).unwrap_err(), @"world.toml:1:1: nobody calls: there is neither [users] nor [arrivals]; write [users] and below it count = 500");
    let endless = format!("{nobody}arrivals.rate = \"1/s\"\n").replace("5", "100001");
    insta::assert_snapshot!(parse(&endless).unwrap_err(), @"world.toml:2:11: records: `100001` is too many; write at most 100000");
}

#[test]
fn everything_has_a_most() {
    let changed = |from: &str, to: &str| parse(&with("").replace(from, to)).map(drop);
    assert!(changed("records = 10", "records = 10_000_000").is_ok());
    assert!(changed("count = 1", "count = 100_000").is_ok());
    assert!(parse(&with(&"[[limit]]\nrate = \"1/s\"\n".repeat(64))).is_ok());
    let errors = [
        changed("records = 10", "records = 10_000_001"),
        changed("count = 1", "count = 100_001"),
        changed("payload = \"2KB\"", "platform.body_limit = \"9GB\"\npayload = \"5GB\""),
        parse(&with(&"[[limit]]\nrate = \"1/s\"\n".repeat(65))).map(drop),
    ];
    let errors: Vec<String> = errors.map(|error| error.unwrap_err().to_string()).into();
    insta::assert_snapshot!(errors.join("\n"), @"
    world.toml:2:11: records: `10000001` is too many; write at most 10000000
    world.toml:4:15: count: `100001` is too many; write at most 100000
    world.toml:4:11: a record of more than 4 GB; write a smaller one
    world.toml:133:1: more than 64 limits; leave the looser ones out
    ");
}

#[test]
fn tables_and_lists_of_tables_are_told_apart() {
    insta::assert_snapshot!(
        problems(["[limit]\nrate = \"1/s\"", "fault = 5", "outage = [1]", "bulk = 5", "[[callers]]\nendpoints = 5"]),
        @r#"
        [limit] | rate = "1/s"
          world.toml:5:2: `limit` is a list of tables; write [[limit]] and its keys below it, once for each
        fault = 5
          world.toml:5:1: `fault` is a list of tables; write [[fault]] and its keys below it, once for each
        outage = [1]
          world.toml:5:1: `outage` is a list of tables; write [[outage]] and its keys below it, once for each
        bulk = 5
          world.toml:5:1: `bulk` is a table; write [bulk] and its keys below it
        [[callers]] | endpoints = 5
          world.toml:5:3: `callers` is a table; write [callers] and its keys below it
        "#
    );
}

#[test]
fn a_text_that_is_no_toml_is_named_with_its_place() {
    insta::assert_snapshot!(parse("records = \n").unwrap_err(), @"world.toml:1:11: not valid TOML: string values must be quoted, expected literal string");
}

#[test]
fn the_wrong_text_is_underlined() {
    let report = parse(&with("[[limit]]\nrate = \"120\"\nbrust = 5\n")).unwrap_err().report(false);
    insta::assert_snapshot!(report, @r#"
     × world.toml:6:8: rate: `120` is not a rate; write a number and a time, such as 120/s, 2500/min
     │ or 1200/10s
      ╭─[world.toml:6:8]
    5 │ [[limit]]
    6 │ rate = "120"
      ·        ──┬──
      ·          ╰── here
    7 │ brust = 5
      ╰────
     × world.toml:7:1: there is no key `brust` in [[limit]]; did you mean `burst`?
      ╭─[world.toml:7:1]
    6 │ rate = "120"
    7 │ brust = 5
      · ──┬──
      ·   ╰── here
      ╰────
    "#);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = ScenarioFile::read("no/such.toml").unwrap_err().to_string();
    assert!(error.starts_with("scenario: no/such.toml cannot be read: "), "{error}");
}

#[test]
fn a_range_may_be_written_either_way() {
    let scenario = |latency: &str| format!("{:?}", parse(&with(latency)).unwrap().scenario);
    let one = scenario("platform.latency = \"30ms..80ms\"");
    assert_eq!(one, scenario("platform.latency = \"80ms..30ms\""));
}
