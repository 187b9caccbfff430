//! A value as it was written, and what it may mean.

use std::str::FromStr;

use toml::Spanned;
use toml::de::DeValue;

use super::suggest::no_choice;
use crate::units::Percent;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Written {
    /// A text of the file.
    Text(String),
    /// A whole number of the file.
    Integer(i64),
    /// A boolean of the file.
    Boolean(bool),
    /// A list of texts of the file.
    Texts(Vec<String>),
    /// A table of texts of the file.
    Table(Vec<(String, String)>),
    /// Something that no key takes: its name.
    Other(&'static str),
    /// What the environment or a flag says: text that may stand for any type.
    Loose(String),
}

impl Written {
    /// What the file says.
    pub(crate) fn of(value: &Spanned<DeValue<'_>>) -> Self {
        match value.get_ref() {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(flag) => Self::Boolean(*flag),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Self::Other("a number that is too large"), Self::Integer),
            DeValue::Table(table) => {
                let pairs = table.iter().map(|(name, value)| {
                    let text = value.get_ref().as_str().unwrap_or_default();
                    (name.get_ref().to_string(), text.to_owned())
                });
                Self::Table(pairs.collect())
            }
            DeValue::Float(_) => Self::Other("a number with decimals"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Array(list) => {
                let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Self::Other("a list"), Self::Texts)
            }
        }
    }
}

/// A value, and the key that it is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    pub(crate) written: &'a Written,
    /// What the key takes.
    pub(crate) kind: &'static str,
    /// How that is written.
    pub(crate) example: &'static str,
}

impl<'a> Value<'a> {
    /// The text; nothing else will do.
    pub(crate) fn text(self) -> Result<&'a str, String> {
        match self.written {
            Written::Text(text) | Written::Loose(text) => Ok(text),
            _ => Err(self.mistaken()),
        }
    }

    /// The texts of a list, or the only one; where there are no lists, with commas between them. At least one.
    pub(crate) fn texts(self) -> Result<Vec<&'a str>, String> {
        let texts = match self.written {
            Written::Texts(texts) => texts.iter().map(String::as_str).collect(),
            Written::Text(text) => vec![text.as_str()],
            Written::Loose(text) => text.split(',').map(str::trim).collect(),
            _ => return Err(self.mistaken()),
        };
        if texts.is_empty() { Err(self.instead_of("an empty list")) } else { Ok(texts) }
    }

    /// The text, which must not be empty.
    pub(crate) fn name(self) -> Result<String, String> {
        match self.text()? {
            "" => Err(self.instead_of("an empty text")),
            text => Ok(text.to_owned()),
        }
    }

    /// The text, read as a `T`.
    pub(crate) fn parse<T: FromStr<Err: ToString>>(self) -> Result<T, String> {
        self.text()?.parse().map_err(|error: T::Err| error.to_string())
    }

    /// The text as a span of time.
    pub(crate) fn span(self) -> Result<std::time::Duration, String> {
        crate::units::span(self.text()?).map_err(|error| error.to_string())
    }

    /// A whole number that a `T`, one of the integers that are not zero, can hold.
    pub(crate) fn count<T: FromStr>(self) -> Result<T, String> {
        let digits = match self.written {
            Written::Integer(number) => number.to_string(),
            Written::Loose(text) => text.trim().to_owned(),
            _ => return Err(self.mistaken()),
        };
        digits
            .parse()
            .map_err(|_| format!("`{digits}` is not a whole number from 1 on, such as {}", self.example))
    }

    /// The one of `all` whose name is the text.
    pub(crate) fn one_of<T: Copy>(self, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
        let text = self.text()?;
        let found = all.iter().copied().find(|&choice| name(choice) == text);
        found.ok_or_else(|| no_choice(text, all.iter().map(|&choice| name(choice))))
    }

    /// True or false.
    pub(crate) fn boolean(self) -> Result<bool, String> {
        match self.written {
            Written::Boolean(flag) => Ok(*flag),
            Written::Loose(text) => text.trim().parse().map_err(|_| format!("`{text}` is not true or false")),
            _ => Err(self.mistaken()),
        }
    }

    /// A share that leaves something.
    pub(crate) fn reserve(self) -> Result<Percent, String> {
        match self.parse()? {
            all if all == Percent::new(100) => {
                Err("a reserve of 100% leaves nothing to send with".to_owned())
            }
            share => Ok(share),
        }
    }

    /// What to say when something else must stand here.
    pub(crate) fn mistaken(self) -> String {
        let found = match self.written {
            Written::Text(_) | Written::Loose(_) => "a text",
            Written::Integer(_) => "a number",
            Written::Boolean(_) => "true or false",
            Written::Table(_) => "a table",
            Written::Texts(_) => "a list",
            Written::Other(name) => name,
        };
        self.instead_of(found)
    }

    fn instead_of(self, found: &str) -> String {
        format!("{found}, but this key takes: {}, such as {}", self.kind, self.example)
    }
}
