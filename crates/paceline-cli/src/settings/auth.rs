//! How calls prove who they are.

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::secret::{Secret, SecretError};

/// `[auth]`: which credential, and where it is kept. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer ...`.
    Bearer(SecretSource),
    /// `Authorization: Basic ...`, from `user:password`.
    Basic(SecretSource),
    /// The secret as the value of a header of its own.
    Header(HeaderName, SecretSource),
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In this environment variable.
    Environment(String),
    /// In this file, blanks around it aside.
    File(PathBuf),
}

/// The header that carries a credential. Its value shows itself as `[hidden]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The header.
    pub name: HeaderName,
    /// Its value, marked as sensitive.
    pub value: HeaderValue,
    /// What its owner calls it.
    called: Option<String>,
    /// Whatever would give it away, the longest first.
    telling: Vec<Secret>,
}

impl Auth {
    /// Reads the credential now, from the environment of this process or the file. A credential that was
    /// replaced meanwhile is found by reading again.
    ///
    /// # Errors
    /// When it is missing, empty, or cannot stand in a header.
    pub fn read(&self) -> Result<Credential, SecretError> {
        self.read_with(|name| std::env::var(name).ok())
    }

    /// The same, with `variable` to look up environment variables.
    ///
    /// # Errors
    /// As [`Auth::read`].
    pub fn read_with(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Credential, SecretError> {
        let source = self.source();
        let secret = source.read(variable)?;
        let (name, text) = match self {
            Self::Bearer(_) => (AUTHORIZATION, format!("Bearer {}", secret.expose())),
            Self::Basic(_) if !secret.expose().contains(':') => {
                return Err(SecretError::NotBasic(source.to_string()));
            }
            Self::Basic(_) => (AUTHORIZATION, format!("Basic {}", STANDARD.encode(secret.expose()))),
            Self::Header(name, _) => (name.clone(), secret.expose().to_owned()),
        };
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| SecretError::NotAHeader(source.to_string()))?;
        value.set_sensitive(true);
        let encoded = text.rsplit(' ').next().unwrap_or_default();
        Ok(Credential { name, value, called: None, telling: telling(secret.expose(), encoded) })
    }

    /// Whether the secret is kept in the environment variable `name`.
    pub(super) fn is_kept_in(&self, name: &str) -> bool {
        matches!(self.source(), SecretSource::Environment(variable) if variable == name)
    }

    /// Where the secret is kept.
    #[must_use]
    pub fn source(&self) -> &SecretSource {
        match self {
            Self::Bearer(source) | Self::Basic(source) | Self::Header(_, source) => source,
        }
    }
}

impl SecretSource {
    fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Secret, SecretError> {
        let text = match self {
            Self::Environment(name) => variable(name).ok_or_else(|| SecretError::Unset(name.clone()))?,
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|cause| SecretError::Unreadable { path: path.display().to_string(), cause })?,
        };
        match text.trim() {
            "" => Err(SecretError::Empty(self.to_string())),
            secret => Ok(Secret::new(secret.to_owned())),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl Credential {
    /// The same, called so by its owner: whatever its secret is then, it is the same credential.
    #[must_use]
    pub fn called(self, called: Option<String>) -> Self {
        Self { called, ..self }
    }

    /// The name of its limits: as it is called, else a fingerprint of the secret that tells nothing without `salt`, and
    /// little with it.
    #[must_use]
    pub fn scope_name(&self, salt: &[u8; 16]) -> String {
        self.called.clone().unwrap_or_else(|| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(salt).update(b"credential").update(self.name.as_str().as_bytes());
            hasher.update(&[0]).update(self.value.as_bytes());
            format!("key-{}", &hasher.finalize().to_hex()[..FINGERPRINT_DIGITS])
        })
    }

    /// `text`, which may repeat what was sent, without anything that would give the secret away.
    #[must_use]
    pub fn hide_in(&self, text: &str) -> String {
        self.telling.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), "[hidden]"))
    }
}

/// The secret, its password if it has a user name, and its form in the header; each also as it stands in JSON that
/// escapes slashes.
fn telling(secret: &str, encoded: &str) -> Vec<Secret> {
    let password = secret.split_once(':').map_or("", |(_, password)| password);
    let plain = [secret, encoded, password].into_iter().filter(|text| !text.is_empty());
    let mut all: Vec<String> = plain.flat_map(|text| [text.to_owned(), text.replace('/', "\\/")]).collect();
    all.sort_by_key(|text| std::cmp::Reverse(text.len()));
    all.dedup();
    all.into_iter().map(Secret::new).collect()
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [hidden]", self.name)
    }
}

/// 48 bits: no two of a user's credentials meet, and too little of a secret to be worth guessing at.
const FINGERPRINT_DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(text: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| (name == "TOKEN").then(|| text.to_owned())
    }

    fn token() -> SecretSource {
        SecretSource::Environment("TOKEN".to_owned())
    }

    #[test]
    fn each_way_writes_its_header() {
        let key = HeaderName::from_static("x-api-key");
        let cases = [
            (Auth::Bearer(token()), "sesame\n", "authorization", "Bearer sesame"),
            (Auth::Basic(token()), "ann:sesame", "authorization", "Basic YW5uOnNlc2FtZQ=="),
            (Auth::Header(key, token()), " sesame ", "x-api-key", "sesame"),
        ];
        for (auth, text, name, value) in cases {
            let credential = auth.read_with(environment(text)).unwrap();
            assert_eq!((credential.name.as_str(), credential.value.to_str().unwrap()), (name, value));
            assert!(!format!("{credential:?} {:?}", credential.value).contains("sesame"));
        }
    }

    #[test]
    fn a_file_is_read_without_the_blanks_around_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let auth = Auth::Bearer(SecretSource::File(path.clone()));
        let error = auth.read().unwrap_err().to_string();
        assert!(error.contains("token cannot be read"), "{error}");
        std::fs::write(&path, "  \n").unwrap();
        assert!(auth.read().unwrap_err().to_string().contains("token is empty"));
        std::fs::write(&path, "sesame\r\n").unwrap();
        assert_eq!(auth.read().unwrap().value, "Bearer sesame");
    }

    #[test]
    fn errors_name_the_variable_and_never_its_value() {
        let cases = [
            (
                Auth::Bearer(SecretSource::Environment("OTHER".to_owned())),
                "sesame",
                "variable OTHER is not set",
            ),
            (Auth::Bearer(token()), "  ", "variable TOKEN is empty"),
            (Auth::Bearer(token()), "ses\name", "variable TOKEN holds characters"),
            (Auth::Basic(token()), "sesame", "variable TOKEN is not of the form"),
        ];
        for (auth, text, expected) in cases {
            let error = auth.read_with(environment(text)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!format!("{error} {error:?}").contains("ses"), "{error}");
        }
    }

    #[test]
    fn a_credential_hides_every_form_of_itself() {
        let basic = Auth::Basic(token()).read_with(environment("ann:ses/ame")).unwrap();
        let hidden = basic.hide_in("of ann:ses/ame: ses/ame, ses\\/ame, Basic YW5uOnNlcy9hbWU=, ann");
        assert_eq!(hidden, "of [hidden]: [hidden], [hidden], Basic [hidden], ann");
        let bearer = Auth::Bearer(token()).read_with(environment("sesame")).unwrap();
        assert_eq!(bearer.hide_in("Bearer sesame"), "Bearer [hidden]");
    }

    #[test]
    fn limits_are_named_by_the_credential_s_name_or_by_a_fingerprint_that_hides_it() {
        let bearer = |secret| Auth::Bearer(token()).read_with(environment(secret)).unwrap();
        let (sesame, other) = (bearer("sesame"), bearer("other"));
        let name = sesame.scope_name(&[1; 16]);
        assert_eq!(name, bearer("sesame").scope_name(&[1; 16]), "a later run finds it again");
        assert_ne!(name, other.scope_name(&[1; 16]));
        assert_ne!(name, sesame.scope_name(&[2; 16]), "another journal tells nothing of it");
        assert!(name.starts_with("key-") && !name.contains("sesame"), "{name}");
        assert_eq!(other.called(Some("crm".to_owned())).scope_name(&[1; 16]), "crm");
    }

    #[test]
    fn a_secret_hides_itself() {
        assert_eq!(format!("{0} {0:?}", Secret::new("sesame".to_owned())), "[hidden] [hidden]");
    }
}
