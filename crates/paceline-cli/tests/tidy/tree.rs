//! The files of the project.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the project.
pub(crate) struct File {
    /// From the top of the tree, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// Whether all of it is there for tests, benchmarks or examples.
    pub(crate) fn is_beside_the_code(&self) -> bool {
        self.path.split('/').any(|part| ["tests", "tests.rs", "benches", "examples"].contains(&part))
    }
}

/// The top of the tree.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the package is two folders below the top")
}

/// All text files, in the order of their paths. Build products and what is not text are left out.
pub(crate) fn files() -> Vec<File> {
    let mut files = Vec::new();
    collect(&root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 100, "only {} files found below {}", files.len(), root().display());
    files
}

/// The Rust files among [`files`].
pub(crate) fn rust_files() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the tree can be read") {
        let entry = entry.expect("its entries too");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if entry.file_type().expect("an entry has a type").is_dir() {
            if is_ours(&path, &name) {
                collect(&path, &format!("{prefix}{name}/"), files);
            }
        } else if name != ".git" // in a second work tree this is a file, and names a place on the machine
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.push(File { path: format!("{prefix}{name}"), text });
        }
    }
}

fn is_ours(path: &Path, name: &str) -> bool {
    let is_hidden = name.starts_with('.') && !HIDDEN_BUT_OURS.contains(&name);
    // Cargo marks its target folder so, whatever that is called.
    !is_hidden && name != "target" && !path.join("CACHEDIR.TAG").exists()
}

const HIDDEN_BUT_OURS: [&str; 3] = [".cargo", ".ci", ".github"];
