//! The handshake and the signature, told from their forgeries.

use super::*;
use crate::providers::meta::{signature_is_valid, verify_handshake};

const SIGNATURE: &str = "115f7b4b5ff609bf3cf4c37c673fb4c0896b737512cf292e6e8559cd4a64d8e6";
const SECRET: &[u8] = b"segredo-ficticio-de-teste";

fn is_valid(header: &str, secrets: &[&[u8]]) -> std::result::Result<bool, Box<dyn Error>> {
    let body = fs::read(format!("{SAMPLES}meta_text.json"))?;
    Ok(signature_is_valid(Some(header.as_bytes()), &body, secrets.iter().copied()))
}

#[test]
fn a_signature_is_valid_under_any_live_secret_and_under_no_other() -> Result {
    let header = format!("sha256={SIGNATURE}");
    assert!(is_valid(&header, &[SECRET])?);
    assert!(is_valid(&header, &[SECRET, b"new"])?);
    assert!(is_valid(&header, &[b"old", SECRET])?);
    assert!(!is_valid(&header, &[b"another tenant's"])?);
    assert!(!is_valid(&header, &[])?);
    Ok(())
}

#[test]
fn a_signature_has_one_spelling() -> Result {
    for header in [
        String::new(),
        "sha256=".to_owned(),
        SIGNATURE.to_owned(),
        format!("sha1={SIGNATURE}"),
        format!("SHA256={SIGNATURE}"),
        format!("sha256= {SIGNATURE}"),
        format!("sha256={SIGNATURE} "),
        format!("sha256={}", SIGNATURE.to_uppercase()),
        format!("sha256={}", &SIGNATURE[..63]),
        format!("sha256={}", &SIGNATURE[..62]),
        format!("sha256={SIGNATURE}0"),
        format!("sha256={SIGNATURE}00"),
        format!("sha256={}g", &SIGNATURE[..63]),
        format!("sha256={SIGNATURE},sha256={SIGNATURE}"),
    ] {
        assert!(!is_valid(&header, &[SECRET])?, "{header:?}");
    }
    assert!(!signature_is_valid(None, b"{}", [SECRET].into_iter()));
    Ok(())
}

#[test]
fn nobody_can_sign_with_an_empty_secret() {
    let of_empty_body_and_secret = b"sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    assert!(!signature_is_valid(Some(of_empty_body_and_secret), b"", [b"".as_slice()].into_iter()));
}

#[test]
fn a_handshake_is_answered_with_its_challenge_and_only_for_a_live_token() {
    let live: [&[u8]; 3] = [b"", b"one", b"two"];
    let answer = |mode, token, challenge| verify_handshake(mode, token, challenge, live.into_iter());
    assert_eq!(answer(Some("subscribe"), Some("one"), Some("1158201444")), Some("1158201444"));
    assert_eq!(answer(Some("subscribe"), Some("two"), Some("<b>")), Some("<b>"));
    for (mode, token, challenge) in [
        (Some("subscribe"), Some("three"), Some("1")),
        (Some("subscribe"), Some("on"), Some("1")),
        (Some("subscribe"), Some("one "), Some("1")),
        (Some("subscribe"), Some(""), Some("1")),
        (Some("subscribe"), None, Some("1")),
        (Some("unsubscribe"), Some("one"), Some("1")),
        (None, Some("one"), Some("1")),
        (Some("subscribe"), Some("one"), Some("")),
        (Some("subscribe"), Some("one"), None),
    ] {
        assert_eq!(answer(mode, token, challenge), None, "{mode:?} {token:?} {challenge:?}");
    }
}
