//! A target as it may be shown.

/// Method and URL of `target` without what may be a secret: user name, password, query, fragment.
pub(super) fn shown(target: &str) -> Shown {
    let (method, url) = target.split_once(' ').unwrap_or(("", target));
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (kept, is_cut) = (&url[..end], end < url.len());
    let (scheme, rest) = kept.split_once("://").map_or(("", kept), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_cut = is_cut || host.len() < authority.len();
    let separator = if scheme.is_empty() { "" } else { "://" };
    Shown { method: method.to_owned(), url: format!("{scheme}{separator}{host}{path}"), is_cut }
}

/// What [`shown`] shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) method: String,
    pub(super) url: String,
    /// Whether something was left out.
    pub(super) is_cut: bool,
}

impl Shown {
    /// For people.
    pub(super) fn text(&self) -> String {
        let note = if self.is_cut { " (the rest is not shown: it may hold a secret)" } else { "" };
        format!("{} {}{note}", self.method, self.url).trim_start().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let cases = [
            ("POST https://api.example.com/a?key=s3cret", "https://api.example.com/a", true),
            (
                "PUT https://u:s3cret@api.example.com/{{ id }}#s3cret",
                "https://api.example.com/{{ id }}",
                true,
            ),
            ("POST https://api.example.com?key=s3cret", "https://api.example.com", true),
            ("POST http://h/a@b", "http://h/a@b", false),
            ("POST nonsense", "nonsense", false),
            ("", "", false),
        ];
        for (target, url, is_cut) in cases {
            let shown = shown(target);
            assert_eq!((shown.url.as_str(), shown.is_cut), (url, is_cut), "{target}");
            assert!(!shown.text().contains("s3cret"), "{target}");
        }
    }
}
