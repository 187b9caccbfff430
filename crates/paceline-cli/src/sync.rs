//! The sync engine: source → batch → send → settle → journal.
//!
//! | step | read |
//! | --- | --- |
//! | what a run is told | [`SyncPlan`] |
//! | records from the source, and how each stands with the journal | `sync/intake.rs` |
//! | records become parcels: alone, in batches, one per order value | `sync/loading.rs` |
//! | one parcel through the platform | `sync/courier.rs` |
//! | what its answer means for each record | `sync/settling.rs` |
//! | counting, and when the run itself is at fault | `sync/tally.rs` |
//! | the one loop that owns all of it | `sync/engine.rs` |
//! | what is said at the end | [`Summary`] |

mod courier;
mod departure;
mod ending;
mod engine;
mod evidence;
mod forecast;
mod gates;
mod inspection;
mod intake;
mod items;
mod keys;
mod loading;
mod order;
mod outstanding;
mod parcel;
mod plan;
mod progress;
mod rehearsal;
mod settling;
mod start;
mod summary;
mod tally;
mod waste;

pub use ending::{Ending, Fault};
pub use engine::run;
pub use forecast::Forecast;
pub use inspection::{Inspection, Sample, StartError, inspect};
pub use plan::{BatchPlan, JournalPlan, RetryPlan, ScopeLimits, SyncPlan};
pub use progress::Progress;
pub(crate) use progress::wait_reason;
pub use rehearsal::{Rehearsal, Scene, judgement};
pub use start::{Started, start};
pub use summary::Summary;
