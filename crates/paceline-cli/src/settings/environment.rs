//! The environment: `PACELINE_<TABLE>_<KEY>`.

use paceline_core::ScopeKind;

use super::keys::SettingKey;
use super::limit::LIMIT_KEYS;
use super::placing::TABLES;
use crate::written::closest;

/// The variables of this process, those with a name or value that is no text aside.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// What a variable of the environment sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// The key at this path.
    Key(Vec<String>),
    /// No key, although its name begins like one; what may have been meant.
    Unknown(Option<String>),
    /// Nothing of Paceline's.
    Foreign,
}

impl Variable {
    /// What the variable `name` sets.
    pub(super) fn named(name: &str) -> Self {
        let Some(rest) = name.strip_prefix(PREFIX) else { return Self::Foreign };
        let known: Vec<(String, Vec<String>)> = known_paths().collect();
        if let Some((_, path)) = known.iter().find(|(variable, _)| variable == name) {
            return Self::Key(path.clone());
        }
        // Others that begin with the name may be anybody's, such as a token's.
        let is_of_table = |table: &str| rest.starts_with(&format!("{}_", table.to_ascii_uppercase()));
        if !TABLES.iter().any(|table| is_of_table(table)) {
            return Self::Foreign;
        }
        Self::Unknown(closest(name, known.iter().map(|(variable, _)| variable.as_str())).map(str::to_owned))
    }
}

/// The variable that sets the key `name` of `table`.
fn variable(table: &str, name: &str) -> String {
    format!("{PREFIX}{table}_{name}").to_ascii_uppercase().replace('.', "_")
}

/// Every variable, and the path that it sets. Limits with a name of their own have none.
fn known_paths() -> impl Iterator<Item = (String, Vec<String>)> {
    let keys = SettingKey::all().map(|key| {
        (variable(key.table(), key.short()), vec![key.table().to_owned(), key.short().to_owned()])
    });
    let limits = [ScopeKind::Tenant, ScopeKind::Credential].into_iter().flat_map(|kind| {
        LIMIT_KEYS.iter().map(move |key| {
            let path = ["limits", kind.name(), key.name].map(str::to_owned).to_vec();
            (variable(&format!("limits_{kind}"), key.name), path)
        })
    });
    keys.chain(limits)
}

const PREFIX: &str = "PACELINE_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_after_table_and_key() {
        let path = |path: &[&str]| Variable::Key(path.iter().map(|step| (*step).to_owned()).collect());
        assert_eq!(Variable::named("PACELINE_RETRY_MAX_WAIT"), path(&["retry", "max_wait"]));
        assert_eq!(
            Variable::named("PACELINE_LIMITS_TENANT_IN_FLIGHT"),
            path(&["limits", "tenant", "in_flight"])
        );
        let meant = Some("PACELINE_RETRY_MAX_WAIT".to_owned());
        assert_eq!(Variable::named("PACELINE_RETRY_MAXWAIT"), Variable::Unknown(meant));
        assert_eq!(Variable::named("PACELINE_TOKEN"), Variable::Foreign);
        assert_eq!(Variable::named("PATH"), Variable::Foreign);
    }
}
