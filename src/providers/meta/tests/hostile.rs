//! Shapes that must be parked, and cost their neighbours nothing.

use super::*;
use crate::providers::ParkReason;

const GOOD: &str = r#"{"id":"w","from":"5511","type":"text","text":{"body":"bom"}}"#;
const GOOD_TOLD: &str = "510 Live Inbound Text id=w peer=5511/-/- Text=bom";

/// The events, and the bytes they were read from.
fn raws(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    parse(body).into_iter().map(|item| (tell(&item), item.raw)).collect()
}

#[test]
fn what_is_no_json_is_parked_whole() {
    let whole = delivery("messages", &format!(r#""messages":[{GOOD}]"#));
    let not_utf8 =
        whole.replace("bom", "b\u{7f}m").into_bytes().iter().map(|b| if *b == 0x7f { 0xff } else { *b }).collect();
    let truncated = whole.as_bytes()[..whole.len() - 1].to_vec();
    for body in [Vec::new(), b"  ".to_vec(), b"oi".to_vec(), b"{} {}".to_vec(), b"[1".to_vec(), truncated, not_utf8] {
        assert_eq!(raws(&body), [("- parked NotJson".to_owned(), body.clone())]);
    }
}

#[test]
fn what_is_no_delivery_of_whatsapp_is_parked_whole() {
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "null",
        "12",
        "[]",
        "{}",
        r#"{"entry":[]}"#,
        r#"{"object":"page","entry":[]}"#,
        r#"{"object":["whatsapp_business_account"],"entry":[]}"#,
        r#"{"object":"whatsapp_business_account"}"#,
        r#"{"object":"whatsapp_business_account","entry":null}"#,
        r#"{"object":"whatsapp_business_account","entry":{}}"#,
        &nested,
    ] {
        assert_eq!(
            raws(body.as_bytes()),
            [("- parked UnknownShape".to_owned(), body.as_bytes().to_vec())],
            "{body:.60}"
        );
    }
}

#[test]
fn a_broken_entry_or_change_costs_no_other() {
    let good = delivery("messages", &format!(r#""messages":[{GOOD}]"#));
    for (broken, expected) in [
        ("null", "- parked Malformed"),
        ("[]", "- parked Malformed"),
        ("{}", "- parked UnknownShape"),
        (r#"{"changes":{}}"#, "- parked UnknownShape"),
        (r#"{"changes":[5]}"#, "- parked Malformed"),
        (r#"{"changes":[{"field":{}}]}"#, "- parked Malformed"),
        (r#"{"changes":[{"field":"messages","value":null}]}"#, "- parked Malformed"),
        (r#"{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"}}}]}"#, "- parked UnknownShape"),
        (r#"{"changes":[{"field":"standby","value":{"standby":[]}}]}"#, "- parked Malformed"),
        (r#"{"changes":[{"value":{"metadata":{"phone_number_id":"1"}}}]}"#, "1 parked UnknownField"),
        (r#"{"changes":[{"field":"security","value":[]}]}"#, "- parked UnknownField"),
        (r#"{"changes":[{"field":"messages","value":{"messages":{},"statuses":null}}]}"#, "- parked Malformed"),
    ] {
        let body = good.replace(r#""entry":["#, &format!(r#""entry":[{broken},"#));
        assert_eq!(told(&body), [expected, GOOD_TOLD], "{broken}");
    }
}

#[test]
fn a_broken_item_is_parked_with_its_bytes_and_its_neighbours_go_through() {
    let nested = format!(r#"{{"id":"w","type":"text","text":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for broken in [
        "null",
        "5",
        "[]",
        "{}",
        r#""wamid""#,
        r#"{"type":"text","text":{"body":"no id"}}"#,
        r#"{"id":"","type":"request_welcome"}"#,
        r#"{"id":{},"type":"request_welcome"}"#,
        r#"{"id":"w","type":["text"]}"#,
        r#"{"id":"w","from":{},"type":"request_welcome"}"#,
        r#"{"id":"w","type":"text"}"#,
        r#"{"id":"w","type":"text","text":null}"#,
        r#"{"id":"w","type":"text","text":"oi"}"#,
        r#"{"id":"w","type":"text","text":{}}"#,
        r#"{"id":"w","type":"text","text":{"body":null}}"#,
        r#"{"id":"w","type":"text","text":{"body":{"a":1}}}"#,
        r#"{"id":"w","type":"text","text":{"body":"\ud800"}}"#,
        r#"{"id":"w","type":"text","text":{"body":"oi"},"context":7}"#,
        r#"{"id":"w","type":"image","image":null}"#,
        r#"{"id":"w","type":"image","image":{"caption":[]}}"#,
        r#"{"id":"w","type":"location"}"#,
        r#"{"id":"w","type":"contacts","contacts":null}"#,
        r#"{"id":"w","type":"contacts","contacts":[null]}"#,
        r#"{"id":"w","type":"edit","edit":{"message":{"type":"text","text":{"body":"x"}}}}"#,
        r#"{"id":"w","type":"edit","edit":{"original_message_id":"o","message":null}}"#,
        r#"{"id":"w","type":"revoke","revoke":{}}"#,
        r#"{"id":"w","type":"reaction","reaction":{"emoji":"👍"}}"#,
        r#"{"id":"w","type":"system","system":null}"#,
        &nested,
    ] {
        let body = delivery("messages", &format!(r#""messages":[{GOOD},  {broken} ,{GOOD}]"#));
        let expected = [(GOOD_TOLD, GOOD), ("510 parked Malformed", broken), (GOOD_TOLD, GOOD)];
        let expected = expected.map(|(told, raw)| (told.to_owned(), raw.as_bytes().to_vec()));
        assert!(raws(body.as_bytes()) == expected, "{broken:.80}");
    }
}

#[test]
fn an_item_is_kept_byte_for_byte() {
    let odd = "{ \"id\" :\t\"w\", \"from\":\"5511\",\n \"type\":\"text\", \"text\":{\"body\":\"b\\u006f\\/m\"}, \"x\":1.0e+2 }";
    let items = raws(delivery("messages", &format!("\"messages\":[\n{odd}\n]")).as_bytes());
    assert_eq!(items, [("510 Live Inbound Text id=w peer=5511/-/- Text=bo/m".to_owned(), odd.as_bytes().to_vec())]);
}

#[test]
fn fields_nobody_reads_never_matter() {
    let nested = format!("{}{}", "[{\"a\":".repeat(10_000), "}]".repeat(10_000).replacen('}', "1}", 1));
    for unread in [r#""\ud800""#, "null", "1e999", nested.as_str()] {
        let good = GOOD.replace(r#""body""#, &format!(r#""preview":{unread},"body""#));
        let good = good.replacen('{', &format!(r#"{{"identity":{unread},"identity":1,"#), 1);
        let body = delivery("messages", &format!(r#""x":{unread},"messages":[{good}],"contacts":{unread}"#));
        assert_eq!(told(&body), [GOOD_TOLD]);
    }
}

#[test]
fn of_a_field_given_twice_the_last_counts() {
    let twice = r#"{"id":"1","id":"w","from":"5511","type":"text","text":null,"text":{"body":"bom"}}"#;
    assert_eq!(told(&delivery("messages", &format!(r#""messages":[{twice}]"#))), [GOOD_TOLD]);
}

#[test]
fn standby_within_standby_is_not_followed() {
    let depth = 10_000;
    let value = format!("{}{}", r#""standby":{"#.repeat(depth), "}".repeat(depth));
    assert_eq!(told(&delivery("standby", &value)), ["- parked UnknownShape"]);
}

#[test]
fn an_address_book_is_never_parked() {
    let told = told(&delivery("smb_app_state_sync", r#""state_sync":[{"contact":{}},null,{"type":5}]"#));
    assert_eq!(told, ["510 address book"; 3]);
}

#[test]
fn a_long_text_is_kept_whole() {
    let words = "ã".repeat(1_500_000);
    let items = parse(delivery("messages", &format!(r#""messages":[{}]"#, GOOD.replace("bom", &words))).as_bytes());
    assert!(matches!(&items[..], [Incoming { event: Event::Message(message), .. }]
        if message.text.as_ref().is_some_and(|(_, text)| *text == words)));
}

#[test]
fn a_body_of_more_items_than_fit_is_parked_whole() {
    let of = |count: usize| delivery("messages", &format!(r#""messages":[{}0]"#, "0,".repeat(count - 1)));
    assert_eq!(told(&of(30_000)).len(), 30_000);
    assert_eq!(told(&of(30_001)), ["- parked UnknownShape"]);
}

#[test]
fn no_damage_to_a_sample_makes_the_reader_fail_or_fall_silent() -> Result {
    let body = fs::read(format!("{SAMPLES}meta_history_chunk.json"))?.trim_ascii_end().to_vec();
    for place in 0..body.len() {
        assert!(matches!(&parse(&body[..place])[..], [Incoming { event: Event::Parked(ParkReason::NotJson), .. }]));
        for byte in *b"\"{]" {
            let mut damaged = body.clone();
            damaged[place] = byte;
            assert!(!parse(&damaged).is_empty(), "{} at {place}", char::from(byte));
        }
    }
    Ok(())
}
