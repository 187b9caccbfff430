//! Where traces go, and how many of them.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use crate::units::Percent;

/// All that is to be known before traces are sent.
#[derive(Clone)]
pub struct TracesPlan {
    /// The URL that takes them, whole: `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: Uri,
    /// A header that the collector asks for; its value is a secret.
    pub header: Option<(HeaderName, HeaderValue)>,
    /// The share of the calls that is traced where no caller has decided; as the variables of OpenTelemetry say, if it is not said.
    pub sample: Option<Percent>,
    /// What the service is called; as the variables of OpenTelemetry say, or `paceline`, if it is not said.
    pub service: Option<String>,
    /// What is kept, and for how long.
    pub bounds: DeliveryBounds,
    /// Told, once, that spans are lost, and why.
    pub tell: Tell,
}

/// Told something that a person should know. It must not wait.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// What is kept before it is sent, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryBounds {
    /// Spans that wait to be sent; more are dropped.
    pub queue: NonZeroUsize,
    /// Spans that are sent at once.
    pub batch: NonZeroUsize,
    /// The longest that a span waits for others.
    pub linger: Duration,
    /// The longest that the collector may take for a batch, with all that is tried again.
    pub timeout: Duration,
}

impl TracesPlan {
    /// All calls, to `endpoint`, within the usual bounds; what is lost is told to nobody.
    #[must_use]
    pub fn to(endpoint: Uri) -> Self {
        let bounds = DeliveryBounds::default();
        Self { endpoint, header: None, sample: None, service: None, bounds, tell: Arc::new(|_| {}) }
    }
}

impl fmt::Debug for TracesPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracesPlan")
            .field("endpoint", &self.endpoint)
            .field("header", &self.header.as_ref().map(|(name, _)| name))
            .field("sample", &self.sample)
            .field("service", &self.service)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

impl Default for DeliveryBounds {
    fn default() -> Self {
        Self { queue: QUEUE, batch: BATCH, linger: LINGER, timeout: TIMEOUT }
    }
}

/// Some seconds of calls, three spans each, at the pace of a busy platform; a few megabytes.
const QUEUE: NonZeroUsize = NonZeroUsize::new(8_192).expect("it is not zero");
/// As the specification of OpenTelemetry has it.
const BATCH: NonZeroUsize = NonZeroUsize::new(512).expect("it is not zero");
/// Soon enough to look at while a test runs.
const LINGER: Duration = Duration::from_secs(1);
/// As the specification of OTLP has it.
const TIMEOUT: Duration = Duration::from_secs(10);
