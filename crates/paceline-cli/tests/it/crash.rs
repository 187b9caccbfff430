//! `paceline sync` as a whole, when it does not end as it wants to: killed, cut off, interrupted, refused.

mod batches;
mod closing;
mod kill;
mod lost_refusal;
mod order;
mod power_cut;
mod refused;
mod resume;
mod scene;
mod script;
mod signal;
