use axum::http::HeaderName;

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

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_announced_or_not() {
    let announced = read_body(Body::from(vec![b' '; MAX_BODY_BYTES + 1])).await;
    assert!(matches!(announced, Err(Fault(StatusCode::PAYLOAD_TOO_LARGE, _))));
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
    assert!(matches!(read_body(Body::from_stream(endless)).await, Err(Fault(StatusCode::PAYLOAD_TOO_LARGE, _))));
    assert_eq!(
        read_body(Body::from(vec![b' '; MAX_BODY_BYTES])).await.map(|body| body.len()).ok(),
        Some(MAX_BODY_BYTES)
    );
    let broken = futures_util::stream::iter([Ok(vec![b'{']), Err(std::io::Error::other("cut"))]);
    assert!(matches!(read_body(Body::from_stream(broken)).await, Err(Fault(StatusCode::BAD_REQUEST, _))));
}
