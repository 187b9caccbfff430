//! Calls that wait: in lanes per scope set and priority, and in each lane per client.

mod absent;
mod client_queue;
mod crowd;
mod lane;
mod pledges;
mod turn;
mod waiting;

pub(crate) use lane::Queued;
pub(crate) use waiting::{LaneId, WaitingCalls};
