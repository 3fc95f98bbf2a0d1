//! What the samples do not show: the other shapes of the same items.

use super::*;

#[test]
fn everything_in_a_delivery_is_read_in_its_order() {
    let change = |number: u32, lists: &str| {
        format!(r#"{{"value":{{{lists},"metadata":{{"phone_number_id":"{number}"}}}},"field":"messages"}}"#)
    };
    let welcome = |id: &str| format!(r#"{{"id":"{id}","from":"5511","type":"request_welcome"}}"#);
    let first = change(
        1,
        &format!(
            r#""statuses":[{{"id":"s","status":"read"}}],"messages":[{},{}],"errors":[{{"code":1}}]"#,
            welcome("a"),
            welcome("b")
        ),
    );
    let second = change(2, &format!(r#""messages":[{}]"#, welcome("c")));
    let third = change(3, &format!(r#""messages":[{}]"#, welcome("d")));
    let body = format!(
        r#"{{"entry":[{{"changes":[{first},{second}]}},{{"changes":[{third}]}}],"object":"whatsapp_business_account"}}"#
    );
    let message = |number: u32, id: &str| format!("{number} Live Inbound System id={id} peer=5511/-/-");
    assert_eq!(
        told(&body),
        [
            "1 status of=s Read codes=[]".to_owned(),
            message(1, "a"),
            message(1, "b"),
            "1 parked ProviderError".to_owned(),
            message(2, "c"),
            message(3, "d"),
        ]
    );
}

#[test]
fn people_are_found_by_id_never_by_place() {
    let contacts = r#""contacts":[5,{"profile":{"name":"B"},"wa_id":"2","user_id":"BR.2"},{"user_id":"BR.3","wa_id":3,
        "profile":{"name":"C","username":"c"}},{"profile":null,"wa_id":"4"},{"wa_id":"1","profile":{"name":"\ud800"}}]"#;
    let message = |sender: &str| format!(r#"{{"id":"w","type":"request_welcome",{sender}}}"#);
    let senders = [
        r#""from":"1""#,
        r#""from":"+2""#,
        r#""from_user_id":"BR.3""#,
        r#""from":"9 9""#,
        r#""from":"4","from_user_id":"BR.4""#,
        r#""from":"BR.3""#,
        r#""from":"BR.8","from_user_id":"BR.9""#,
        r#""from":null"#,
    ];
    let messages = senders.map(message).join(",");
    let told = told(&delivery("messages", &format!(r#""messages":[{messages}],{contacts}"#)));
    let peers: Vec<&str> = told.iter().filter_map(|line| line.split("peer=").nth(1)).collect();
    assert_eq!(peers, ["1/-/-", "2/BR.2/B", "3/BR.3/C", "99/-/-", "4/BR.4/-", "3/BR.3/C", "-/BR.9/-", "-/-/-"]);
}

#[test]
fn an_echo_goes_to_its_recipient_whatever_it_is() {
    let echo = |fields: &str| {
        let item = format!(r#"{{"id":"w","from":"5511950000000",{fields}}}"#);
        ["smb_message_echoes", "message_echoes"]
            .map(|field| told(&delivery(field, &format!(r#""message_echoes":[{item}]"#))).join(" || "))
    };
    for (fields, expected) in [
        (
            r#""to_user_id":"BR.1","type":"text","text":{"body":"oi"}"#,
            "510 Echo Outbound Text id=w peer=-/BR.1/- Text=oi",
        ),
        (r#""to":"1","type":"revoke","revoke":{"original_message_id":"o"}"#, "510 revoke of=o"),
        (r#""to":"1","type":"reaction","reaction":{"message_id":"o"}"#, "510 reaction on=o by=company emoji=none"),
        (
            r#""to":"1","type":"edit","edit":{"original_message_id":"o","message":{"type":"image","image":{"caption":"c"}}}"#,
            "510 edit of=o by=1/-/- Caption=c",
        ),
    ] {
        assert_eq!(echo(fields), [expected, expected]);
    }
}

#[test]
fn a_standby_copy_is_read_one_object_deeper() {
    let standby = r#""standby":{"messages":[{"id":"a","from":"1","type":"text","text":{"body":"oi"}}],
        "message_echoes":[{"id":"b","timestamp":"1760000001","message":{"to":"1","type":"text","text":{"body":"olá"},
        "context":{"message_id":"a"}}}],"statuses":[{"id":"b","status":"sent"}]}"#;
    assert_eq!(
        told(&delivery("standby", standby)),
        [
            "510 Live Inbound Text id=a peer=1/-/- Text=oi",
            "510 Echo Outbound Text id=b peer=1/-/- reply_to=a Text=olá at=1760000001",
            "510 status of=b Sent codes=[]",
        ]
    );
}

#[test]
fn a_history_tells_its_sides_apart() {
    let message = |fields: &str| format!(r#"{{"id":"w","type":"request_welcome",{fields}}}"#);
    let thread = |head: &str, messages: &[&str]| {
        format!(r#"{{{head},"messages":[{}]}}"#, messages.iter().map(|m| message(m)).collect::<Vec<_>>().join(","))
    };
    let threads = [
        thread(
            r#""id":"5521960000000","context":{"user_id":"BR.1"}"#,
            &[
                r#""from":"551150000000""#,
                r#""from":"5521960000000","to":"551150000000","history_context":{"status":"PENDING"}"#,
                r#""from":"5521960000000","to":null,"history_context":{"status":"DELIVERED"}"#,
            ],
        ),
        thread(r#""context":null"#, &[r#""from":"551150000000","to_user_id":"BR.2","history_context":null"#]),
        "null".to_owned(),
        r#"{"id":"1"}"#.to_owned(),
    ]
    .join(",");
    let history =
        format!(r#""history":[{{"threads":[{threads}]}},{{"threads":[]}},{{"errors":[{{"code":"9"}}]}},7,{{}}]"#);
    assert_eq!(
        told(&delivery("history", &history)),
        [
            "510 History Outbound System id=w peer=5521960000000/BR.1/-",
            "510 History Inbound System id=w peer=5521960000000/BR.1/-",
            "510 History Inbound System id=w peer=5521960000000/BR.1/- delivery=Delivered",
            "510 History Outbound System id=w peer=-/BR.2/-",
            "510 parked Malformed",
            "510 parked UnknownShape",
            "510 parked ProviderError",
            "510 parked Malformed",
            "510 parked UnknownShape",
        ]
    );
}

#[test]
fn a_historys_sender_is_known_with_and_without_the_ninth_digit() {
    let history = r#""metadata":{"display_phone_number":"+55 21 6000-0000"},"history":[{"threads":[{"id":"1",
        "messages":[{"id":"w","from":"5521960000000","type":"request_welcome"}]}]}]"#;
    assert_eq!(told(&delivery("history", history)), ["- History Outbound System id=w peer=1/-/-"]);
}

#[test]
fn the_media_of_a_history_come_later_and_both_ways() {
    let lists = r#""messages":[{"id":"a","from":"1","type":"audio","audio":{"id":7,"mime_type":"audio/ogg"}}],
        "message_echoes":[{"id":"b","from":"5511","to":"1","type":"sticker","sticker":{"id":"8"}}]"#;
    assert_eq!(
        told(&delivery("history", lists)),
        [
            "510 History Inbound Audio id=a peer=1/-/- media=(7, audio/ogg, -, -, -)",
            "510 History Outbound Sticker id=b peer=1/-/- media=(8, application/octet-stream, -, -, -)",
        ]
    );
}

#[test]
fn a_medium_declares_its_digest_in_base64_or_hex() {
    let hex = "38d2bbec4c8df006c2935bc77b2d03523e3011a4768668ae0578dc929c75a676";
    for (declared, expected) in [
        ("ONK77EyN8AbCk1vHey0DUj4wEaR2hmiuBXjckpx1pnY=", hex),
        ("ONK77EyN8AbCk1vHey0DUj4wEaR2hmiuBXjckpx1pnY", hex),
        (&hex.to_uppercase(), hex),
        ("ONK7", "-"),
        ("?", "-"),
    ] {
        let document = format!(
            r#""type":"document","document":{{"id":"m","filename":"../a\r\n.pdf","mime_type":"a/b","file_size":"12","caption":null,"sha256":"{declared}"}}"#
        );
        let expected = format!(
            "510 Live Inbound Document id=w peer=5511/-/- media=(m, a/b, ../a\r\n.pdf, {expected}, 12) at=1760000001"
        );
        assert_eq!(told_message(&document), expected);
    }
}

#[test]
fn what_is_said_is_found_in_every_kind() {
    for (fields, expected) in [
        (r#""type":"text","text":{"body":"a\u0000b"}"#, "Text peer Text=a\0b"),
        (r#""type":"text","text":{"body":12}"#, "Text peer Text=12"),
        (r#""type":"text","text":{"body":""}"#, "Text peer"),
        (
            r#""type":"location","location":{"latitude":"1","longitude":2,"address":"Rua"}"#,
            "Location peer Location=Rua",
        ),
        (r#""type":"location","location":{"latitude":1,"longitude":2}"#, "Location peer"),
        (
            r#""type":"contacts","contacts":[{"name":{"formatted_name":"A"}},{"name":null,"phones":[{"phone":"1"},{"phone":2}],
            "emails":[{"email":"e"},{"type":"WORK"}],"org":{"title":"x"}}]"#,
            "Contacts peer ContactCard=A\n1\n2\ne",
        ),
        (r#""type":"interactive""#, "Interactive peer"),
        (r#""type":"interactive","interactive":{"type":"call_permission_reply"}"#, "Interactive peer"),
        (r#""type":"interactive","interactive":{"list_reply":{"title":"t"}}"#, "Interactive peer Interactive=t"),
        (
            r#""type":"video","video":{"file_size":-1,"mime_type":"video/mp4"}"#,
            "Video peer media=(-, video/mp4, -, -, -)",
        ),
        (r#""type":"button","button":{"payload":"p"}"#, "Button peer"),
        (r#""type":"order","order":{"catalog_id":1}"#, "Order peer"),
        (r#""type":"poll_creation","poll_creation":{"name":"?"}"#, "Unknown peer"),
        (r#""text":{"body":"typeless"}"#, "Unknown peer"),
        (
            r#""type":"unsupported","errors":[{"code":"131060"},{"code":null},7,{"code":1}]"#,
            "Unsupported peer codes=[131060, 1]",
        ),
        (r#""type":"request_welcome","errors":5,"context":{"frequently_forwarded":true}"#, "System peer forwarded=yes"),
        (
            r#""type":"request_welcome","context":null,"referral":{"body":"b","headline":null}"#,
            "System peer referral=b",
        ),
    ] {
        let expected = expected.replacen(" peer", " id=w peer=5511/-/-", 1);
        assert_eq!(told_message(fields), format!("510 Live Inbound {expected} at=1760000001"), "{fields}");
    }
}

#[test]
fn a_flow_is_read_to_its_last_answer() {
    let deep = format!("{}{}{}", "[".repeat(40), r#"\"fundo\""#, "]".repeat(40));
    for (response, expected) in [
        (
            r#"{\"z\":\"1\",\"a\":[\"2\",{\"b\":\"3\",\"n\":4,\"t\":true,\"e\":\"\",\"u\":null}],\"flow_token\":\"x\"}"#
                .to_owned(),
            "1\n2\n3",
        ),
        (r#"{\"a\":\"\\ud800\",\"b\":\"2\"}"#.to_owned(), "\"\\ud800\"\n2"),
        ("não é json".to_owned(), "não é json"),
        (format!(r#"{{\"a\":{deep}}}"#), &format!("{}\"fundo\"{}", "[".repeat(24), "]".repeat(24))),
    ] {
        let fields = format!(
            r#""type":"interactive","interactive":{{"nfm_reply":{{"body":"Sent","response_json":"{response}"}}}}"#
        );
        let expected =
            format!("510 Live Inbound Interactive id=w peer=5511/-/- Interactive=Sent\n{expected} at=1760000001");
        assert_eq!(told_message(&fields), expected);
    }
}

#[test]
fn a_system_message_announces_a_new_identity() {
    for (system, expected) in [
        (r#"{"type":"customer_changed_number","new_wa_id":"22"}"#, Some("5511/-/-->22/-/-")),
        (r#"{"type":"user_changed_number","wa_id":22,"user_id":"BR.2"}"#, Some("5511/-/-->22/BR.2/-")),
        (
            r#"{"type":"user_changed_user_id","user_id":"BR.2","previous_user_id":"BR.1"}"#,
            Some("5511/BR.1/-->-/BR.2/-"),
        ),
        (r#"{"type":"user_changed_number"}"#, None),
        (r#"{"type":"customer_identity_changed","wa_id":"22"}"#, None),
    ] {
        let expected = expected.map_or(String::new(), |change| format!(" change={change} at=1760000001"));
        let expected = format!("510 Live Inbound System id=w peer=5511/-/-{expected} at=1760000001");
        assert_eq!(told_message(&format!(r#""type":"system","system":{system}"#)), expected);
    }
}

#[test]
fn an_older_system_message_names_the_person_itself() {
    let system = r#""messages":[{"id":"w","type":"system","system":{"type":"customer_changed_number","customer":"1","wa_id":"2"}}]"#;
    assert_eq!(told(&delivery("messages", system)), ["510 Live Inbound System id=w peer=-/-/- change=1/-/-->2/-/-"]);
}

#[test]
fn a_reaction_without_emoji_takes_it_off() {
    for (reaction, emoji) in [
        (r#"{"message_id":"o","emoji":"👍"}"#, "👍"),
        (r#"{"message_id":"o","emoji":""}"#, "none"),
        (r#"{"message_id":"o","emoji":null}"#, "none"),
        (r#"{"message_id":"o"}"#, "none"),
    ] {
        let told = told_message(&format!(r#""type":"reaction","reaction":{reaction}"#));
        assert_eq!(told, format!("510 reaction on=o by=5511/-/- emoji={emoji} at=1760000001"));
    }
}

#[test]
fn a_status_is_one_of_five_words() {
    for (status, expected) in [
        (r#"{"id":1,"status":"played","timestamp":1760000001}"#, "status of=1 Played codes=[] at=1760000001"),
        (
            r#"{"id":"s","status":"failed","errors":[{"code":1},{"code":"2"}],"recipient_type":"group"}"#,
            "status of=s Failed codes=[1, 2]",
        ),
        (r#"{"id":"s","status":"deleted"}"#, "parked UnknownField"),
        (r#"{"id":"s","status":"warning"}"#, "parked UnknownField"),
        (r#"{"id":"s","status":"captured"}"#, "parked UnknownField"),
        (r#"{"id":"s","status":"read","type":"call"}"#, "parked UnknownField"),
        (r#"{"id":"s"}"#, "parked Malformed"),
        (r#"{"status":"read"}"#, "parked Malformed"),
    ] {
        assert_eq!(told(&delivery("messages", &format!(r#""statuses":[{status}]"#))), [format!("510 {expected}")]);
    }
}

#[test]
fn a_time_is_plausible_or_none() {
    for (timestamp, expected) in [
        ("1760000001", " at=1760000001"),
        (r#""1760000001""#, " at=1760000001"),
        (r#""1230767999""#, ""),
        ("4133980800", ""),
        ("1760000001000", ""),
        ("-1", ""),
        ("1.5e9", ""),
        (r#""""#, ""),
        (r#""99999999999999999999""#, ""),
        ("null", ""),
        ("{}", ""),
        (r#""\ud800""#, ""),
    ] {
        let message = format!(r#""messages":[{{"id":"w","type":"request_welcome","timestamp":{timestamp}}}]"#);
        let expected = format!("510 Live Inbound System id=w peer=-/-/-{expected}");
        assert_eq!(told(&delivery("messages", &message)), [expected], "{timestamp}");
    }
}

#[test]
fn an_item_put_back_into_an_envelope_of_its_own_reads_the_same() -> Result {
    for file in fs::read_dir(super::SAMPLES)? {
        let path = file?.path();
        for item in parse(&fs::read(&path)?) {
            let again = parse(&crate::providers::meta::wrap(&item));
            assert_eq!(again.iter().map(super::tell).collect::<Vec<_>>(), [super::tell(&item)], "{}", path.display());
        }
    }
    Ok(())
}
