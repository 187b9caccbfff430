//! The keys of a file: one list for reading it, its errors and its documentation.

/// A key of a file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its table; empty for those above the first one.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it takes: "text", "rate", "time" and so on.
    pub kind: &'static str,
    /// Its default as TOML; empty where there is none.
    pub default: &'static str,
    /// An example as TOML.
    pub example: &'static str,
}

/// All keys of a kind of file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyList {
    /// The keys, table by table; the first table is the whole file.
    pub(crate) keys: &'static [Key],
    /// The tables of which there may be several: `[[limit]]`.
    pub(crate) lists: &'static [&'static str],
    /// The page that documents them.
    pub(crate) page: &'static str,
}

impl Key {
    pub(crate) const fn new(
        table: &'static str,
        name: &'static str,
        kind: &'static str,
        default: &'static str,
        example: &'static str,
    ) -> Self {
        Self { table, name, kind, default, example }
    }
}

impl KeyList {
    /// The key of a table.
    ///
    /// # Panics
    /// When there is none.
    pub(super) fn find(&self, table: &str, name: &str) -> Key {
        *self.of(table).find(|key| key.name == name).expect("only keys of the list are read")
    }

    /// The keys of a table.
    pub(super) fn of(&self, table: &str) -> impl Iterator<Item = &'static Key> + Clone {
        self.keys.iter().filter(move |key| key.table == table)
    }

    /// The tables, in order; the first is the whole file.
    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> + Clone {
        let keys = self.keys;
        let is_first = move |at: usize| at == 0 || keys[at - 1].table != keys[at].table;
        (0..keys.len()).filter(move |&at| is_first(at)).map(move |at| keys[at].table)
    }

    /// Whether there may be several of a table.
    pub(super) fn is_list(&self, table: &str) -> bool {
        self.lists.contains(&table)
    }
}
