//! What a power cut leaves of a disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Op;

/// Which of the operations that no sync has made durable the disk happened to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// None.
    NothingUnsynced,
    /// All: what a killed process leaves.
    Everything,
    /// Some, in no order, the last of them half done; the number is the seed.
    Some(u64),
}

/// A disk as a sequence of operations made it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    files: BTreeMap<String, File>,
}

impl Image {
    pub(crate) fn apply(&mut self, op: &Op) {
        match op {
            Op::Write { file, .. } | Op::Truncate { file, .. } | Op::Delete { file } => {
                self.files.entry(file.clone()).or_default().pending.push(op.clone());
            }
            Op::Sync { file } => self.files.entry(file.clone()).or_default().sync(),
            Op::SyncFolder => self.files.values_mut().for_each(File::sync_name),
            Op::Acknowledged(_) => {}
        }
    }

    /// The files after a power cut.
    pub(crate) fn cut(&self, cut: Cut) -> BTreeMap<String, Vec<u8>> {
        let survivors = self.files.iter().filter_map(|(name, file)| Some((name.clone(), file.cut(cut)?)));
        survivors.collect()
    }
}

/// Writes `files` into `folder`.
pub(crate) fn lay_out(files: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
}

#[derive(Clone, Debug, Default)]
struct File {
    /// `None`: not there.
    durable: Option<Vec<u8>>,
    pending: Vec<Op>,
}

impl File {
    fn sync(&mut self) {
        for op in self.pending.drain(..) {
            perform(&mut self.durable, &op);
        }
    }

    fn sync_name(&mut self) {
        let deletion = self.pending.iter().rposition(|op| matches!(op, Op::Delete { .. }));
        for op in self.pending.drain(..deletion.map_or(0, |last| last + 1)) {
            perform(&mut self.durable, &op);
        }
    }

    fn cut(&self, cut: Cut) -> Option<Vec<u8>> {
        let mut content = self.durable.clone();
        match cut {
            Cut::NothingUnsynced => {}
            Cut::Everything => self.pending.iter().for_each(|op| perform(&mut content, op)),
            Cut::Some(seed) => self.perform_some(&mut content, Chance(seed)),
        }
        content
    }

    fn perform_some(&self, content: &mut Option<Vec<u8>>, mut chance: Chance) {
        for op in &self.pending {
            if let Op::Write { file, offset, bytes } = op {
                let bytes = bytes[..chance.written(bytes.len())].to_vec();
                if !bytes.is_empty() {
                    perform(content, &Op::Write { file: file.clone(), offset: *offset, bytes });
                }
            } else if chance.below(2) == 0 {
                perform(content, op);
            } else if matches!(op, Op::Delete { .. }) {
                // Its name is still there: what is written later is in a file that has none.
                return;
            }
        }
    }
}

fn perform(content: &mut Option<Vec<u8>>, op: &Op) {
    match op {
        Op::Write { offset, bytes, .. } => {
            let content = content.get_or_insert_default();
            let start = usize::try_from(*offset).unwrap();
            let end = start + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[start..end].copy_from_slice(bytes);
        }
        Op::Truncate { len, .. } => {
            content.get_or_insert_default().truncate(usize::try_from(*len).unwrap());
        }
        Op::Delete { .. } => *content = None,
        Op::Sync { .. } | Op::SyncFolder | Op::Acknowledged(_) => {}
    }
}

/// A small generator (splitmix64): the same seed leaves the same disk.
struct Chance(u64);

impl Chance {
    /// How many of `len` bytes reach the disk: disks write sectors, and a cut may stop between two.
    fn written(&mut self, len: usize) -> usize {
        match self.below(4) {
            0 => 0,
            1 => (self.below(len.div_ceil(SECTOR) + 1) * SECTOR).min(len),
            _ => len,
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

const SECTOR: usize = 512;
