//! The program `paceline`.
fn main() {}
