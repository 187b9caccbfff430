//! Results as XML: `<testResults>` of `<httpSample ts="..." t="..." rc="..." rm="..."/>`, one within the other.

use std::borrow::Cow;
use std::io::{BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::bounded::{Bounded, TOO_LONG};
use super::{Fault, Row, row};

pub(super) fn read(file: impl Read, take: &mut dyn FnMut(Row)) -> Result<(), Fault> {
    let mut reader = Reader::from_reader(BufReader::new(Bounded::new(file)));
    let mut buffer = Vec::new();
    let mut open: Vec<Option<Row>> = Vec::new();
    let mut is_inside = false;
    loop {
        reader.get_mut().get_mut().begin_row();
        buffer.clear();
        let place = reader.buffer_position();
        match reader.read_event_into(&mut buffer).map_err(|error| fault(&error, place))? {
            Event::Eof => return Ok(()),
            Event::Start(element) | Event::Empty(element) if !is_inside => {
                is_inside = element.name().as_ref() == ROOT;
                if !is_inside {
                    let name = element.name().as_ref().to_owned();
                    return Err(Fault::Foreign(format!("its first element is <{}>", super::shown(&name))));
                }
            }
            Event::Start(element) if is_result(&element) => {
                if open.len() >= DEEPEST {
                    let why = format!("results stand within one another more than {DEEPEST} deep");
                    return Err(Fault::At(format!("byte {place}"), why));
                }
                contains_another(&mut open);
                open.push(Some(result(&element, place)));
            }
            Event::Empty(element) if is_result(&element) => {
                contains_another(&mut open);
                take(result(&element, place));
            }
            Event::End(element) if RESULTS.contains(&element.name().as_ref()) => {
                if let Some(Some(row)) = open.pop() {
                    take(row);
                }
            }
            _ => {}
        }
    }
}

/// What holds other results is their sum.
fn contains_another(open: &mut [Option<Row>]) {
    if let Some(outer) = open.last_mut() {
        *outer = Some(Row::Sum);
    }
}

fn is_result(element: &BytesStart<'_>) -> bool {
    RESULTS.contains(&element.name().as_ref())
}

fn result(element: &BytesStart<'_>, place: u64) -> Row {
    let attribute = |name: &str| -> Cow<'_, str> {
        let found = element.try_get_attribute(name).ok().flatten();
        found.map_or(Cow::Borrowed(""), |found| found.value.into_owned().into())
    };
    match row(&attribute("ts"), &attribute("t"), &attribute("rc"), &attribute("rm")) {
        Row::Unreadable(what) => Row::Unreadable(format!("byte {place}: {what}")),
        row => row,
    }
}

fn fault(error: &quick_xml::Error, place: u64) -> Fault {
    match error {
        quick_xml::Error::Io(cause) if cause.to_string() == TOO_LONG => {
            Fault::At(format!("byte {place}"), TOO_LONG.to_owned())
        }
        quick_xml::Error::Io(cause) => Fault::Read(std::io::Error::new(cause.kind(), cause.to_string())),
        other => Fault::At(format!("byte {place}"), format!("the XML is broken: {other}")),
    }
}

const ROOT: &str = "testResults";
const RESULTS: [&str; 2] = ["httpSample", "sample"];
/// JMeter nests a transaction, its samples and their redirects.
const DEEPEST: usize = 64;
