//! Names of things without their text.

use std::hash::{DefaultHasher, Hasher};

/// Stands for a credential, a tenant, an endpoint, a record's identity or an idempotency key.
///
/// 96 bits: among 100 million different texts the chance that two share one is below 1 in 10^12. It is an
/// equality within one process, not a digest to store. A credential is never kept in any other form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u32; 3]);

impl Fingerprint {
    /// The fingerprint of a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut first = DefaultHasher::new();
        first.write(text);
        // A second, differently started run of the same hash gives the bits that 64 lack.
        let mut second = DefaultHasher::new();
        second.write_u8(1);
        second.write(text);
        let [a, b] = halves(first.finish());
        Self([a, b, halves(second.finish())[0]])
    }

    /// The fingerprint of the thing with this number, in worlds whose things have no text.
    #[must_use]
    pub const fn number(number: u64) -> Self {
        let [a, b] = halves(number);
        Self([a, b, u32::MAX])
    }

    pub(crate) const fn low_bits(self) -> u32 {
        self.0[0]
    }
}

const fn halves(value: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_texts_and_numbers_differ() {
        let mut seen: Vec<Fingerprint> = (0..1_000).map(Fingerprint::number).collect();
        seen.extend((0..1_000_u32).map(|n| Fingerprint::of(&n.to_le_bytes())));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2_000);
        assert_eq!(Fingerprint::of(b"a"), Fingerprint::of(b"a"));
    }
}
