//! What the tree does not give away: where it was written, and people's addresses.

use crate::assert_none;
use crate::tree::{File, files};

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    assert_none(&files().iter().flat_map(|file| complaints(file, place)).collect::<Vec<_>>());
}

#[test]
fn no_file_has_the_e_mail_address_of_a_person() {
    assert_none(&files().iter().flat_map(|file| complaints(file, address)).collect::<Vec<_>>());
}

#[test]
fn places_on_a_machine_are_caught() {
    for folder in HOMES {
        let bad = [format!("see /{folder}/me/a.rs"), format!("\"/{folder}/me\""), format!("/{folder}/me")];
        assert!(bad.iter().all(|line| place(line).is_some()), "{folder}");
        let good = [format!("https://api.example.com/{folder}/1"), format!("crates/{folder}/a.rs")];
        assert!(good.iter().all(|line| place(line).is_none()), "{folder}");
    }
    assert!(place(&format!("C:\\{}\\me", "Users")).is_some());
    assert!(place("POST /records").is_none());
}

#[test]
fn addresses_of_people_are_caught() {
    let at = |name: &str, domain: &str| format!("write to <{name}@{domain}>.");
    assert!(address(&at("jane.doe", "corp.io")).is_some());
    assert!(address(&at("jane", "mail.corp.co.uk")).is_some());
    for line in
        [&at("jane", "example.com"), &at("user:secret", "api.example.org"), "20 @ 60/s", "a@b", "#[a]@"]
    {
        assert_eq!(address(line), None, "{line}");
    }
}

fn complaints(file: &File, find: fn(&str) -> Option<String>) -> Vec<String> {
    let numbered = (1..).zip(file.text.lines());
    numbered.filter_map(|(number, line)| Some(format!("{}:{number}: {}", file.path, find(line)?))).collect()
}

/// An absolute path below somebody's home.
fn place(line: &str) -> Option<String> {
    let is_start =
        |before: &str| !before.ends_with(|last: char| last.is_alphanumeric() || "._-}>/*".contains(last));
    let is_path = |mark: &String| {
        let is_windows = mark.starts_with('\\'); // there a drive comes before it
        line.match_indices(mark.as_str()).any(|(at, _)| is_windows || is_start(&line[..at]))
    };
    let mut marks = HOMES.iter().flat_map(|folder| [format!("/{folder}/"), format!("\\{folder}\\")]);
    let found = marks.find(is_path)?;
    Some(format!(
        "a path of a machine ({found}...): write it from the top of the tree, or take a temporary folder"
    ))
}

/// An e-mail address that could be somebody's.
fn address(line: &str) -> Option<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || ".-_+".contains(letter);
    line.match_indices('@').find_map(|(at, _)| {
        let name = line[..at].rsplit(|letter| !is_part(letter)).next().filter(|name| !name.is_empty())?;
        let domain = line[at + 1..].split(|letter| !is_part(letter)).next()?.trim_end_matches('.');
        let ending = domain.rsplit_once('.').map(|(_, ending)| ending)?;
        let is_real = ending.len() >= 2 && ending.chars().all(|letter| letter.is_ascii_alphabetic());
        let is_reserved = RESERVED.iter().any(|reserved| format!(".{domain}").ends_with(reserved));
        let what_to_do = "addresses of people do not belong here: use one of example.com";
        (is_real && !is_reserved).then(|| format!("{name}@{domain}: {what_to_do}"))
    })
}

/// Folders of people and of build machines.
const HOMES: [&str; 6] = ["home", "Users", "root", "work", "farm", "workspace"];

/// Names that belong to nobody (RFC 2606, RFC 6761).
const RESERVED: [&str; 6] = [".example.com", ".example.org", ".example.net", ".example", ".test", ".invalid"];
