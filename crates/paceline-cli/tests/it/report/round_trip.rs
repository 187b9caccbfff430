//! An export feeds straight back into sync.

use std::path::Path;

use paceline_cli::platform::{StandIn, serve};
use paceline_sim::platform::PlatformConfig;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;

async fn stand_in() -> StandIn {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    serve(listener, PlatformConfig::default().into(), 1).expect("a bound socket has an address")
}

/// Runs the program in `folder`: its exit code and what it wrote to stdout.
async fn paceline(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
    let output = command.current_dir(folder).args(arguments).output().await.unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Forty records, of which the platform rejects three.
fn source() -> String {
    let fail = |number| if number % 15 == 7 { "reject" } else { "" };
    let rows = (0..40).map(|number| format!("{number},\"line\nbreak {number}\",{}\n", fail(number)));
    std::iter::once("id,name,fail\n".to_owned()).chain(rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_exported_corrected_and_delivered() {
    let (folder, stand_in) = (TempDir::new().unwrap(), stand_in().await);
    let (folder, url) = (folder.path(), format!("{}/records", stand_in.url()));
    std::fs::write(folder.join("people.csv"), source()).unwrap();
    let (code, _) = paceline(folder, &["sync", "people.csv", "--to", &url]).await;
    assert_eq!(code, Some(3));

    let (_, summary) = paceline(folder, &["report", "people.csv.journal", "--format", "jsonl"]).await;
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(
        (&summary["records"], &summary["delivered"], &summary["dead"]),
        (&40.into(), &37.into(), &3.into())
    );
    assert_eq!(summary["remaining"], 0);
    assert_eq!(
        (&summary["run"]["exit_reason"], &summary["dead_letters"][0]["status"]),
        (&"done".into(), &422.into())
    );

    for (form, name) in [("jsonl", "again.jsonl"), ("csv", "again.csv")] {
        let (code, dead) =
            paceline(folder, &["report", "people.csv.journal", "--dead", "--format", form]).await;
        assert_eq!((code, dead.matches("reject").count()), (Some(0), 3), "{dead}");
        std::fs::write(folder.join(name), dead.replace("reject", "")).unwrap();
        let (code, _) = paceline(folder, &["sync", name, "--to", &url]).await;
        assert_eq!(code, Some(0));
    }
    assert_eq!(stand_in.stop().await.distinct, 40);
}
