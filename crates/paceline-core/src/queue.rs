//! Calls that wait: in lanes per scope set, and in each lane per client.

mod lane;
mod waiting;

pub(crate) use lane::Queued;
pub(crate) use waiting::{LaneId, WaitingCalls};
