//! Letters of one kind, told together.

use super::ReportError;
use crate::journal::Letter;

/// Letters with the same verdict and status.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) count: u64,
    /// The first of them.
    pub(super) example: Letter,
}

/// All letters of one state, by verdict and status, the greatest group first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    /// Letters beyond [`MOST_GROUPS`] groups.
    pub(super) others: u64,
}

impl Groups {
    pub(super) fn of(
        letters: impl Iterator<Item = Result<Letter, ReportError>>,
    ) -> Result<Self, ReportError> {
        let mut all = Self::default();
        for letter in letters {
            all.add(letter?);
        }
        // Stable: among equals the one that came first is told first.
        all.groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        Ok(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    fn add(&mut self, letter: Letter) {
        let has_room = self.groups.len() < MOST_GROUPS;
        let is_same = |group: &&mut Group| {
            group.example.status == letter.status && group.example.verdict == letter.verdict
        };
        match self.groups.iter_mut().find(is_same) {
            Some(group) => group.count += 1,
            None if has_room => {
                // The record itself may be large, and is not told here.
                let example = Letter { content: None, ..letter };
                self.groups.push(Group { count: 1, example });
            }
            None => self.others += 1,
        }
    }
}

/// A verdict may name its record, so that there are as many groups as letters: nobody reads more than these.
pub(super) const MOST_GROUPS: usize = 20;

#[cfg(test)]
mod tests {
    use paceline_core::WallTime;

    use super::*;
    use crate::journal::{Digest, RecordRef};

    fn letter(position: u64, verdict: String, status: u16) -> Result<Letter, ReportError> {
        let digest = Digest::from_bytes([0; 16]);
        Ok(Letter {
            record: RecordRef { position, key: None, digest, line: position + 2 },
            verdict: verdict.into(),
            status: Some(status),
            body: None,
            headers: None,
            content: None,
            attempts: 1,
            at: WallTime::from_unix_millis(0),
        })
    }

    #[test]
    fn the_greatest_group_is_first_with_its_first_letter() {
        let statuses = [422, 400, 400, 422, 400];
        let letters =
            (0..).zip(statuses).map(|(position, status)| letter(position, "rejected".into(), status));
        let groups = Groups::of(letters).unwrap();
        let told: Vec<_> = groups
            .groups
            .iter()
            .map(|group| (group.example.status.unwrap(), group.count, group.example.record.position))
            .collect();
        assert_eq!(told, [(400, 3, 1), (422, 2, 0)]);
    }

    #[test]
    fn verdicts_without_end_make_no_groups_without_end() {
        let letters = (0..100).map(|position| letter(position, format!("no field x in {position}"), 0));
        let groups = Groups::of(letters).unwrap();
        assert_eq!(
            (groups.groups.len() as u64, groups.others),
            (MOST_GROUPS as u64, 100 - MOST_GROUPS as u64)
        );
    }
}
