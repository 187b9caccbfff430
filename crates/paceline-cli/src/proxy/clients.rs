//! Who takes turns: names of clients, what they are known by, and what is known of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceline_core::ClientId;
use tokio::time::Instant;

use super::board::Tally;
use super::patience::HangUps;

/// All clients that came lately.
#[derive(Debug, Default)]
pub(super) struct Clients {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Box<str>, Arc<Client>>,
    next: u64,
}

/// One client, whatever connections it has.
#[derive(Debug)]
pub(super) struct Client {
    name: Box<str>,
    id: ClientId,
    tally: Arc<Tally>,
    hang_ups: Mutex<HangUps>,
}

impl Clients {
    /// The client of this name.
    pub(super) fn find(&self, name: &str) -> Arc<Client> {
        let mut known = self.lock();
        if let Some(client) = known.by_name.get(name) {
            return Arc::clone(client);
        }
        if known.by_name.len() >= MOST_CLIENTS {
            // Those with a call under way are held elsewhere too; the others start anew if they come back.
            known.by_name.retain(|_, client| Arc::strong_count(client) > 1);
        }
        known.next += 1;
        let (name, id) = (Box::from(name), ClientId(known.next));
        let (tally, hang_ups) = (Arc::default(), Mutex::default());
        let client = Arc::new(Client { name, id, tally, hang_ups });
        known.by_name.insert(client.name.clone(), Arc::clone(&client));
        client
    }

    /// All of them, in any order.
    pub(super) fn all(&self) -> Vec<Arc<Client>> {
        self.lock().by_name.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing that runs under the lock leaves it half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    pub(super) const fn id(&self) -> ClientId {
        self.id
    }

    pub(super) const fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// How long it waits, as far as its hang-ups tell.
    pub(super) fn learned_patience(&self) -> Option<Duration> {
        self.lock().learned(Instant::now())
    }

    /// It went before its call was over; `after` it had been held for so long, if it was.
    pub(super) fn hung_up(&self, after: Option<Duration>) {
        if let Some(after) = after {
            self.lock().hung_up(Instant::now(), after);
        }
    }

    /// It has waited for its answer.
    pub(super) fn waited(&self, held: Duration) {
        if held > Duration::from_millis(500) {
            self.lock().waited(Instant::now(), held);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HangUps> {
        self.hang_ups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More clients than that are forgotten when nothing of theirs is under way: who sends a new name with every call fills no
/// memory.
const MOST_CLIENTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_found_by_its_name() {
        let clients = Clients::default();
        let [one, again, other] = ["a", "a", "b"].map(|name| clients.find(name));
        assert_eq!(one.id(), again.id());
        assert_ne!(one.id(), other.id());
    }

    #[test]
    fn new_names_with_every_call_fill_no_memory() {
        let clients = Clients::default();
        let kept = clients.find("kept");
        for number in 0..2 * MOST_CLIENTS {
            clients.find(&number.to_string());
        }
        assert!(clients.lock().by_name.len() <= MOST_CLIENTS + 1);
        assert_eq!(clients.find("kept").id(), kept.id());
    }
}
