//! What the variables that every program with OpenTelemetry reads say of where traces go.
//!
//! Which traces there are (`OTEL_TRACES_SAMPLER`), what sends them (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`), and the headers
//! and compression of what is sent (`OTEL_EXPORTER_OTLP_...`) the SDK and its exporter read by themselves.

use http::Uri;

/// The variables, as far as they decide whether and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StandardVariables {
    /// Nothing is to be sent, whoever else wants it.
    pub(crate) is_disabled: bool,
    /// Where traces go if nobody else says so.
    pub(crate) endpoint: Option<Uri>,
    /// What was set in vain, for a person to read.
    pub(crate) warnings: Vec<String>,
}

impl StandardVariables {
    /// Looks them up by `variable`. An empty one is as good as none.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set =
            |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let is_disabled = set("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let mut read = Self { is_disabled, ..Self::default() };
        let Some((name, text)) = endpoint(set) else { return read };
        if let Some(why) = why_not(set) {
            read.warnings.extend(why.map(|why| format!("{name} is set, and no traces are sent: {why}")));
            return read;
        }
        match text
            .parse::<Uri>()
            .ok()
            .filter(|uri| uri.host().is_some() && is_http(uri) && !has_password(uri))
        {
            Some(uri) => read.endpoint = Some(uri),
            // Not quoted: it may hold a password.
            None => read.warnings.push(format!(
                "{name} is no URL with http:// or https://, and without a password: no traces are sent"
            )),
        }
        read
    }
}

/// The variable that counts, and the whole URL.
fn endpoint(set: impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let of_traces = set(OF_TRACES).map(|text| (OF_TRACES, text));
    // The specification of OTLP: the general one is a root, below which each signal has its place.
    of_traces.or_else(|| Some((OF_ALL, format!("{}/v1/traces", set(OF_ALL)?.trim_end_matches('/')))))
}

/// Why an endpoint is of no use; `Some(None)` where somebody wants it so.
fn why_not(set: impl Fn(&str) -> Option<String>) -> Option<Option<String>> {
    if let Some(exporters) = set("OTEL_TRACES_EXPORTER")
        && !exporters.split(',').any(|name| name.trim() == "otlp")
    {
        let is_wanted = exporters == "none";
        return Some(
            (!is_wanted).then(|| "OTEL_TRACES_EXPORTER asks for another exporter than otlp".to_owned()),
        );
    }
    let protocol =
        set("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| set("OTEL_EXPORTER_OTLP_PROTOCOL"))?;
    (protocol != "http/protobuf").then(|| {
        Some(
            "of the protocols of OTLP only http/protobuf is spoken; name an endpoint for it under [traces]"
                .to_owned(),
        )
    })
}

fn is_http(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("http" | "https"))
}

fn has_password(uri: &Uri) -> bool {
    uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
}

const OF_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const OF_ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> StandardVariables {
        StandardVariables::read(|name| {
            set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn goes_to(set: &[(&str, &str)]) -> Option<String> {
        let read = read(set);
        assert_eq!(read.warnings, Vec::<String>::new(), "{set:?}");
        read.endpoint.map(|uri| uri.to_string())
    }

    #[test]
    fn an_endpoint_is_where_traces_go() {
        assert_eq!(goes_to(&[]), None);
        assert_eq!(goes_to(&[(OF_ALL, " ")]), None);
        let root = (OF_ALL, "http://127.0.0.1:4318/");
        assert_eq!(goes_to(&[root]).unwrap(), "http://127.0.0.1:4318/v1/traces");
        let own = (OF_TRACES, "http://127.0.0.1:1/here");
        assert_eq!(goes_to(&[root, own]).unwrap(), "http://127.0.0.1:1/here");
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        let exporter = ("OTEL_TRACES_EXPORTER", "console, otlp");
        assert!(goes_to(&[own, protocol, exporter]).is_some());
    }

    #[test]
    fn who_wants_none_gets_none() {
        let own = (OF_TRACES, "http://127.0.0.1:1/here");
        assert_eq!(goes_to(&[own, ("OTEL_TRACES_EXPORTER", "none")]), None);
        assert!(read(&[("OTEL_SDK_DISABLED", "True")]).is_disabled);
        assert!(!read(&[("OTEL_SDK_DISABLED", "1")]).is_disabled);
    }

    #[test]
    fn what_is_set_in_vain_is_told_and_not_quoted() {
        let own = (OF_TRACES, "http://127.0.0.1:1/here");
        let cases: [&[(&str, &str)]; 5] = [
            &[(OF_ALL, "http://ann:sesame@127.0.0.1")],
            &[own, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            &[own, ("OTEL_TRACES_EXPORTER", "zipkin")],
            &[(OF_TRACES, "sesame:4317")],
            &[(OF_ALL, "grpc://sesame")],
        ];
        for case in cases {
            let read = read(case);
            assert_eq!((read.endpoint, read.warnings.len()), (None, 1), "{case:?}");
            assert!(!read.warnings[0].contains("sesame"), "{}", read.warnings[0]);
        }
    }
}
