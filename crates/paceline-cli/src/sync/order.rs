//! `--order-by`: at most one record of each value in flight, in the order of the source.

use std::collections::{HashMap, VecDeque};

use super::parcel::Item;

/// Holds records back while another one of the same value is under way.
#[derive(Debug, Default)]
pub(super) struct OrderBook {
    /// Those that wait, for each value that is under way.
    busy: HashMap<Box<str>, VecDeque<Item>>,
    held: usize,
}

impl OrderBook {
    /// Lets `item` pass, or keeps it until the one before it is settled.
    pub(super) fn admit(&mut self, value: &str, item: Item) -> Option<Item> {
        match self.busy.get_mut(value) {
            None => {
                self.busy.insert(value.into(), VecDeque::new());
                Some(item)
            }
            Some(line) => {
                line.push_back(item);
                self.held += 1;
                None
            }
        }
    }

    /// Takes note of an item that goes whatever is under way: it was, before a crash. It has the turn of its value.
    pub(super) fn occupy(&mut self, value: &str) {
        self.busy.entry(value.into()).or_default();
    }

    /// The one that was under way is settled: the next of its value may go.
    pub(super) fn settle(&mut self, value: &str) -> Option<Item> {
        let line = self.busy.get_mut(value)?;
        let next = line.pop_front();
        match &next {
            Some(_) => self.held -= 1,
            None => drop(self.busy.remove(value)),
        }
        next
    }

    /// How many are held back.
    pub(super) const fn held(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Record;

    fn item(position: u64) -> Item {
        Item::new(Record { position, line: position + 1, fields: serde_json::Map::new() }, None)
    }

    #[test]
    fn records_of_one_value_go_one_by_one_in_the_order_of_the_source() {
        let mut book = OrderBook::default();
        assert!(book.admit("a", item(0)).is_some());
        assert!(book.admit("a", item(1)).is_none());
        assert!(book.admit("b", item(2)).is_some());
        assert!(book.admit("a", item(3)).is_none());
        assert_eq!(book.held(), 2);
        let order: Vec<u64> =
            std::iter::from_fn(|| book.settle("a")).map(|item| item.record.position).collect();
        assert_eq!(order, [1, 3]);
        assert_eq!(book.held(), 0);
        assert!(book.admit("a", item(4)).is_some(), "settled to the end, the value is free again");
    }
}
