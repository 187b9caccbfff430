use proptest::prelude::*;

use super::*;

const HEADER: &str = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success\n";

fn log(content: impl AsRef<[u8]>) -> (tempfile::TempDir, Result<ResultsLog, LogError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("results.jtl");
    std::fs::write(&path, content).expect("a file");
    let log = ResultsLog::open(&path);
    (folder, log)
}

/// Departures in milliseconds, and whether they were refused.
fn played(content: impl AsRef<[u8]>) -> Result<(Vec<(u128, bool)>, Passed), String> {
    let (_folder, log) = log(content);
    let mut told = Vec::new();
    let passed = log
        .and_then(|log| log.play(&mut |sample| told.push((sample.sent.as_millis(), sample.is_refused))))
        .map_err(|error| error.to_string())?;
    Ok((told, passed))
}

#[test]
fn the_header_names_the_columns_and_results_come_in_the_order_of_departure() {
    let rows = "1000,900,a,200,OK,t 1-1,text,true\n1500,10,a,429,Too Many Requests,t 1-2,text,false\n900,5,a,503,,t,text,false\n";
    let expected = vec![(900, true), (1_000, false), (1_500, true)];
    assert_eq!(played(format!("{HEADER}{rows}")).expect("a log").0, expected);
    assert_eq!(played(rows).expect("without a header").0, expected);
    let semicolons = "responseCode;timeStamp;elapsed\n429;1500;10\n200;1000;900\n";
    assert_eq!(played(semicolons).expect("another order").0, [(1_000, false), (1_500, true)]);
    assert_eq!(played(format!("\u{feff}{HEADER}{rows}")).expect("with a byte order mark").0, expected);
}

#[test]
fn what_is_no_answer_or_a_sum_or_torn_is_passed_over_and_told() {
    let rows = "1000,9,a,200,OK,t,text,true\n1001,9,a,Non HTTP response code: java.net.SocketException,x,t,,false\n\
                1002,9,T,200,\"Number of samples in transaction : 2, number of failing samples : 0\",t,,true\n10";
    let (told, passed) = played(format!("{HEADER}{rows}")).expect("a log");
    assert_eq!(told, [(1_000, false)]);
    assert_eq!((passed.unanswered, passed.sums, passed.unreadable), (1, 1, 1));
    assert!(passed.first.expect("the torn one").starts_with("line 5: "));
}

#[test]
fn xml_is_read_to_the_innermost_results() {
    let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
        <testResults version="1.2">
        <httpSample t="92" lt="90" ts="1000" s="true" lb="a &amp; b" rc="200" rm="OK" tn="t 1-1"/>
        <httpSample t="5" ts="1500" rc="429" rm="Too Many Requests"><responseData>x &lt; y</responseData></httpSample>
        <sample t="20" ts="2000" rc="200" lb="T"><httpSample t="9" ts="2001" rc="503"/><assertionResult/></sample>
        </testResults>"#;
    let (told, passed) = played(xml).expect("a log");
    assert_eq!(told, [(1_000, false), (1_500, true), (2_001, true)]);
    assert_eq!(passed.sums, 1);
}

#[test]
fn what_is_no_log_says_so() {
    let cases: [(&[u8], &str); 7] = [
        (b"", "is empty"),
        (b"hello world\n", "holds no results of JMeter"),
        (b"\x00\xff\xfe\x01garbage\n\xff", "holds no results of JMeter"),
        (b"timeStamp,elapsed\n1,2\n", "no column responseCode"),
        (b"<html><body/></html>", "its first element is <html>"),
        (b"<testResults><httpSample ts=\"1\" t=\"1\" rc=\"200\"></sample>", "the XML is broken"),
        (b"<testResults/>", "not one answered call"),
    ];
    for (content, expected) in cases {
        let error = played(content).expect_err("no log");
        assert!(error.contains(expected), "{error}");
    }
    let missing = ResultsLog::open(Path::new("/nowhere/results.jtl")).expect_err("no file").to_string();
    assert!(missing.contains("cannot be read"), "{missing}");
}

#[test]
fn a_row_without_end_is_refused_before_it_fills_the_memory() {
    let endless = "x".repeat(40 * 1024 * 1024);
    for start in [format!("{HEADER}1000,9,\""), "<testResults><sample lb=\"".to_owned()] {
        let error = played(start + &endless).expect_err("endless");
        assert!(error.contains("longer than 16 MiB"), "{error}");
    }
}

#[test]
fn a_log_longer_than_what_is_held_back_is_told_whole() {
    let rows: String = (0..70_000).map(|at| format!("{at},5,a,200,OK\n")).collect();
    let (told, _) = played(rows).expect("a log");
    assert_eq!(told.len(), 70_000);
    assert!(told.is_sorted());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(
        content in proptest::collection::vec(any::<u8>(), 0..200),
        prefix in "(timeStamp,elapsed,responseCode\n|<testResults>|<testResults><sample ts=\"1\" t=\"1\" rc=\"200\">)?"
    ) {
        let _ = played([prefix.as_bytes(), &content].concat());
    }
}
