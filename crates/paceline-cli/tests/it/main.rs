//! What the program's parts promise, one file per topic.

#[cfg(test)]
mod journal;
