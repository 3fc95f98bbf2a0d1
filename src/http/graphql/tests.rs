use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::http::HeaderName;
use futures_util::FutureExt;
use hyper::body::{Frame, SizeHint};

use super::*;

fn headers(name: HeaderName, values: &[&'static str]) -> HeaderMap {
    values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn the_client_gets_the_media_type_it_likes_best() {
    use Media::{GraphqlResponse, Json};
    for (accept, expected) in [
        (&[][..], Some(Json)),
        (&["*/*"], Some(Json)),
        (&["application/*"], Some(Json)),
        (&["application/json"], Some(Json)),
        (&["application/graphql-response+json"], Some(GraphqlResponse)),
        (&["Application/GraphQL-Response+JSON; charset=UTF-8"], Some(GraphqlResponse)),
        (&["application/graphql-response+json, application/json"], Some(GraphqlResponse)),
        (&["application/json, application/graphql-response+json"], Some(Json)),
        (&["application/json;q=0.9, application/graphql-response+json"], Some(GraphqlResponse)),
        (&["text/html", "application/graphql-response+json;q=0.5, */*;q=0.1"], Some(GraphqlResponse)),
        (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], Some(Json)),
        (&["multipart/mixed"], None),
        (&["application/json; charset=latin1"], None),
        (&["application/json;q=0"], None),
    ] {
        assert_eq!(Media::negotiate(&headers(header::ACCEPT, accept)), expected, "{accept:?}");
    }
}

#[test]
fn only_json_in_utf_8_is_read() {
    for good in ["application/json", "application/json;charset=utf-8", "Application/JSON ; charset=\"UTF-8\""] {
        assert!(is_json(&headers(header::CONTENT_TYPE, &[good])), "{good}");
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/graphql",
        "",
    ] {
        assert!(!is_json(&headers(header::CONTENT_TYPE, &[bad])), "{bad}");
    }
    assert!(!is_json(&HeaderMap::new()));
}

#[test]
fn a_token_is_taken_from_one_bearer_header_alone() {
    let token = |values: &[&'static str]| bearer(&headers(header::AUTHORIZATION, values));
    assert_eq!(token(&[]), Ok(None));
    assert_eq!(token(&["Bearer abc"]), Ok(Some("abc".to_owned())));
    assert_eq!(token(&["bearer  abc"]), Ok(Some("abc".to_owned())));
    for bad in [&["abc"][..], &["Bearer"], &["Bearer "], &["Basic abc"], &["Bearer abc", "Bearer abc"]] {
        assert!(token(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_body_is_one_object_with_typed_parameters() {
    for good in [
        r#"{"query":"{a}"}"#,
        r#"  {"query":"{a}","operationName":null,"variables":null,"extensions":null,"unknown":1}"#,
        r#"{"query":"{a}","operationName":"A","variables":{"a":[1]},"extensions":{"b":{}}}"#,
    ] {
        assert!(parse(good.as_bytes()).is_ok(), "{good}");
    }
    for bad in [
        "",
        "[]",
        r#"[{"query":"{a}"}]"#,
        r#"["{a}"]"#,
        r#"{"query":null}"#,
        r#"{"query":["{a}"]}"#,
        r#"{"query":"{a}","variables":[]}"#,
        r#"{"query":"{a}","variables":"{}"}"#,
        r#"{"query":"{a}","extensions":0}"#,
        r#"{"query":"{a}","operationName":false}"#,
        r#"{"query":"{a}","query":"{b}"}"#,
        r#"{"query":"{a}"} {}"#,
    ] {
        assert!(matches!(parse(bad.as_bytes()), Err(Fault(StatusCode::BAD_REQUEST, _))), "{bad}");
    }
    let deep = format!(r#"{{"query":"{{a}}","variables":{{"a":{}"#, "[".repeat(500_000));
    assert!(parse(deep.as_bytes()).is_err());
}

#[test]
fn a_fault_of_json_repeats_nothing_of_the_body() {
    for body in [r#"{"query":"secret"#, r#"{"query":{"secret":1}}"#, r#"{"query":"{a}","variables":"secret"}"#] {
        let Err(Fault(_, message)) = parse(body.as_bytes()) else { panic!("was read") };
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn what_was_not_executed_has_a_status_that_says_so() {
    for (code, json, graphql) in [
        ("BAD_USER_INPUT", 200, 400),
        ("QUERY_TOO_COMPLEX", 200, 400),
        ("UNAUTHENTICATED", 401, 401),
        ("FORBIDDEN", 403, 403),
        ("RATE_LIMITED", 429, 429),
        ("INTERNAL", 500, 500),
        ("UNAVAILABLE", 503, 503),
        ("TIMEOUT", 504, 504),
    ] {
        let answer = Answer::refusal(code, "x", "r");
        assert_eq!(Media::Json.status(&answer).as_u16(), json, "{code}");
        assert_eq!(Media::GraphqlResponse.status(&answer).as_u16(), graphql, "{code}");
    }
}

/// A body that says how long it is and never comes.
struct Announced(u64);

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn a_body_announced_too_long_is_refused_before_it_is_read() {
    let outcome = |bytes| read_body(Body::new(Announced(bytes))).now_or_never();
    assert!(matches!(outcome(MAX_BODY_BYTES as u64 + 1), Some(Err(Fault(StatusCode::PAYLOAD_TOO_LARGE, _)))));
    assert!(outcome(MAX_BODY_BYTES as u64).is_none());
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_up_to_the_limit() {
    let streamed = |pieces: usize| {
        let piece = || Ok::<_, std::io::Error>(vec![b' '; 1_024]);
        read_body(Body::from_stream(futures_util::stream::iter((0..pieces).map(move |_| piece()))))
    };
    assert_eq!(streamed(1_024).await.map(|body| body.len()).ok(), Some(MAX_BODY_BYTES));
    assert!(matches!(streamed(1_025).await, Err(Fault(StatusCode::PAYLOAD_TOO_LARGE, _))));
    let broken = futures_util::stream::iter([Ok(vec![b'{']), Err(std::io::Error::other("cut"))]);
    assert!(matches!(read_body(Body::from_stream(broken)).await, Err(Fault(StatusCode::BAD_REQUEST, _))));
}
