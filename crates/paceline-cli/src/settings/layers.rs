//! The layers of a configuration, laid over one another.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use paceline_core::Profile;

use super::SettingsError;
use super::environment::{Variable, process_environment};
use super::file::{ConfigFile, ProfileSection};
use super::model::Settings;
use super::placing::{Wrong, check_table, place};
use super::proxy::Contradiction;
use crate::origin::{Origin, Text};
use crate::profile;
use crate::template::{RequestSpec, TargetUrl};
use crate::written::{Problem, Written};

/// A flag of the command line that has a home in the configuration.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As it is written: `--max-wait`.
    pub flag: &'static str,
    /// The key that it sets: `retry.max_wait`.
    pub key: &'static str,
    /// What was given for it.
    pub value: String,
}

/// Settings, and where each was written.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What is allowed but looks wrong; for a person to read.
    pub warnings: Vec<String>,
    origins: BTreeMap<String, Origin>,
    profile: Option<ProfileSection>,
}

impl Loaded {
    /// As a command wants them: the file that it names, the environment, its flags.
    ///
    /// # Errors
    /// All that is wrong with them, and where.
    pub fn from_command(config: Option<&Path>, flags: Vec<Flag>) -> Result<Self, SettingsError> {
        let mut layers = Layers::new();
        if let Some(path) = config {
            layers = layers.with_file(&ConfigFile::read(path)?);
        }
        layers.with_environment(process_environment()).with_flags(flags).resolve()
    }

    /// Where the setting `name` (`retry.max_wait`, `target.headers.Accept`) was written.
    #[must_use]
    pub fn origin(&self, name: &str) -> Origin {
        self.origins.get(name).cloned().unwrap_or(Origin::Default)
    }

    /// `[profile]` as it was written.
    pub(super) fn profile(&self) -> Option<&ProfileSection> {
        self.profile.as_ref()
    }

    /// The texts of a request, if there is a URL.
    #[must_use]
    pub fn request(&self) -> Option<RequestSpec> {
        let url = self.settings.target.url.clone()?;
        Some(self.request_to(url, self.origin("target.url")))
    }

    /// The texts of a request to `url`, which was written at `url_origin`.
    #[must_use]
    pub fn request_to(&self, url: TargetUrl, url_origin: Origin) -> RequestSpec {
        let target = &self.settings.target;
        let text = |text: &String, name: &str| Text::new(text.clone(), self.origin(name));
        let header =
            |(name, value): &(String, String)| (name.clone(), text(value, &format!("target.headers.{name}")));
        RequestSpec {
            method: target.method.clone(),
            url,
            url_origin,
            headers: target.headers.iter().map(header).collect(),
            body: target.body.as_ref().map(|body| text(body, "target.body")),
            cost: target.cost.as_ref().map(|cost| text(cost, "target.cost")),
            batch_body: self.settings.batch.body.as_ref().map(|body| text(body, "batch.body")),
        }
    }
}

/// Layers, each laid over those before it. Problems are gathered, so that one run shows them all.
#[derive(Debug, Default)]
pub struct Layers {
    settings: Settings,
    origins: BTreeMap<String, Origin>,
    problems: Vec<Problem>,
    profile: Option<ProfileSection>,
}

impl Layers {
    /// The defaults alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These layers under `file`.
    #[must_use]
    pub fn with_file(mut self, file: &ConfigFile) -> Self {
        let entries = match file.entries() {
            Ok(entries) => entries,
            Err(error) => {
                self.problems.extend(error.into_problems());
                return self;
            }
        };
        match file.profile() {
            Ok(section) => self.profile = section.or(self.profile),
            Err(error) => self.problems.extend(error.into_problems()),
        }
        let mut auth: Option<String> = None;
        let mut refused: Option<Vec<String>> = None;
        for entry in entries {
            // What stands in a table that there is not needs no problem of its own.
            if refused.as_ref().is_some_and(|table| entry.path.starts_with(table)) {
                continue;
            }
            let path: Vec<&str> = entry.path.iter().map(String::as_str).collect();
            let placed = match &entry.value {
                None => check_table(&path).map_err(|wrong| (wrong, entry.key_span.clone())),
                Some((written, span)) => self.set_in_layer(&path, written, &mut auth).map_err(|wrong| {
                    let span = if wrong.is_value { span.clone() } else { entry.key_span.clone() };
                    (wrong, span)
                }),
            };
            if placed.is_err() && entry.value.is_none() {
                refused = Some(entry.path.clone());
            }
            match (placed, entry.value) {
                (Ok(()), Some((_, span))) => {
                    self.origins.insert(entry.path.join("."), file.text_origin(&span));
                }
                (Ok(()), None) => {}
                (Err((wrong, span)), _) => self.problems.push(located(file, wrong, span)),
            }
        }
        self
    }

    /// These layers under the variables `PACELINE_<TABLE>_<KEY>` among `variables`; see
    /// [`process_environment`](super::process_environment).
    #[must_use]
    pub fn with_environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut unknown = Vec::new();
        let mut auth = None;
        for (name, value) in variables {
            match Variable::named(&name) {
                Variable::Foreign => {}
                Variable::Unknown(meant) => unknown.push((name, meant)),
                Variable::Key(path) => {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    let placed = self.set_in_layer(&path, &Written::Loose(value), &mut auth);
                    self.note(path.join("."), Origin::Environment(name), placed);
                }
            }
        }
        for (name, meant) in unknown {
            // A secret may well be kept in a variable that is named like a key.
            let Settings { auth, traces, .. } = &self.settings;
            if auth.iter().chain(&traces.header).any(|auth| auth.is_kept_in(&name)) {
                continue;
            }
            let advice =
                meant.map_or_else(|| "unset it".to_owned(), |meant| format!("did you mean {meant}?"));
            let problem = Problem::new(Origin::Environment(name), "there is no such setting");
            self.problems.push(problem.with_advice(Some(advice)));
        }
        self
    }

    /// These layers under `flags`.
    #[must_use]
    pub fn with_flags(mut self, flags: impl IntoIterator<Item = Flag>) -> Self {
        for flag in flags {
            let path: Vec<&str> = flag.key.split('.').collect();
            let placed = place(&mut self.settings, &path, &Written::Loose(flag.value));
            self.note(flag.key.to_owned(), Origin::Flag(flag.flag), placed);
        }
        self
    }

    /// The settings that come out.
    ///
    /// # Errors
    /// When anything was wrong in any layer: all of it.
    pub fn resolve(mut self) -> Result<Loaded, SettingsError> {
        self.settings.limits.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        self.check_limits();
        self.check_proxy();
        self.resolve_profile();
        SettingsError::of(std::mem::take(&mut self.problems))?;
        let warnings = warnings(&self.settings);
        Ok(Loaded { settings: self.settings, warnings, origins: self.origins, profile: self.profile })
    }

    /// The chosen profile, with `[profile]` laid over it.
    fn resolve_profile(&mut self) {
        let base = match self.settings.target.profile.as_deref() {
            None => Profile::generic(),
            Some(path) if profile::is_path(path) => match self.profile_file(path) {
                Ok(profile) => profile,
                Err(error) => return self.problems.extend(error.into_problems()),
            },
            Some(name) => profile::named(name).expect("the name was checked where it was written"),
        };
        let changes = self.profile.as_ref().map(|section| section.changes.clone()).unwrap_or_default();
        self.settings.profile = changes.laid_over(base);
    }

    fn profile_file(&self, path: &str) -> Result<Profile, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let origin = self.origins.get("target.profile").cloned().unwrap_or(Origin::Default);
            let advice = "check the path, which begins where the command is called, and that the file is text in UTF-8";
            let problem = Problem::new(origin, format!("{path} cannot be read: {cause}"));
            SettingsError::one(problem.with_advice(Some(advice.to_owned())))
        })?;
        profile::parse(text, path)
    }

    fn note(&mut self, name: String, origin: Origin, placed: Result<(), Wrong>) {
        match placed {
            Ok(()) => {
                self.origins.insert(name, origin);
            }
            Err(wrong) => self.problems.push(Problem::new(origin, wrong.message).with_advice(wrong.advice)),
        }
    }

    /// Sets a key; of `[auth]`, one layer may set one only.
    fn set_in_layer(
        &mut self,
        path: &[&str],
        written: &Written,
        auth: &mut Option<String>,
    ) -> Result<(), Wrong> {
        if let ["auth", name] = path
            && *name != "name"
        {
            if let Some(first) = auth {
                return Err(Wrong::key(
                    format!("both `{first}` and `{name}` are set, but a call has one credential"),
                    Some("leave one of them out".to_owned()),
                ));
            }
            self.origins.retain(|name, _| !name.starts_with("auth.") || name == "auth.name");
            *auth = Some((*name).to_owned());
        }
        place(&mut self.settings, path, written)
    }

    /// A burst is what a rate allows at once; without a rate it says nothing.
    fn check_limits(&mut self) {
        for limit in self.settings.limits.iter().filter(|limit| limit.burst.is_some() && limit.rate.is_none())
        {
            let origin = self.origins.get(&format!("{}.burst", limit.table())).cloned();
            let message = format!("`burst` without `rate` in [{}]", limit.table());
            let advice = Some("add rate = \"2500/min\", or use in_flight".to_owned());
            self.problems.push(Problem::new(origin.unwrap_or(Origin::Default), message).with_advice(advice));
        }
    }

    /// What is right each by itself and wrong together, where the first of it stands.
    fn check_proxy(&mut self) {
        for Contradiction { at, message, advice } in self.settings.proxy.contradictions() {
            let origin = self.origins.range(at.clone()..).next().filter(|(name, _)| name.starts_with(&at));
            let origin = origin.map_or(Origin::Default, |(_, origin)| origin.clone());
            self.problems.push(Problem::new(origin, message).with_advice(Some(advice)));
        }
    }
}

fn located(file: &ConfigFile, wrong: Wrong, span: Range<usize>) -> Problem {
    file.problem(wrong.message, span).with_advice(wrong.advice)
}

fn warnings(settings: &Settings) -> Vec<String> {
    let Some(url) = &settings.target.url else { return Vec::new() };
    if settings.auth.is_none() || url.is_https() || url.is_loopback() {
        return Vec::new();
    }
    vec![format!("the credential goes to {} unencrypted; use https:// if the platform has it", url.host())]
}
