//! Bytes that nobody can guess: for salts and nonces. What only has to vary is drawn from a seed elsewhere.

/// From the system.
///
/// # Panics
/// When the system has no randomness to give.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let source = rustls::crypto::ring::default_provider().secure_random;
    source.fill(&mut bytes).expect("the system has randomness: TLS could not work without");
    bytes
}
