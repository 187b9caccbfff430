//! Platforms of HTTP/2: streams that are refused, reset and outlived; nothing is lost and nothing doubled.

use super::frames::{
    CANCEL, DATA, END_HEADERS, ENHANCE_YOUR_CALM, Frames, HEADERS, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM,
    RST_STREAM,
};
use super::stage::{GET, Stage};
use super::tls::Identity;
use super::wire::Wire;

const POST: &str = "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi";

/// A proxy before a platform of HTTP/2, and who that is.
async fn stage() -> (Stage, Identity) {
    let identity = Identity::offering(&["h2"]);
    (Stage::secure(identity.trusted(&["h2", "http/1.1"])).await, identity)
}

async fn ask(stage: &Stage, request: &str) -> Wire {
    let mut client = stage.client().await;
    client.say(request).await;
    client
}

/// A platform's connection on which one call was answered: its settings are known to the proxy.
async fn settled(stage: &Stage, identity: &Identity, streams: u32) -> Frames {
    let mut client = ask(stage, GET).await;
    let mut platform = Frames::accept(stage, identity, streams).await;
    let stream = platform.request().await;
    platform.answer(stream).await;
    assert_eq!(client.message().await.status(), 200);
    platform
}

#[tokio::test]
async fn calls_at_once_are_streams_of_one_connection() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 100).await;
    let (mut one, mut two) = (ask(&stage, GET).await, ask(&stage, POST).await);
    let streams = [platform.request().await, platform.request().await];
    for stream in streams {
        platform.answer(stream).await;
    }
    let replies = [one.message().await, two.message().await];
    assert!(replies.iter().all(|reply| reply.status() == 200 && reply.of("via") == "2 paceline"));
    drop((one, two));
    assert!(!stage.end().await.has_called());
}

#[tokio::test]
async fn more_calls_than_a_connection_may_have_streams_take_a_second_one() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 1).await;
    let mut one = ask(&stage, GET).await;
    let first = platform.request().await;
    let mut two = ask(&stage, POST).await;
    let mut second = Frames::accept(&stage, &identity, 1).await;
    let other = second.request().await;
    second.answer(other).await;
    assert_eq!(two.message().await.status(), 200);
    platform.answer(first).await;
    assert_eq!(one.message().await.status(), 200);
}

#[tokio::test]
async fn a_refused_stream_is_opened_again_whatever_it_carried() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 100).await;
    let mut client = ask(&stage, POST).await;
    let refused = platform.request().await;
    platform.reset(refused, REFUSED_STREAM).await;
    let again = platform.request().await;
    assert_ne!(refused, again);
    platform.answer(again).await;
    assert_eq!(client.message().await.status(), 200);
}

/// RFC 9113 6.8: above the last stream that a platform names, nothing was processed; up to it, everything may have been.
#[tokio::test]
async fn streams_that_a_platform_goes_away_before_are_opened_elsewhere() {
    for code in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let (stage, identity) = stage().await;
        let mut platform = settled(&stage, &identity, 100).await;
        let mut one = ask(&stage, POST).await;
        let first = platform.request().await;
        let mut two = ask(&stage, POST).await;
        platform.request().await;
        platform.go_away(first, code).await;
        let mut second = Frames::accept(&stage, &identity, 100).await;
        let again = second.request().await;
        second.answer(again).await;
        assert_eq!(two.message().await.status(), 200);
        // What was below goes on where it is.
        platform.answer(first).await;
        assert_eq!(one.message().await.status(), 200);
        drop((one, two));
        assert!(!stage.end().await.has_called());
    }
}

#[tokio::test]
async fn nothing_new_is_sent_to_a_connection_that_goes_away() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 100).await;
    let mut old = ask(&stage, GET).await;
    let stream = platform.request().await;
    platform.go_away(stream, NO_ERROR).await;
    for _ in 0..3 {
        let mut new = ask(&stage, POST).await;
        let mut second = Frames::accept(&stage, &identity, 100).await;
        let other = second.request().await;
        second.go_away(other, NO_ERROR).await;
        second.answer(other).await;
        assert_eq!(new.message().await.status(), 200);
    }
    platform.answer(stream).await;
    assert_eq!(old.message().await.status(), 200);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_sent_again() {
    for is_reset in [true, false] {
        let (stage, identity) = stage().await;
        let mut platform = settled(&stage, &identity, 100).await;
        let mut client = ask(&stage, POST).await;
        let stream = platform.request().await;
        if is_reset {
            platform.reset(stream, INTERNAL_ERROR).await;
        } else {
            platform.go_away(stream, ENHANCE_YOUR_CALM).await;
            drop(platform);
        }
        let answer = client.message().await;
        assert_eq!(
            (answer.status(), answer.of("proxy-status")),
            (502, "paceline; error=connection_terminated")
        );
        drop(client);
        assert!(!stage.end().await.has_called());
    }
}

#[tokio::test]
async fn a_call_that_may_be_repeated_outlives_its_connection() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 100).await;
    let mut client = ask(&stage, GET).await;
    platform.request().await;
    drop(platform);
    let mut second = Frames::accept(&stage, &identity, 100).await;
    let stream = second.request().await;
    second.answer(stream).await;
    assert_eq!(client.message().await.status(), 200);
}

#[tokio::test]
async fn a_client_that_goes_has_its_stream_cancelled_and_no_other() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 100).await;
    let mut stays = ask(&stage, GET).await;
    let kept = platform.request().await;
    let goes = ask(&stage, POST).await;
    let dropped = platform.request().await;
    drop(goes);
    let frame = platform.next().await.unwrap();
    assert_eq!((frame.kind, frame.stream, frame.code()), (RST_STREAM, dropped, CANCEL));
    platform.answer(kept).await;
    assert_eq!(stays.message().await.status(), 200);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_never_taken_for_a_whole_reply() {
    let (stage, identity) = stage().await;
    let mut platform = settled(&stage, &identity, 100).await;
    let mut client = ask(&stage, GET).await;
    let stream = platform.request().await;
    platform.send(HEADERS, END_HEADERS, stream, &[0x88]).await;
    platform.send(DATA, 0, stream, b"part").await;
    assert_eq!(client.head().await.status(), 200);
    assert_eq!(client.chunk().await, "part");
    platform.reset(stream, INTERNAL_ERROR).await;
    assert_eq!(client.rest().await, "");
}
