//! Whose part a call is, as its headers say, and as the headers of its attempts say on: W3C Trace Context.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceFlags};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// What a call is part of; of nothing, where no header says it in the form that the standard wants.
pub(super) fn of(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Said::in_headers(headers))
}

/// Says that what is sent with `headers` is part of `span`.
pub(super) fn write(span: &SpanContext, headers: &mut HeaderMap) {
    let flags = span.trace_flags() & TraceFlags::SAMPLED;
    let text = format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
    headers.insert(TRACEPARENT, HeaderValue::try_from(text).expect("hexadecimal digits are plain ASCII"));
    let state = span.trace_state().header();
    match HeaderValue::try_from(state) {
        Ok(state) if !state.is_empty() => headers.insert(TRACESTATE, state),
        _ => headers.remove(TRACESTATE),
    };
}

/// The two headers, as their standard reads them.
struct Said {
    parent: Option<String>,
    state: Option<String>,
}

impl Said {
    fn in_headers(headers: &HeaderMap) -> Self {
        let mut parents = headers.get_all(TRACEPARENT).iter().filter_map(|value| value.to_str().ok());
        let parent = parents.next().filter(|_| parents.next().is_none()).map(str::to_owned);
        // Trace Context 3.3.1: several headers are one list, and empty members mean nothing.
        let states = headers.get_all(TRACESTATE).iter().filter_map(|value| value.to_str().ok());
        let members =
            states.flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty());
        let state: Vec<&str> = members.collect();
        Self { parent, state: (!state.is_empty()).then(|| state.join(",")) }
    }
}

impl Extractor for Said {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.parent.as_deref(),
            "tracestate" => self.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt as _;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn what_is_read_is_said_on() {
        let came = headers(&[("traceparent", PARENT), ("tracestate", "a=1 ,b=2"), ("tracestate", ", c=3")]);
        let context = of(&came);
        let mut sent = headers(&[("traceparent", "x"), ("tracestate", "x"), ("tracestate", "y")]);
        write(context.span().span_context(), &mut sent);
        assert_eq!(sent, headers(&[("traceparent", PARENT), ("tracestate", "a=1,b=2,c=3")]));
    }

    #[test]
    fn who_is_part_of_nothing_says_no_state() {
        let mut sent = headers(&[("tracestate", "a=1")]);
        let came = headers(&[("traceparent", PARENT)]);
        write(of(&came).span().span_context(), &mut sent);
        assert_eq!(sent, came);
    }

    #[test]
    fn what_the_standard_does_not_know_is_part_of_nothing() {
        let zeros = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let cases: [&[(&str, &str)]; 5] = [
            &[],
            &[("traceparent", "garbage")],
            &[("traceparent", zeros)],
            &[("traceparent", PARENT), ("traceparent", PARENT)],
            &[("traceparent", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")],
        ];
        for case in cases {
            assert!(!of(&headers(case)).span().span_context().is_valid(), "{case:?}");
        }
    }
}
