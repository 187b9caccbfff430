//! Whether calls are traced: what is configured, and what the variables of OpenTelemetry say.

use std::sync::Arc;

use super::{CommandError, say};
use crate::settings::TracesSettings;
use crate::traces::{StandardVariables, TracesPlan};

/// What the settings ask for comes first, then what the environment says to every program. None: calls are not traced.
pub(super) fn plan(settings: &TracesSettings) -> Result<Option<TracesPlan>, CommandError> {
    let standard = StandardVariables::read(|name| std::env::var(name).ok());
    if standard.is_disabled {
        return Ok(None);
    }
    let endpoint = match &settings.endpoint {
        Some(url) => Some(url.uri().clone()),
        None => {
            standard.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
            standard.endpoint
        }
    };
    let Some(endpoint) = endpoint else { return Ok(None) };
    let credential = settings.header.as_ref().map(|auth| auth.read()).transpose();
    let credential = credential.map_err(CommandError::TracesHeader)?;
    Ok(Some(TracesPlan {
        header: credential.map(|credential| (credential.name, credential.value)),
        sample: settings.sample,
        service: settings.service.clone(),
        tell: Arc::new(say),
        ..TracesPlan::to(endpoint)
    }))
}
