//! The keys of `[proxy.rule.NAME]`.

use std::num::NonZeroU32;

use http::Method;

use paceline_core::Priority;

use super::InnerKey;
use super::listed::{method, on_uncertain, shown_on_uncertain};
use crate::proxy::rules::{Rule, ScopeSource};
use crate::settings::placing::is_endpoint;
use crate::settings::print::{quoted, quoted_list};
use crate::units::spelled;
use crate::written::Value;

/// The keys of a rule.
pub(in crate::settings) static RULE_KEYS: [InnerKey<Rule>; 11] = [
    InnerKey {
        name: "proxy.rule.NAME.methods",
        kind: "list of methods",
        default: "",
        example: "[\"POST\", \"PUT\"]",
        set: |rule, value| {
            rule.methods = value.texts()?.into_iter().map(method).collect::<Result<_, _>>()?;
            Ok(())
        },
        show: |rule| (!rule.methods.is_empty()).then(|| quoted_list(rule.methods.iter().map(Method::as_str))),
    },
    InnerKey {
        name: "proxy.rule.NAME.path",
        kind: "pattern of a path",
        default: "",
        example: "\"/api/v2/*/exports/**\"",
        set: |rule, value| value.parse().map(|path| rule.path = Some(path)),
        show: |rule| rule.path.as_ref().map(|path| quoted(path.as_str())),
    },
    InnerKey {
        name: "proxy.rule.NAME.header",
        kind: "name of a header, or name and value",
        default: "",
        example: "\"x-integration: crm\"",
        set: |rule, value| value.parse().map(|header| rule.header = Some(header)),
        show: |rule| rule.header.as_ref().map(|header| quoted(&header.to_string())),
    },
    InnerKey {
        name: "proxy.rule.NAME.tenant",
        kind: "name, \"header:NAME\" or \"path:NUMBER\"",
        default: "",
        example: "\"header:x-tenant\"",
        set: |rule, value| scope(value).map(|scope| rule.tenant = Some(scope)),
        show: |rule| rule.tenant.as_ref().map(|scope| quoted(&scope.to_string())),
    },
    InnerKey {
        name: "proxy.rule.NAME.integration",
        kind: "name, \"header:NAME\" or \"path:NUMBER\"",
        default: "",
        example: "\"crm\"",
        set: |rule, value| scope(value).map(|scope| rule.integration = Some(scope)),
        show: |rule| rule.integration.as_ref().map(|scope| quoted(&scope.to_string())),
    },
    InnerKey {
        name: "proxy.rule.NAME.endpoint",
        kind: "method and path, \"endpoint\", \"header:NAME\" or \"path:NUMBER\"",
        default: "",
        example: "\"POST /exports\"",
        set: |rule, value| endpoint(value).map(|scope| rule.endpoint = Some(scope)),
        show: |rule| rule.endpoint.as_ref().map(|scope| quoted(&scope.to_string())),
    },
    InnerKey {
        name: "proxy.rule.NAME.cost",
        kind: "whole number",
        default: "",
        example: "5",
        set: |rule, value| value.count().map(|cost| rule.cost = Some(cost)),
        show: |rule| rule.cost.map(|cost| cost.to_string()),
    },
    InnerKey {
        name: "proxy.rule.NAME.weight",
        kind: "whole number",
        default: "",
        example: "3",
        set: |rule, value| weight(value).map(|weight| rule.weight = Some(weight)),
        show: |rule| rule.weight.map(|weight| weight.to_string()),
    },
    InnerKey {
        name: "proxy.rule.NAME.priority",
        kind: "\"high\", \"normal\" or \"low\"",
        default: "",
        example: "\"high\"",
        set: |rule, value| {
            value.one_of(&Priority::ALL, Priority::name).map(|priority| rule.priority = Some(priority))
        },
        show: |rule| rule.priority.map(|priority| quoted(priority.name())),
    },
    InnerKey {
        name: "proxy.rule.NAME.patience",
        kind: "time",
        default: "",
        example: "\"2m\"",
        set: |rule, value| value.span().map(|span| rule.patience = Some(span)),
        show: |rule| rule.patience.map(|span| quoted(&spelled(span))),
    },
    InnerKey {
        name: "proxy.rule.NAME.on_uncertain",
        kind: "\"retry\" or \"hold\"",
        default: "",
        example: "\"hold\"",
        set: |rule, value| on_uncertain(value).map(|choice| rule.on_uncertain = Some(choice)),
        show: |rule| rule.on_uncertain.map(shown_on_uncertain),
    },
];

fn scope(value: Value<'_>) -> Result<ScopeSource, String> {
    match value.parse()? {
        ScopeSource::Endpoint => {
            Err("`endpoint` is a name for endpoints alone; write a name, header:NAME or path:NUMBER"
                .to_owned())
        }
        source => Ok(source),
    }
}

/// Fixed names are those that limits have, so that a limit finds its calls.
fn endpoint(value: Value<'_>) -> Result<ScopeSource, String> {
    match value.parse()? {
        ScopeSource::Fixed(name) if !is_endpoint(&name) => Err(format!(
            "`{name}` is not an endpoint; write method and path: \"POST /exports\", or \"endpoint\" for those of the rule"
        )),
        source => Ok(source),
    }
}

fn weight(value: Value<'_>) -> Result<NonZeroU32, String> {
    let weight: NonZeroU32 = value.count()?;
    if weight.get() > Rule::MAX_WEIGHT {
        return Err(format!(
            "a weight is at most {}; for calls that go before all others write priority = \"high\"",
            Rule::MAX_WEIGHT
        ));
    }
    Ok(weight)
}
