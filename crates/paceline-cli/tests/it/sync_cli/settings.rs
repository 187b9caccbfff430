//! `--print-config`.

use super::super::desk::Desk;

#[tokio::test]
async fn a_credential_among_the_headers_is_refused_and_not_printed() {
    let desk = Desk::with_records(1);
    desk.put("paceline.toml", "[target]\nheaders = { Authorization = \"Bearer sesame\" }\n");
    for flags in [&[][..], &["--to", "https://h/"], &["--to", "https://h/", "--batch", "5"]] {
        let arguments = [&["records.csv", "-c", "paceline.toml", "--print-config"], flags].concat();
        let ended = desk.sync(&arguments).ended().await.expect(2);
        assert_eq!(ended.stdout, "");
        assert!(ended.stderr.contains("[auth]") && !ended.stderr.contains("sesame"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn printed_settings_read_back_print_the_same() {
    let desk = Desk::with_records(1);
    desk.put(
        "paceline.toml",
        "[target]\nmethod = \"PUT\"\nheaders = { X-Team = \"{{ id }}\" }\nbody = '''\n{\"a\": \"{{ name }}\"}'''\n\
         [auth]\nbearer_env = \"TOKEN\"\n[limits.tenant]\nrate = \"2500/min\"\nreserve = \"20%\"\n[retry]\nmax_wait = \"3m\"\n",
    );
    let flags =
        ["records.csv", "-c", "paceline.toml", "--to", "https://h/{{ id }}", "--workers", "7", "--key", "id"];
    let printed = desk
        .sync(&[&flags[..], &["--print-config"]].concat())
        .env("PACELINE_RUN_MAX_DEAD", "7%")
        .ended()
        .await
        .expect(0);
    for kept in ["PUT", "https://h/{{ id }}", "2500/min", "workers = 7", "7%", "3m"] {
        assert!(printed.stdout.contains(kept), "{kept}: {}", printed.stdout);
    }
    desk.put("printed.toml", &printed.stdout);
    let again = desk.sync(&["records.csv", "-c", "printed.toml", "--print-config"]).ended().await.expect(0);
    let settings = |text: &str| {
        text.lines().map(|line| line.split(" #").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(settings(&again.stdout), settings(&printed.stdout));
    assert_eq!(desk.names(), ["paceline.toml", "printed.toml", "records.csv"], "it does nothing else");
}
