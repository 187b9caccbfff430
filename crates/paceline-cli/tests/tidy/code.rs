//! Rust text as tokens: comments are gone, strings are one token each, and the text inside macros counts too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tree::File;

/// The tokens of a file, in groups. Panics when it is no Rust.
pub(crate) fn tokens(file: &File) -> Vec<TokenTree> {
    let stream: TokenStream = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
    stream.into_iter().collect()
}

/// Calls `look` with these tokens, then with those of each group in them, and so on down.
pub(crate) fn each_level(tokens: &[TokenTree], look: &mut impl FnMut(&[TokenTree])) {
    look(tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            each_level(&inside(group), look);
        }
    }
}

/// The tokens of a group.
pub(crate) fn inside(group: &proc_macro2::Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// Whether the token is this word.
pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// Whether the token is this mark.
pub(crate) fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// What an attribute holds within its brackets, if `tokens` begins with one (`#[...]` or `#![...]`).
pub(crate) fn attribute(tokens: &[TokenTree]) -> Option<Vec<TokenTree>> {
    let rest = tokens.split_first().filter(|(first, _)| is_mark(first, '#'))?.1;
    let rest = if rest.first().is_some_and(|token| is_mark(token, '!')) { &rest[1..] } else { rest };
    match rest.first() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => Some(inside(group)),
        _ => None,
    }
}

/// The group of braces that the token is.
pub(crate) fn braces(token: &TokenTree) -> Option<&proc_macro2::Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}

/// The line on which the token begins, from 1.
pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}
