//! The house rules, checked: what is not checked does not stay true. One file per rule or family of rules; each has a
//! pure function from text to complaints, a test over the whole tree, and a test that it catches a violation.

mod code;
mod commands;
mod decisions;
mod floors;
mod habits;
mod licences;
mod map;
mod metadata;
mod privacy;
mod quoted;
mod sizes;
mod tree;
mod words;

/// Fails with all complaints at once, one a line.
#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{} against the house rules:\n  {}",
        complaints.len(),
        complaints.join("\n  ")
    );
}
