//! What response headers say about limits: one file per family.

pub mod retry_after;
