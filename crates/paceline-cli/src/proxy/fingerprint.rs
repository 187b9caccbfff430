//! Credentials told apart without being kept.

use std::fmt;

use http::{HeaderName, HeaderValue};

use crate::entropy;

/// Makes of a credential a name that tells nobody what it was: a keyed hash, whose key is in the state file and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fingerprints {
    salt: [u8; 32],
}

impl Fingerprints {
    /// With a salt that nobody has had before.
    pub(super) fn fresh() -> Self {
        Self { salt: entropy::bytes() }
    }

    /// With the salt of an earlier run, so that its names are found again.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        Some(Self { salt: *blake3::Hash::from_hex(text).ok()?.as_bytes() })
    }

    pub(super) fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.salt).to_hex().to_string()
    }

    /// The name of a credential: 16 of 64 digits are enough to tell millions apart, and too few to be worth guessing at.
    pub(super) fn of(&self, header: &HeaderName, value: &HeaderValue) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.salt);
        hasher.update(header.as_str().as_bytes()).update(b":").update(value.as_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprints")
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn a_name_is_found_again_with_the_same_salt_only() {
        let fingerprints = Fingerprints::fresh();
        let secret = HeaderValue::from_static("Bearer sesame");
        let name = fingerprints.of(&AUTHORIZATION, &secret);
        let again = Fingerprints::from_hex(&fingerprints.to_hex()).unwrap();
        assert_eq!(again.of(&AUTHORIZATION, &secret), name);
        assert_ne!(Fingerprints::fresh().of(&AUTHORIZATION, &secret), name);
        assert_ne!(again.of(&AUTHORIZATION, &HeaderValue::from_static("Bearer other")), name);
        assert!(Fingerprints::from_hex("no digits").is_none());
    }
}
