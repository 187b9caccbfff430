//! What is wrong with a profile is said with its place and what to write, all at once.

use paceline_cli::profile;

/// What is wrong with `text`, a line each.
fn wrong(text: &str) -> String {
    profile::parse(text, "mine.toml").expect_err("it is wrong").to_string()
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = r#"
ban_after_refusal = "yes"
[[published]]
form = "ratio"
limit = "x-limit"
[[published]]
limit = "x limit"
reset = "x-reset"
[[wait]]
form = "fortnights"
[[scope]]
json = "policy"
values = { daily = "planet" }
[[disguise]]
status = 99
header = "x-left"
means = "tired"
[[quota]]
unit = "cost"
"#;
    insta::assert_snapshot!(wrong(text));
}

#[test]
fn each_mistake_is_told_with_what_to_write() {
    let cases = [
        ("[[published]]\nremianing = \"x\"", "did you mean `remaining`?"),
        ("[[published]]\nscope = \"tenant\"", "this limit publishes nothing"),
        ("[[published]]\nlimit = \"x\"\nreset_form = \"seconds\"", "`reset` is missing"),
        ("[[published]]\nform = \"pairs\"\nheader = \"x\"", "this limit publishes nothing"),
        ("[[wait]]\nheader = \"x\"", "`form` is missing"),
        ("[[wait]]\nform = \"seconds\"", "header = \"X-Name\", or json = \"/pointer\""),
        ("[[wait]]\nform = \"reset\"\nheader = \"x\"", "the reset is read where the limit is published"),
        ("[[wait]]\ntime = \"1m\"\nform = \"reset\"", "a wait is read or known, not both"),
        ("[[wait]]\ntime = \"0s\"", "longer than 0"),
        ("[[scope]]\nheader = \"x\"\njson = \"/x\"\nvalues = { a = \"tenant\" }", "one of the two"),
        ("[[scope]]\nheader = \"x\"\nvalues = {}", "no values"),
        ("[[scope]]\nheader = \"x\"\nvalues = \"tenant\"", "a text, but this key takes"),
        ("[[disguise]]\nstatus = 403", "`means` is missing"),
        ("[[disguise]]\nstatus = 403\nmeans = \"banned\"\npath = \"x\"", "begins with /"),
        ("[[quota]]\nrate = \"1/s\"\nat_once = 3", "either a rate or a number of calls at once"),
        ("[cost]", "header = \"X-Name\", or json = \"/pointer\""),
        ("without = \"published\"", "nothing to leave out"),
        ("published = 1", "is a list of tables"),
        ("[[published]", "not valid TOML"),
    ];
    for (text, expected) in cases {
        let wrong = wrong(text);
        assert!(wrong.starts_with("mine.toml:") && wrong.contains(expected), "{text}\n{wrong}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = profile::read("./no-such-profile.toml").expect_err("it is not there").to_string();
    assert!(error.contains("./no-such-profile.toml cannot be read"), "{error}");
}
