//! Structured fields (RFC 9651), as far as rate limits are written in them: lists and dictionaries of items. Inner lists
//! are no items of theirs and make a field malformed.

use std::borrow::Cow;

/// An item, or a member of a dictionary, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item<'a> {
    pub(super) value: Bare<'a>,
    parameters: Vec<(&'a str, Bare<'a>)>,
}

/// A value. Of those that rate limits have no use for, only that it was well formed is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bare<'a> {
    Integer(i64),
    String(Cow<'a, str>),
    Other,
}

impl Item<'_> {
    /// The parameter of that name; of several the last.
    pub(super) fn parameter(&self, name: &str) -> Option<&Bare<'_>> {
        self.parameters.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// A list; None unless all of `text` is one, with at least one item.
pub(super) fn list(text: &str) -> Option<Vec<Item<'_>>> {
    members(text, Cursor::item)
}

/// A dictionary; None unless all of `text` is one, with at least one member. A name may come twice: the last counts.
pub(super) fn dictionary(text: &str) -> Option<Vec<(&str, Item<'_>)>> {
    members(text, Cursor::member)
}

fn members<'a, T>(text: &'a str, read: impl Fn(&mut Cursor<'a>) -> Option<T>) -> Option<Vec<T>> {
    let mut cursor = Cursor { rest: text.trim_matches(' ') };
    let mut members = vec![read(&mut cursor)?];
    loop {
        cursor.skip(&[' ', '\t']);
        if cursor.rest.is_empty() {
            return Some(members);
        }
        cursor.expect(',')?;
        cursor.skip(&[' ', '\t']);
        members.push(read(&mut cursor)?);
    }
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn item(&mut self) -> Option<Item<'a>> {
        let value = self.bare()?;
        Some(Item { value, parameters: self.parameters()? })
    }

    fn member(&mut self) -> Option<(&'a str, Item<'a>)> {
        let key = self.key()?;
        let value = if self.expect('=').is_some() { self.bare()? } else { Bare::Other };
        Some((key, Item { value, parameters: self.parameters()? }))
    }

    fn parameters(&mut self) -> Option<Vec<(&'a str, Bare<'a>)>> {
        let mut parameters = Vec::new();
        while self.expect(';').is_some() {
            self.skip(&[' ']);
            let key = self.key()?;
            let value = if self.expect('=').is_some() { self.bare()? } else { Bare::Other };
            parameters.push((key, value));
        }
        Some(parameters)
    }

    fn key(&mut self) -> Option<&'a str> {
        self.rest.starts_with(|first: char| first.is_ascii_lowercase() || first == '*').then_some(())?;
        let is_part = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*')
        };
        Some(self.take_while(is_part))
    }

    fn bare(&mut self) -> Option<Bare<'a>> {
        match self.rest.bytes().next()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b':' => self.bytes(),
            b'?' => self.truth(),
            b'@' => self.date(),
            b'%' => self.display_string(),
            _ => self.token(),
        }
    }

    fn string(&mut self) -> Option<Bare<'a>> {
        self.expect('"')?;
        let plain = self.take_while(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
        let mut text = Cow::Borrowed(plain);
        loop {
            if self.expect('"').is_some() {
                return Some(Bare::String(text));
            }
            self.expect('\\')?;
            let escaped = self.rest.chars().next().filter(|&next| next == '"' || next == '\\')?;
            self.rest = &self.rest[1..];
            text.to_mut().push(escaped);
            let plain = self.take_while(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
            text.to_mut().push_str(plain);
        }
    }

    /// An integer of at most 15 digits, or a decimal of at most 12 and 3.
    fn number(&mut self) -> Option<Bare<'a>> {
        let is_negative = self.expect('-').is_some();
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        if digits.is_empty() || digits.len() > 15 {
            return None;
        }
        if self.expect('.').is_some() {
            let fraction = self.take_while(|byte| byte.is_ascii_digit());
            return (digits.len() <= 12 && (1..=3).contains(&fraction.len())).then_some(Bare::Other);
        }
        let number: i64 = digits.parse().ok()?;
        Some(Bare::Integer(if is_negative { -number } else { number }))
    }

    fn bytes(&mut self) -> Option<Bare<'a>> {
        self.expect(':')?;
        self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        self.expect(':').map(|()| Bare::Other)
    }

    fn truth(&mut self) -> Option<Bare<'a>> {
        self.expect('?')?;
        self.expect('0').or_else(|| self.expect('1')).map(|()| Bare::Other)
    }

    fn date(&mut self) -> Option<Bare<'a>> {
        self.expect('@')?;
        matches!(self.number()?, Bare::Integer(_)).then_some(Bare::Other)
    }

    fn display_string(&mut self) -> Option<Bare<'a>> {
        self.expect('%')?;
        self.expect('"')?;
        self.take_while(|byte| matches!(byte, b' '..=b'~') && byte != b'"');
        self.expect('"').map(|()| Bare::Other)
    }

    fn token(&mut self) -> Option<Bare<'a>> {
        self.rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*').then_some(())?;
        self.take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte));
        Some(Bare::Other)
    }

    fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        // Only ASCII is ever part of anything: a cut never falls into a character.
        let end = self.rest.bytes().position(|byte| !is_part(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn expect(&mut self, first: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(first)?;
        Some(())
    }

    fn skip(&mut self, blank: &[char]) {
        self.rest = self.rest.trim_start_matches(blank);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A well-kept parser of all of RFC 9651 as the judge. It also reads the content of byte sequences and of display
    /// strings, which have no place in these texts.
    fn judge(text: &str) -> Option<Vec<Option<i64>>> {
        use sfv::{BareItem, List, ListEntry, Parser};
        let list: List = Parser::new(text).parse().ok()?;
        let integer = |entry: &ListEntry| match entry {
            ListEntry::Item(item) => Some(match &item.bare_item {
                BareItem::Integer(number) => Some(i64::from(*number)),
                _ => None,
            }),
            ListEntry::InnerList(_) => None,
        };
        list.iter().map(integer).collect::<Option<Vec<_>>>().filter(|list| !list.is_empty())
    }

    fn integers(text: &str) -> Option<Vec<Option<i64>>> {
        let integer = |item: Item<'_>| match item.value {
            Bare::Integer(number) => Some(number),
            Bare::String(_) | Bare::Other => None,
        };
        list(text).map(|items| items.into_iter().map(integer).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn lists_are_read_as_the_standard_reads_them(text in "[a-c\"\\\\0-9;=, .?*w\t@-]{0,24}") {
            prop_assert_eq!(integers(&text), judge(&text));
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = (list(&text), dictionary(&text));
        }
    }

    #[test]
    fn a_string_may_hold_what_separates() {
        let items = list(r#""a\",;\\b";q=1 , "c""#).expect("it is a list");
        assert_eq!(items[0].value, Bare::String(r#"a",;\b"#.into()));
        assert_eq!(items[0].parameter("q"), Some(&Bare::Integer(1)));
        assert_eq!(items[1].value, Bare::String("c".into()));
    }
}
