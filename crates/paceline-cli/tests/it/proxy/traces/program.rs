//! The program: off, on by its configuration, on by what the environment says to every program.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::collector::{Answers, Collector};
use super::stage::{PATIENCE, ok};
use crate::proxy::admin::site::exchange;
use crate::scripted::Scripted;

/// What a run of the program has left.
struct Ran {
    stderr: String,
    collector: Collector,
    platform: Scripted,
}

/// One call through a program with this configuration and environment, in which URL stands for the collector's.
async fn run(configuration: &str, environment: &[(&str, &str)]) -> Ran {
    let (platform, collector) = (Scripted::start(ok).await, Collector::start(Answers::Takes).await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paceline.toml");
    std::fs::write(&path, configuration.replace("URL", &collector.url)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
    command.args(["proxy", "--listen", "127.0.0.1:0", "--to", &platform.url, "-c"]).arg(&path);
    let inherited = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in inherited.filter(|name| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.envs(environment.iter().map(|(name, value)| (*name, value.replace("URL", &collector.url))));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let ran = async {
        let mut stderr = String::new();
        while !stderr.contains("listening on http://") {
            assert!(lines.read_line(&mut stderr).await.unwrap() > 0, "it does not start: {stderr}");
        }
        let address = stderr.trim().rsplit('/').next().unwrap().parse().unwrap();
        exchange(address, "GET /it HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        lines.read_to_string(&mut stderr).await.unwrap();
        stderr
    };
    let stderr = tokio::time::timeout(PATIENCE, ran).await.expect("it does not end");
    Ran { stderr, collector, platform }
}

impl Ran {
    fn has_traced(&self) -> bool {
        let is_told = !self.collector.told().is_empty();
        let is_sent = self.platform.asked()[0].headers.contains_key("traceparent");
        assert_eq!(is_told, is_sent);
        is_told
    }
}

#[tokio::test]
async fn nothing_is_traced_that_nobody_asked_for() {
    assert!(!run("", &[]).await.has_traced());
}

#[tokio::test]
async fn a_configuration_that_names_a_collector_is_enough() {
    let configuration = "[traces]\nendpoint = \"URL\"\nheader_env = { name = \"x-api-key\", env = \"COLLECTOR_KEY\" }\nservice = \"crm\"\n";
    let elsewhere = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let ran =
        run(configuration, &[("COLLECTOR_KEY", "open-sesame"), elsewhere, ("OTEL_SERVICE_NAME", "other")])
            .await;
    assert!(ran.has_traced(), "{}", ran.stderr);
    let asked = &ran.collector.asked()[0];
    assert_eq!(
        (&asked.headers["x-api-key"], asked.resource["service.name"].as_str()),
        (&"open-sesame".parse().unwrap(), "crm")
    );
    assert!(!ran.stderr.contains("sesame"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_variables_of_opentelemetry_are_enough() {
    let environment = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "URL"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=open-sesame"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("OTEL_SERVICE_NAME", "other"),
    ];
    let ran = run("", &environment).await;
    assert!(ran.has_traced(), "{}", ran.stderr);
    let asked = &ran.collector.asked()[0];
    assert_eq!(asked.headers["x-api-key"], "open-sesame");
    assert_eq!(asked.resource["service.name"], "other");
    assert_eq!(asked.resource["deployment.environment.name"], "test");
}

#[tokio::test]
async fn a_sampler_of_the_environment_is_obeyed() {
    let environment = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "URL"), ("OTEL_TRACES_SAMPLER", "always_off")];
    let ran = run("", &environment).await;
    assert!(ran.collector.told().is_empty(), "{}", ran.stderr);
}

#[tokio::test]
async fn who_switches_opentelemetry_off_gets_no_traces() {
    let ran = run("[traces]\nendpoint = \"URL\"\n", &[("OTEL_SDK_DISABLED", "true")]).await;
    assert!(!ran.has_traced());
}

#[tokio::test]
async fn an_endpoint_of_another_protocol_is_not_called_and_told() {
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "URL"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let ran = run("", &environment).await;
    assert!(!ran.has_traced());
    assert!(ran.stderr.contains("only http/protobuf is spoken"), "{}", ran.stderr);
}
