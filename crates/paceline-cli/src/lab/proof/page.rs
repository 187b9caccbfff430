//! A page that holds the tables between two marks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a page was not written.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It cannot be read or written.
    #[error("{} cannot be read or written: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// There is no place for the tables in it.
    #[error("{} has no place for the tables: write the lines `{BEGIN}` and `{END}` where they belong", path.display())]
    NoPlace {
        /// Which.
        path: PathBuf,
    },
}

/// Puts the text between the marks of the page, in place of what is there.
///
/// # Errors
/// When the page cannot be read or written, or has no marks.
pub fn put_into(path: &Path, text: &str) -> Result<(), PageError> {
    let failed = |cause| PageError::File { path: path.to_owned(), cause };
    let page = fs::read_to_string(path).map_err(failed)?;
    let written = with_tables(&page, text).ok_or_else(|| PageError::NoPlace { path: path.to_owned() })?;
    crate::page::save(path, |out| out.write_all(written.as_bytes())).map_err(failed)
}

fn with_tables(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim()))
}

/// Where the tables begin.
const BEGIN: &str = "<!-- tables: written by `cargo xtask control` -->";
/// Where they end.
const END: &str = "<!-- end of the tables -->";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_takes_the_place_of_what_is_between_the_marks_and_of_nothing_else() {
        let page = format!("before\n\n{BEGIN}\nold\n{END}\n\nafter\n");
        let once = with_tables(&page, "new\n").unwrap();
        assert_eq!(once, format!("before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"));
        assert_eq!(with_tables(&once, "new").unwrap(), once);
    }

    #[test]
    fn a_page_without_marks_is_an_error_that_names_them() {
        assert_eq!(with_tables("before", "new"), None);
        assert_eq!(with_tables(&format!("{END} {BEGIN}"), "new"), None);
        let error = PageError::NoPlace { path: "a.md".into() }.to_string();
        assert!(error.contains(BEGIN) && error.contains(END), "{error}");
    }

    #[test]
    fn the_page_of_the_product_has_the_marks() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/control.md");
        assert!(with_tables(&fs::read_to_string(page).unwrap(), "new").is_some());
    }
}
