//! The shipped profiles.

use paceline_core::Profile;

use crate::written::closest;

/// A name that no shipped profile has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no profile `{name}`; {advice}, or write the path of your own, such as \"./my-profile.toml\""
)]
pub struct NoSuchProfile {
    name: String,
    advice: String,
}

/// The shipped profile of this name.
///
/// # Errors
/// When there is none.
pub fn named(name: &str) -> Result<Profile, NoSuchProfile> {
    match SHIPPED.iter().find(|(known, _)| *known == name) {
        Some((name, text)) => {
            Ok(super::parse(*text, format!("{name}.toml")).expect("a test reads every shipped profile"))
        }
        None => Err(NoSuchProfile { name: name.to_owned(), advice: advice(name) }),
    }
}

/// The names of all shipped profiles; that of every other platform comes first.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    SHIPPED.iter().map(|(name, _)| *name)
}

fn advice(name: &str) -> String {
    match closest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    }
}

const SHIPPED: [(&str, &str); 19] = [
    ("generic", include_str!("../../profiles/generic.toml")),
    ("anthropic", include_str!("../../profiles/anthropic.toml")),
    ("atlassian", include_str!("../../profiles/atlassian.toml")),
    ("cloudflare", include_str!("../../profiles/cloudflare.toml")),
    ("discord", include_str!("../../profiles/discord.toml")),
    ("express-rate-limit", include_str!("../../profiles/express-rate-limit.toml")),
    ("genesys-cloud", include_str!("../../profiles/genesys-cloud.toml")),
    ("github", include_str!("../../profiles/github.toml")),
    ("hubspot", include_str!("../../profiles/hubspot.toml")),
    ("microsoft-graph", include_str!("../../profiles/microsoft-graph.toml")),
    ("nginx", include_str!("../../profiles/nginx.toml")),
    ("okta", include_str!("../../profiles/okta.toml")),
    ("openai", include_str!("../../profiles/openai.toml")),
    ("salesforce", include_str!("../../profiles/salesforce.toml")),
    ("servicenow", include_str!("../../profiles/servicenow.toml")),
    ("shopify", include_str!("../../profiles/shopify.toml")),
    ("slack", include_str!("../../profiles/slack.toml")),
    ("stripe", include_str!("../../profiles/stripe.toml")),
    ("zendesk", include_str!("../../profiles/zendesk.toml")),
];
