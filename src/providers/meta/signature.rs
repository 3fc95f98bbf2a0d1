//! Proof that a request comes from Meta: the verification handshake and the signature of a delivery.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

/// The challenge to answer with, where a `GET` is Meta's verification of the callback and names one of our tokens.
///
/// The arguments are the query's `hub.mode`, `hub.verify_token` and `hub.challenge`. The answer is the challenge alone,
/// as `text/plain`; `None` is a 403. Digests are compared instead of the tokens, so that neither content nor length
/// shows in the time taken; an empty live token admits nobody.
///
/// Source: Meta, "Create a webhook endpoint", verification requests.
pub fn verify_handshake<'c, 't>(
    mode: Option<&str>,
    token: Option<&str>,
    challenge: Option<&'c str>,
    live_tokens: impl Iterator<Item = &'t [u8]>,
) -> Option<&'c str> {
    let presented = digest(&SHA256, token?.as_bytes());
    let is_known = live_tokens.filter(|live| !live.is_empty()).fold(false, |known, live| {
        known | verify_slices_are_equal(presented.as_ref(), digest(&SHA256, live).as_ref()).is_ok()
    });
    challenge.filter(|challenge| is_known && mode == Some("subscribe") && !challenge.is_empty())
}

/// Whether `X-Hub-Signature-256` is the HMAC-SHA256 of the body, exactly as received, under one of the app secrets.
///
/// The header is `sha256=` and 64 lower-case hex digits, as Meta documents and sends it. Upper case is refused: Meta
/// never sends it, and one spelling leaves nothing to argue about. A request with two such headers must be handed in
/// as `None`. Every secret is tried, and the comparison takes the same time wherever it fails. An empty secret is
/// skipped, since anyone could sign with it.
///
/// It proves "from Meta, for this app": not which tenant, and not when. Only de-duplication stops a replay.
pub fn signature_is_valid<'s>(header: Option<&[u8]>, body: &[u8], app_secrets: impl Iterator<Item = &'s [u8]>) -> bool {
    let Some(signature) = header.and_then(|header| header.strip_prefix(b"sha256=")).and_then(decode_hex) else {
        return false;
    };
    app_secrets.filter(|secret| !secret.is_empty()).fold(false, |valid, secret| {
        valid | hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), body, &signature).is_ok()
    })
}

fn decode_hex(hex: &[u8]) -> Option<Vec<u8>> {
    let nibble = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = hex.as_chunks::<2>() else { return None };
    (pairs.len() == 32)
        .then(|| pairs.iter().map(|[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect())
        .flatten()
}
