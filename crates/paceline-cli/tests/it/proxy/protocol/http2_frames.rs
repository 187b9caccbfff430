//! Clients that break the rules of HTTP/2 below requests (RFC 9113 4 to 6): each is told which, and the platform hears nothing.

use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, Frames, GOAWAY,
    HEADERS, INITIAL_WINDOW_SIZE, PING, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, RST_STREAM, SETTINGS,
    STREAM_CLOSED, WINDOW_UPDATE, block,
};
use super::stage::Stage;

/// Kind, flags, stream, payload.
type Sent = (u8, u8, u32, Vec<u8>);

/// The codes by which one of these is refused, be it the stream or the connection.
async fn refuses(what: &str, frames: &[Sent], codes: &[u32]) {
    let stage = Stage::new().await;
    let mut client = Frames::connect(&stage).await;
    for (kind, flags, stream, payload) in frames {
        client.send(*kind, *flags, *stream, payload).await;
    }
    let code = loop {
        let frame = client.next().await.unwrap_or_else(|| panic!("{what}: no answer"));
        match frame.kind {
            RST_STREAM => break frame.code(),
            GOAWAY => break u32::from_be_bytes(frame.payload[4..8].try_into().unwrap()),
            _ => {}
        }
    };
    assert!(codes.contains(&code), "{what}: {code}");
    drop(client);
    assert!(!stage.end().await.has_called(), "{what}: it was sent on");
}

fn fields() -> Vec<u8> {
    block(&[(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", "/")])
}

/// The beginning of a request whose body is still to come.
fn begun(stream: u32) -> Sent {
    (HEADERS, END_HEADERS, stream, fields())
}

fn setting(name: u16, value: u32) -> Vec<u8> {
    [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

#[tokio::test]
async fn frames_of_a_wrong_size_are_refused() {
    // The connection ends in any case; of some the h2 crate gives the wider reason.
    let size = [FRAME_SIZE_ERROR, PROTOCOL_ERROR];
    refuses("larger than was allowed", &[begun(1), (DATA, 0, 1, vec![0; 16_385])], &size).await;
    refuses("a short ping", &[(PING, 0, 0, vec![0; 6])], &size).await;
    refuses("half a setting", &[(SETTINGS, 0, 0, vec![0; 3])], &size).await;
    refuses("an acknowledgement that says more", &[(SETTINGS, 1, 0, setting(1, 1))], &size).await;
    refuses("a short window", &[(WINDOW_UPDATE, 0, 0, vec![0; 3])], &size).await;
    refuses("a short reset", &[begun(1), (RST_STREAM, 0, 1, vec![0; 3])], &size).await;
}

#[tokio::test]
async fn frames_where_they_do_not_belong_are_refused() {
    let wrong = [PROTOCOL_ERROR];
    let one = 1_u32.to_be_bytes().to_vec();
    refuses("a body of the connection", &[(DATA, 0, 0, vec![1])], &wrong).await;
    refuses("a request of the connection", &[(HEADERS, END_HEADERS, 0, fields())], &wrong).await;
    refuses("a ping of a stream", &[(PING, 0, 1, vec![0; 8])], &wrong).await;
    refuses("settings of a stream", &[(SETTINGS, 0, 1, Vec::new())], &wrong).await;
    refuses("a stream of the server's", &[begun(2)], &wrong).await;
    refuses("a body of a stream that is idle", &[(DATA, END_STREAM, 1, vec![1])], &wrong).await;
    refuses("a reset of a stream that is idle", &[(RST_STREAM, 0, 1, one.clone())], &wrong).await;
    refuses("a window of a stream that is idle", &[(WINDOW_UPDATE, 0, 1, one)], &wrong).await;
    refuses("a promise by a client", &[begun(1), (PUSH_PROMISE, END_HEADERS, 1, vec![0, 0, 0, 2])], &wrong)
        .await;
    refuses("the rest of nothing", &[(CONTINUATION, END_HEADERS, 1, fields())], &wrong).await;
    refuses("a body amid a head", &[(HEADERS, 0, 1, fields()), (DATA, 0, 1, vec![1])], &wrong).await;
    refuses("padding beyond its frame", &[begun(1), (DATA, 8, 1, vec![9, 1])], &wrong).await;
    refuses("a stream before the last one", &[begun(3), begun(1)], &[PROTOCOL_ERROR, STREAM_CLOSED]).await;
}

#[tokio::test]
async fn windows_and_settings_beyond_every_measure_are_refused() {
    let (nothing, most) = (0_u32.to_be_bytes().to_vec(), (u32::MAX >> 1).to_be_bytes().to_vec());
    refuses("no more of a window", &[(WINDOW_UPDATE, 0, 0, nothing.clone())], &[PROTOCOL_ERROR]).await;
    refuses("no more of a stream's", &[begun(1), (WINDOW_UPDATE, 0, 1, nothing)], &[PROTOCOL_ERROR]).await;
    let twice = [(WINDOW_UPDATE, 0, 0, most.clone()), (WINDOW_UPDATE, 0, 0, most.clone())];
    refuses("too wide a window", &twice, &[FLOW_CONTROL_ERROR]).await;
    let of_stream = [begun(1), (WINDOW_UPDATE, 0, 1, most.clone()), (WINDOW_UPDATE, 0, 1, most)];
    refuses("too wide a stream's", &of_stream, &[FLOW_CONTROL_ERROR]).await;
    let wide = [(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 1 << 31))];
    // The wider reason again.
    refuses("too wide from the beginning", &wide, &[FLOW_CONTROL_ERROR, PROTOCOL_ERROR]).await;
    let small = [(SETTINGS, 0, 0, setting(MAX_FRAME_SIZE, 1))];
    refuses("too small a frame", &small, &[PROTOCOL_ERROR]).await;
}

#[tokio::test]
async fn what_is_unknown_or_given_up_is_passed_over() {
    let stage = Stage::new().await;
    let mut client = Frames::connect(&stage).await;
    client.send(0xfa, 0, 0, b"a frame of no kind").await;
    client.send(SETTINGS, 0, 0, &setting(0xfafa, 1)).await;
    client.send(PRIORITY, 0, 5, &[0, 0, 0, 0, 9]).await;
    let get = block(&[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/in/parts")]);
    let (one, other) = get.split_at(9);
    client.send(HEADERS, END_STREAM, 7, one).await;
    client.send(CONTINUATION, END_HEADERS, 7, other).await;
    let mut platform = stage.platform().await;
    assert_eq!(platform.message().await.start, "GET /in/parts HTTP/1.1");
    platform.say(super::stage::OK).await;
    assert_eq!(client.next().await.map(|frame| (frame.kind, frame.stream)), Some((HEADERS, 7)));
}

/// RFC 9113 6.5.2.
const MAX_FRAME_SIZE: u16 = 5;
