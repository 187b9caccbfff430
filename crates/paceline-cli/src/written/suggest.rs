//! What somebody may have meant.

/// The one of `known` that is most like `name`, if it is like it at all.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|other| (strsim::damerau_levenshtein(name, other), other));
    let (distance, other) = scored.min_by_key(|(distance, _)| *distance)?;
    // A third of the letters: "max_wiat" is near, "url" and "key" are not.
    (distance * 3 <= name.chars().count().max(other.chars().count())).then_some(other)
}

/// What to say of a text that is none of `words`.
pub(crate) fn no_choice(text: &str, words: impl IntoIterator<Item: std::fmt::Display>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    format!("`{text}` is not a choice; write one of {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let known = ["max_wait", "max_attempts", "on_uncertain"];
        assert_eq!(closest("max_wiat", known), Some("max_wait"));
        assert_eq!(closest("maxwait", known), Some("max_wait"));
        assert_eq!(closest("timeout", known), None);
        assert_eq!(closest("", known), None);
        assert_eq!(closest("key", ["url"]), None);
    }
}
