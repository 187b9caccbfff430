//! What arrives at a platform.

use crate::platform::fingerprint::Fingerprint;

/// A request as the platform sees it. Who reads the bytes is the caller's business: the model only needs to
/// tell one thing from another.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who calls: the client. Limits, bans and early returns are held against it.
    pub credential: Fingerprint,
    /// The customer that the credential belongs to.
    pub tenant: Fingerprint,
    /// The kind of integration.
    pub integration: Fingerprint,
    /// Method and route.
    pub endpoint: Fingerprint,
    /// The `Idempotency-Key`, if there is one.
    pub idempotency_key: Option<Fingerprint>,
    /// Length of the body.
    pub body_bytes: u64,
    /// What is to be applied.
    pub payload: Payload<'a>,
}

impl<'a> Request<'a> {
    /// A request of the one client in the world, with no body to speak of.
    #[must_use]
    pub fn bare(payload: Payload<'a>) -> Self {
        let nobody = Fingerprint::default();
        Self {
            credential: nobody,
            tenant: nobody,
            integration: nobody,
            endpoint: nobody,
            idempotency_key: None,
            body_bytes: 0,
            payload,
        }
    }
}

/// What a request asks to apply.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Nothing: a request that only reads.
    Nothing,
    /// One record.
    One(Record),
    /// Records that are judged one by one.
    Bulk(&'a [Record]),
    /// A body that cannot be read.
    Malformed,
}

impl Payload<'_> {
    /// How many items it carries, for a platform that charges by item; at least 1.
    pub(crate) fn items(&self) -> u32 {
        match self {
            Self::Bulk(records) => u32::try_from(records.len()).unwrap_or(u32::MAX).max(1),
            Self::Nothing | Self::One(_) | Self::Malformed => 1,
        }
    }
}

/// One record of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What makes it the same record when it comes again.
    pub identity: Fingerprint,
    /// How the platform takes it.
    pub nature: Nature,
}

impl Record {
    /// A record that the platform takes.
    #[must_use]
    pub const fn sound(identity: Fingerprint) -> Self {
        Self { identity, nature: Nature::Sound }
    }
}

/// How a platform takes a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Nature {
    /// It is applied.
    #[default]
    Sound,
    /// It is refused for its content: 422.
    Reject,
    /// It spoils the whole request it is in: 400.
    Poison,
    /// It fails with a retryable 503 the first time and is applied later.
    RetryOnce,
}

impl Nature {
    /// The nature that a record's `fail` field names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "reject" => Some(Self::Reject),
            "poison" => Some(Self::Poison),
            "retry" => Some(Self::RetryOnce),
            _ => None,
        }
    }
}
