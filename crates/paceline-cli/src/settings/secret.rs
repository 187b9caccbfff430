//! Secrets: never shown.

use std::fmt;

/// A secret text. It shows itself as `[hidden]`, whoever asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: for the request that needs it, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Why a secret cannot be read. Names where it should be, never what was there.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum SecretError {
    #[error("the environment variable {0} is not set; set it to the credential, or name another variable")]
    Unset(String),
    #[error("{0} is empty; put the credential there")]
    Empty(String),
    #[error("{0} holds characters that a header cannot carry; look for line breaks or spaces around it")]
    NotAHeader(String),
    #[error("{0} is not of the form user:password")]
    NotBasic(String),
    #[error("the file {path} cannot be read: {cause}; check bearer_file under [auth]")]
    Unreadable { path: String, cause: std::io::Error },
}
