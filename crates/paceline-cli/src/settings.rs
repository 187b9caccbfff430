//! Settings: `paceline.toml`, the environment and the flags, laid over one another.
//!
//! A later layer wins: defaults, the file, `PACELINE_<TABLE>_<KEY>` in the environment, flags. Every key
//! is checked where it is written, and every error says where that is. What comes out is typed and
//! resolved. Secrets are never settings: only the names of the variables or files that hold them are.

mod auth;
mod environment;
mod file;
mod keys;
mod layers;
mod limit;
mod model;
mod placing;
mod pointer;
mod print;
mod proxy;
mod secret;
mod traces;

pub use auth::{Auth, Credential, SecretSource};
pub use environment::process_environment;
pub use file::ConfigFile;
pub use keys::{Key, all_keys};
pub use layers::{Flag, Layers, Loaded};
pub use limit::ScopeLimit;
pub use model::{
    BatchSettings, IdempotencyKey, JournalSettings, RecordsSettings, RetrySettings, RunSettings, Settings,
    TargetSettings,
};
pub use pointer::{JsonPointer, NotAPointer};
pub use print::print_config;
pub use proxy::ProxySettings;
pub use secret::{Secret, SecretError};
pub use traces::{CollectorUrl, NotACollector, TracesSettings};

pub use crate::written::{Problem, Problems as SettingsError};
