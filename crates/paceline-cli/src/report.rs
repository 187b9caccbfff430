//! Reports: what became of the records of a source, as its journal tells it.
//!
//! | for | read |
//! | --- | --- |
//! | what is asked and where the answer goes | [`Request`], `report/request.rs` |
//! | the journal, and the source that it names | `report/subject.rs`, `report/source.rs` |
//! | what a crash or a run under way left departed | `report/fate.rs` |
//! | counts that add up to the records of the source | `report/tally.rs` |
//! | what the summary says | `report/summary.rs`, `report/groups.rs`, `report/next_step.rs` |
//! | how it says so | `report/phrases.rs`, `report/text.rs`, `report/json.rs`, `report/html.rs` |
//! | records as a source again | `report/export.rs`, `report/contents.rs` |
//! | the records that are not settled | `report/todo.rs` |

mod clock;
mod contents;
mod error;
mod export;
mod fate;
mod groups;
mod html;
mod json;
mod next_step;
mod phrases;
mod request;
mod sheet;
mod source;
mod subject;
mod summary;
mod tally;
mod target;
mod text;
mod todo;

pub use clock::Clock;
pub use error::ReportError;
pub use request::{Form, Request, Selection, write};
pub use source::SourceChoice;
