//! What people do today, and Paceline: all that can be played against a modelled platform.
//!
//! Each file in the folder is one idea, true to its original, whose source and version it names. [`all`] is the list. Those that
//! know of one another (a limiter, a bucket, a gate) exist once per credential; workers who know nothing do so anyway.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Config, Limits, ScopeKind};

use crate::driver::Paced;
use crate::platform::Rate;
use crate::strategy::Strategy;

mod aws_adaptive;
mod backoff;
mod calls;
mod fixed;
mod forum;
mod known_bucket;
mod per_credential;
mod shared_gate;
mod sleepers;
mod vector_arc;
mod workers;

use aws_adaptive::AwsAdaptive;
use backoff::{Backoff, Spread};
use fixed::Fixed;
use forum::Forum;
use known_bucket::KnownBucket;
use per_credential::PerCredential;
use shared_gate::SharedGate;
use vector_arc::VectorArc;
use workers::{Patience, Workers};

/// What a client is told before it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The platform's limit, for those who have to know it.
    pub rate: Rate,
    /// What the limit admits at once.
    pub burst: NonZeroU32,
    /// The scopes that Paceline is told of, and what it is told of each; at least one.
    pub scopes: Vec<(ScopeKind, Limits)>,
    /// The most calls that may wait at once.
    pub max_waiting: usize,
}

/// A strategy that can be named.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// In kebab case, without spaces.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Where it is from, and in which version.
    pub source: &'static str,
    build: fn(&Known, u64) -> Box<dyn Strategy>,
}

impl Named {
    /// A new client that follows it; the same seed gives the same decisions.
    #[must_use]
    pub fn build(&self, known: &Known, seed: u64) -> Box<dyn Strategy> {
        (self.build)(known, seed)
    }
}

/// All strategies, the simplest first.
#[must_use]
pub const fn all() -> &'static [Named] {
    &ALL
}

/// The strategy of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Named> {
    ALL.iter().find(|named| named.name == name)
}

fn workers(patience: impl Patience + 'static, seed: u64) -> Box<dyn Strategy> {
    Box::new(Workers::new(patience, seed))
}

fn backoff(spread: Spread, heeds_header: bool, seed: u64) -> Box<dyn Strategy> {
    workers(Backoff::new(spread, heeds_header), seed)
}

fn bucket(known: &Known, percent: u32, seed: u64) -> Box<dyn Strategy> {
    let (rate, burst) = (known.rate, known.burst);
    Box::new(PerCredential::new(move |credential| {
        KnownBucket::new(rate, burst, percent, apart(seed, credential))
    }))
}

fn paceline(known: &Known, seed: u64) -> Box<dyn Strategy> {
    let config = Config { seed, max_waiting: known.max_waiting, ..Config::default() };
    Box::new(Paced::with_scopes(config, known.scopes.clone()))
}

/// A seed for each credential's client.
fn apart(seed: u64, credential: u32) -> u64 {
    seed ^ u64::from(credential).wrapping_mul(GOLDEN)
}

static ALL: [Named; 17] = [
    Named {
        name: "forum",
        about: "each worker sleeps out its own Retry-After and up to a second, as forum threads recommend",
        source: FORUM,
        build: |_, seed| workers(Forum { has_jitter: true }, seed),
    },
    Named {
        name: "forum-no-jitter",
        about: "each worker sleeps out its own Retry-After to the second",
        source: FORUM,
        build: |_, seed| workers(Forum { has_jitter: false }, seed),
    },
    Named {
        name: "fixed-5s",
        about: "each worker sleeps 5 s after whatever was not a success",
        source: "folklore",
        build: |_, seed| workers(Fixed(Duration::from_secs(5)), seed),
    },
    Named {
        name: "backoff-none",
        about: "exponential backoff from 0.1 s up to 20 s; the header is not read",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::None, false, seed),
    },
    Named {
        name: "backoff-full",
        about: "exponential backoff with full jitter; the header is not read",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::Full, false, seed),
    },
    Named {
        name: "backoff-equal",
        about: "exponential backoff with equal jitter; the header is not read",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::Equal, false, seed),
    },
    Named {
        name: "backoff-decorrelated",
        about: "exponential backoff with decorrelated jitter; the header is not read",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::Decorrelated, false, seed),
    },
    Named {
        name: "backoff-none-header",
        about: "exponential backoff from 0.1 s up to 20 s, never before Retry-After",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::None, true, seed),
    },
    Named {
        name: "backoff-full-header",
        about: "exponential backoff with full jitter, never before Retry-After",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::Full, true, seed),
    },
    Named {
        name: "backoff-equal-header",
        about: "exponential backoff with equal jitter, never before Retry-After",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::Equal, true, seed),
    },
    Named {
        name: "backoff-decorrelated-header",
        about: "exponential backoff with decorrelated jitter, never before Retry-After",
        source: BACKOFF,
        build: |_, seed| backoff(Spread::Decorrelated, true, seed),
    },
    Named {
        name: "aws-adaptive",
        about: "the adaptive retry of the AWS SDKs; operations that failed are handed in again",
        source: "aws-smithy-runtime 1.16.2",
        build: |_, seed| {
            Box::new(PerCredential::new(move |credential| AwsAdaptive::new(apart(seed, credential))))
        },
    },
    Named {
        name: "vector-arc",
        about: "the adaptive request concurrency of Vector, around its Fibonacci retry",
        source: "vectordotdev/vector at 05b56b7",
        build: |_, seed| {
            Box::new(PerCredential::new(move |credential| VectorArc::new(apart(seed, credential))))
        },
    },
    Named {
        name: "known-bucket",
        about: "a client-side token bucket at the limit that the platform documents",
        source: GOVERNOR,
        build: |known, seed| bucket(known, 100, seed),
    },
    Named {
        name: "known-bucket-95",
        about: "the same at 95 % of that limit",
        source: GOVERNOR,
        build: |known, seed| bucket(known, 95, seed),
    },
    Named {
        name: "shared-gate",
        about: "one gate for all workers, closed until the longest Retry-After, then open to all at once",
        source: "folklore",
        build: |_, _| Box::new(PerCredential::new(|_| SharedGate::default())),
    },
    Named {
        name: "paceline",
        about: "Paceline: one gate, a paced reopening, and a limit that is learned",
        source: "paceline-core, this version",
        build: paceline,
    },
];

const FORUM: &str = "forum threads on rate-limited APIs";
const BACKOFF: &str = "aws-samples/aws-arch-backoff-simulator at 095a076";
const GOVERNOR: &str = "governor 0.10.4";
/// 2^64 / the golden ratio: neighbouring credentials get seeds far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
