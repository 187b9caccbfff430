//! The client's connections: kept alive, unless something breaks them.

/// A pool that grows as needed.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    idle: u32,
}

impl Sockets {
    /// Takes a connection for an attempt; returns whether it has to be opened first.
    pub(super) const fn take(&mut self) -> bool {
        let is_new = self.idle == 0;
        self.idle = self.idle.saturating_sub(1);
        is_new
    }

    /// The attempt is over. Its connection can be used again if its reply was read to the end.
    pub(super) const fn give_back(&mut self, is_read: bool) {
        self.idle += is_read as u32;
    }
}
