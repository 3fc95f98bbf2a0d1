//! Refresh tokens: one family a sign-in, one generation a use (RFC 9700 §4.14).
//!
//! A token is derived, not drawn: whoever holds the key can make generation n + 1 again. So a call repeated within ten
//! seconds, because its answer was lost or two tabs asked at once, gets the same successor. An older token is a sign
//! that somebody copied one, and ends the family.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Micros, SECOND};

/// How long the token before the current one may be repeated.
pub const OVERLAP: Micros = 10 * SECOND;

const MAC_AT: usize = 20;
const BYTES: usize = MAC_AT + 32;

/// A refresh token as the client holds it, wiped when dropped and never printed.
pub struct RefreshToken(Zeroizing<String>);

impl RefreshToken {
    /// The token itself, for the answer to its owner and nothing else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A refresh token as somebody presents it: well formed, not yet believed.
pub struct Presented {
    /// The family it claims, by which the session is looked up.
    pub family: Uuid,
    generation: u32,
    mac: [u8; 32],
}

/// What a presented token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The current one: rotate to the next generation.
    Current,
    /// The one just before, within [`OVERLAP`]: answer with the current generation once more, rotate nothing.
    PreviousWithinOverlap,
    /// Ours, but used up: end the family, both its holders.
    Reuse,
    /// Not made with this key, or of a generation that was never given out (as after restoring an old backup): refuse
    /// it and leave the family alone, or strangers could end it.
    Forged,
}

/// Makes the token of a generation: `base64url(family ‖ generation ‖ HMAC-SHA256(key, "refresh" ‖ family ‖ generation))`.
pub fn derive(key: &[u8; 32], family: Uuid, generation: u32) -> RefreshToken {
    let mut bytes = Zeroizing::new([0; BYTES]);
    let (head, tail) = bytes.split_at_mut(MAC_AT);
    head.copy_from_slice(&head_of(family, generation));
    tail.copy_from_slice(mac(key, family, generation).as_ref());
    RefreshToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Reads a token; `None` when it is not of the form that [`derive()`] makes.
pub fn parse(text: &str) -> Option<Presented> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    let (family, rest) = bytes.split_first_chunk::<16>()?;
    let (generation, mac) = rest.split_first_chunk::<4>()?;
    Some(Presented {
        family: Uuid::from_bytes(*family),
        generation: u32::from_be_bytes(*generation),
        mac: mac.try_into().ok()?,
    })
}

/// The form in which a token is kept: SHA-256, which is enough for what cannot be guessed.
pub fn hash(token: &RefreshToken) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.0.as_bytes()).as_ref());
    hash
}

/// Judges a token against its family, which stands at `current_generation` since `rotated_at`.
///
/// The caller judges and rotates in one transaction, or two calls at once would both find the current generation.
pub fn judge(
    presented: &Presented,
    current_generation: u32,
    rotated_at: Micros,
    now: Micros,
    key: &[u8; 32],
) -> Verdict {
    let expected = mac(key, presented.family, presented.generation);
    if verify_slices_are_equal(expected.as_ref(), &presented.mac).is_err() {
        return Verdict::Forged;
    }
    // Counted both ways: a node whose clock is behind must not take the overlap for a reuse.
    let within_overlap = now.abs_diff(rotated_at) <= OVERLAP.unsigned_abs();
    match current_generation.checked_sub(presented.generation) {
        None => Verdict::Forged,
        Some(0) => Verdict::Current,
        Some(1) if within_overlap => Verdict::PreviousWithinOverlap,
        Some(_) => Verdict::Reuse,
    }
}

fn head_of(family: Uuid, generation: u32) -> [u8; MAC_AT] {
    let mut head = [0; MAC_AT];
    let (first, last) = head.split_at_mut(16);
    first.copy_from_slice(family.as_bytes());
    last.copy_from_slice(&generation.to_be_bytes());
    head
}

fn mac(key: &[u8; 32], family: Uuid, generation: u32) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(b"refresh");
    context.update(&head_of(family, generation));
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [9; 32];
    const FAMILY: Uuid = Uuid::from_u128(0x0192_f00d);
    const ROTATED: Micros = 1_764_000_000_000_000;

    fn verdict(token: &str, current: u32, now: Micros) -> Verdict {
        judge(&parse(token).unwrap(), current, ROTATED, now, &KEY)
    }

    #[test]
    fn a_generation_always_has_the_same_token() {
        let token = derive(&KEY, FAMILY, 5);
        assert_eq!(token.as_str(), derive(&KEY, FAMILY, 5).as_str());
        assert_eq!(token.as_str().len(), 70);
        for other in [derive(&KEY, FAMILY, 6), derive(&KEY, Uuid::from_u128(7), 5), derive(&[8; 32], FAMILY, 5)] {
            assert_ne!(token.as_str(), other.as_str());
            assert_ne!(hash(&token), hash(&other));
        }
        assert_eq!(parse(token.as_str()).unwrap().family, FAMILY);
    }

    #[test]
    fn the_mac_is_hmac_sha256_of_word_family_and_generation() {
        let bytes = URL_SAFE_NO_PAD.decode(derive(&KEY, FAMILY, 258).as_str()).unwrap();
        let message = [b"refresh".as_slice(), FAMILY.as_bytes(), &[0, 0, 1, 2]].concat();
        assert_eq!(&bytes[..20], &message[7..]);
        assert_eq!(&bytes[20..], hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), &message).as_ref());
    }

    #[test]
    fn the_current_token_is_current_however_old() {
        let token = derive(&KEY, FAMILY, 5);
        assert_eq!(verdict(token.as_str(), 5, ROTATED), Verdict::Current);
        assert_eq!(verdict(token.as_str(), 5, ROTATED + 86_400 * SECOND), Verdict::Current);
        assert_eq!(verdict(derive(&KEY, FAMILY, 0).as_str(), 0, ROTATED), Verdict::Current);
    }

    #[test]
    fn only_the_one_before_may_be_repeated_and_for_ten_seconds() {
        let previous = derive(&KEY, FAMILY, 4);
        for (now, expected) in [
            (ROTATED, Verdict::PreviousWithinOverlap),
            (ROTATED + OVERLAP, Verdict::PreviousWithinOverlap),
            (ROTATED - SECOND, Verdict::PreviousWithinOverlap),
            (ROTATED + OVERLAP + 1, Verdict::Reuse),
            (ROTATED - OVERLAP - 1, Verdict::Reuse),
            (i64::MIN, Verdict::Reuse),
            (i64::MAX, Verdict::Reuse),
        ] {
            assert_eq!(verdict(previous.as_str(), 5, now), expected);
        }
        assert_eq!(verdict(derive(&KEY, FAMILY, 3).as_str(), 5, ROTATED), Verdict::Reuse);
        assert_eq!(verdict(derive(&KEY, FAMILY, 0).as_str(), u32::MAX, ROTATED), Verdict::Reuse);
    }

    #[test]
    fn what_was_never_given_out_ends_no_family() {
        assert_eq!(verdict(derive(&KEY, FAMILY, 6).as_str(), 5, ROTATED), Verdict::Forged);
        assert_eq!(verdict(derive(&[8; 32], FAMILY, 5).as_str(), 5, ROTATED), Verdict::Forged);
        let good = derive(&KEY, FAMILY, 4);
        let mut bytes = URL_SAFE_NO_PAD.decode(good.as_str()).unwrap();
        for at in 0..BYTES {
            bytes[at] ^= 1;
            assert_eq!(verdict(&URL_SAFE_NO_PAD.encode(&bytes), 5, ROTATED), Verdict::Forged, "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn anything_of_another_form_is_no_token() {
        let good = derive(&KEY, FAMILY, 1);
        let good = good.as_str();
        let (short, dirty) = (&good[..69], format!("{}/", &good[..69]));
        // The last character carries two bits of the token; the other four must be 0, so that each has one spelling.
        let respelt = format!("{short}{}", if good.ends_with('A') { 'B' } else { '_' });
        for bad in ["", "x", short, &format!("{good}A"), &format!("{good}=="), &dirty, &respelt, &"á".repeat(35)] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
