//! Idempotency keys: the same for the same thing, before and after a crash, and never for another.

use crate::journal::{BatchId, RecordRef};

/// Derives keys from a journal's salt, so that they are stable for its life and new for the next journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    salt: [u8; 16],
}

impl Keys {
    pub(super) const fn new(salt: [u8; 16]) -> Self {
        Self { salt }
    }

    /// The key of a record sent alone. Other content is another thing to apply, so it has another key.
    pub(super) fn of_record(&self, reference: &RecordRef) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.salt);
        match &reference.key {
            Some(key) => hasher.update(b"key").update(key.as_bytes()),
            None => hasher.update(b"position").update(&reference.position.to_le_bytes()),
        };
        hasher.update(reference.digest.as_bytes());
        short(&hasher)
    }

    /// The key of a batch.
    pub(super) fn of_batch(&self, id: BatchId) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.salt).update(b"batch").update(&id.0.to_le_bytes());
        short(&hasher)
    }
}

/// 128 bits: as many as a UUID has, which every platform takes.
fn short(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Digest;

    fn reference(position: u64, key: Option<&str>, digest: u8) -> RecordRef {
        RecordRef { position, key: key.map(Into::into), digest: Digest::from_bytes([digest; 16]), line: 1 }
    }

    #[test]
    fn the_same_record_has_the_same_key_wherever_it_stands() {
        let keys = Keys::new([7; 16]);
        assert_eq!(keys.of_record(&reference(1, Some("a"), 1)), keys.of_record(&reference(9, Some("a"), 1)));
        assert_eq!(keys.of_record(&reference(1, None, 1)).len(), 32);
    }

    #[test]
    fn another_record_content_or_journal_has_another_key() {
        let keys = Keys::new([7; 16]);
        let all = [
            keys.of_record(&reference(1, None, 1)),
            keys.of_record(&reference(2, None, 1)),
            keys.of_record(&reference(1, None, 2)),
            keys.of_record(&reference(1, Some("a"), 1)),
            keys.of_batch(BatchId(1)),
            keys.of_batch(BatchId(2)),
            Keys::new([8; 16]).of_record(&reference(1, None, 1)),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
