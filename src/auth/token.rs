//! Access tokens: JSON Web Tokens signed with Ed25519, ten minutes long (RFC 7519, 8037, 9068; hardened as RFC 8725 asks).
//!
//! A token names its session, and whoever accepts one asks whether that session is still alive: a signature cannot be
//! taken back, a session can.

use std::collections::HashMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Micros, SECOND};

/// Seconds that an access token is good for.
pub const LIFE_SECONDS: i64 = 600;
/// Seconds that the clocks of two nodes may differ.
const LEEWAY_SECONDS: i64 = 5;

/// Longest token that is looked at, in bytes; ours have about 550.
const MAX_BYTES: usize = 4096;

// The keys are made by each installation for itself, so these need not name it.
const ISSUER: &str = "vigia";
const AUDIENCE: &str = "vigia-api";
/// RFC 9068 §2.1: keeps other signed things from passing as access tokens.
const TYPE: &str = "at+jwt";
/// `tid` of an operator. It is never left out, so that no forgotten claim makes an operator.
const NO_TENANT: &str = "platform";

/// What an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// The user or operator (`sub`).
    pub subject: Uuid,
    /// The user's tenant (`tid`); `None` for an operator.
    pub tenant: Option<Uuid>,
    /// The session, which must still be alive (`sid`).
    pub session: Uuid,
    /// The token's own id (`jti`).
    pub token_id: Uuid,
    /// When it ends (`exp`), on a whole second.
    pub expires_at: Micros,
}

impl Claims {
    /// Makes the claims of a token issued at `now`.
    pub fn new(subject: Uuid, tenant: Option<Uuid>, session: Uuid, token_id: Uuid, now: Micros) -> Claims {
        let expires_at = now.div_euclid(SECOND).saturating_add(LIFE_SECONDS).saturating_mul(SECOND);
        Claims { subject, tenant, session, token_id, expires_at }
    }
}

/// The claims on the wire. Every one is required and typed: text where a number belongs, a fraction, `null`, a list of
/// audiences or a claim named twice is no token (CVE-2026-25537 came of taking such a claim for an absent one).
#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sub: String,
    tid: String,
    sid: String,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl From<&Claims> for Payload {
    fn from(claims: &Claims) -> Payload {
        let exp = claims.expires_at.div_euclid(SECOND);
        let iat = exp.saturating_sub(LIFE_SECONDS);
        Payload {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: claims.subject.to_string(),
            tid: claims.tenant.map_or_else(|| NO_TENANT.to_owned(), |tenant| tenant.to_string()),
            sid: claims.session.to_string(),
            jti: claims.token_id.to_string(),
            iat,
            nbf: iat,
            exp,
        }
    }
}

impl Payload {
    fn claims(&self, now: Micros) -> Option<Claims> {
        let now = now.div_euclid(SECOND);
        let begun = self.nbf == self.iat && self.iat <= now.saturating_add(LEEWAY_SECONDS);
        let over = now >= self.exp.saturating_add(LEEWAY_SECONDS);
        let life = self.exp.checked_sub(self.iat)?;
        if self.iss != ISSUER || self.aud != AUDIENCE || !begun || over || !(1..=LIFE_SECONDS).contains(&life) {
            return None;
        }
        Some(Claims {
            subject: id(&self.sub)?,
            tenant: if self.tid == NO_TENANT { None } else { Some(id(&self.tid)?) },
            session: id(&self.sid)?,
            token_id: id(&self.jti)?,
            expires_at: self.exp.checked_mul(SECOND)?,
        })
    }
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

/// The one answer to every token that is not accepted: whoever tries learns nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("The access token is not valid; sign in again.")]
pub struct Refused;

/// An Ed25519 key pair that signs access tokens.
pub struct SigningKey {
    pkcs8: Zeroizing<Vec<u8>>,
    public: [u8; 32],
}

impl SigningKey {
    /// Makes the key pair of a `seed`: 32 random bytes, which are the whole secret (RFC 8032 §5.1.5) and all that has
    /// to be kept.
    ///
    /// # Errors
    /// [`KeyError::Seed`], which no seed of this length is known to cause.
    pub fn from_seed(seed: &[u8; 32]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Seed)?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| KeyError::Seed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Seed)?;
        Ok(SigningKey { pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()), public })
    }

    /// The public half: what a [`Keyring`] needs to go on accepting tokens of a key that signs no more.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }
}

/// The key that signs and the keys whose tokens are accepted, by key id.
///
/// To rotate: sign with a new key while the old one is among the `others` for [`LIFE_SECONDS`], then leave it out. A
/// key that is left out is refused at once.
pub struct Keyring {
    kid: String,
    signing: EncodingKey,
    known: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Keyring {
    /// Puts the ring together and tries it out: it signs, accepts its own token, and refuses one that is tampered with
    /// or over. So a build without a working signature stops the start, not the first sign-in.
    ///
    /// # Errors
    /// [`KeyError`] when that trial fails.
    pub fn new(
        kid: impl Into<String>,
        key: &SigningKey,
        others: impl IntoIterator<Item = (String, [u8; 32])>,
    ) -> Result<Keyring, KeyError> {
        let kid = kid.into();
        let mut known: HashMap<String, DecodingKey> =
            others.into_iter().map(|(kid, public)| (kid, DecodingKey::from_ed_der(&public))).collect();
        known.insert(kid.clone(), DecodingKey::from_ed_der(&key.public));
        let mut validation = Validation::new(Algorithm::EdDSA);
        // The library would ask the system's clock and let mistyped claims pass; `Payload` is stricter.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let ring = Keyring { kid, signing: EncodingKey::from_ed_der(&key.pkcs8), known, validation };
        ring.self_test()?;
        Ok(ring)
    }

    /// Signs a token.
    ///
    /// # Errors
    /// [`KeyError::Sign`] when the signature library fails.
    pub fn issue(&self, claims: &Claims) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        encode(&header, &Payload::from(claims), &self.signing).map_err(KeyError::Sign)
    }

    /// Accepts a token that one of the known keys signed and that is good at `now`, give or take five seconds.
    ///
    /// # Errors
    /// [`Refused`], whatever the cause.
    pub fn verify(&self, token: &str, now: Micros) -> Result<Claims, Refused> {
        if token.len() > MAX_BYTES {
            return Err(Refused);
        }
        let header = decode_header(token).map_err(|_| Refused)?;
        // RFC 7515 §4.1.11: extensions that must be understood, of which we know none. The library does not look.
        if header.typ.as_deref() != Some(TYPE) || header.alg != Algorithm::EdDSA || header.crit.is_some() {
            return Err(Refused);
        }
        let key = header.kid.and_then(|kid| self.known.get(&kid)).ok_or(Refused)?;
        let payload = decode::<Payload>(token, key, &self.validation).map_err(|_| Refused)?.claims;
        payload.claims(now).ok_or(Refused)
    }

    fn self_test(&self) -> Result<(), KeyError> {
        let claims = Claims::new(Uuid::nil(), Some(Uuid::nil()), Uuid::nil(), Uuid::nil(), 0);
        let token = self.issue(&claims)?;
        let other = self.issue(&Claims { tenant: None, ..claims })?;
        let swapped = match (token.rsplit_once('.'), other.rsplit_once('.')) {
            (Some((signed, _)), Some((_, signature))) => format!("{signed}.{signature}"),
            _ => return Err(KeyError::SelfTest),
        };
        let over = claims.expires_at.saturating_add(LEEWAY_SECONDS * SECOND);
        let sound = self.verify(&token, 0) == Ok(claims)
            && self.verify(&swapped, 0) == Err(Refused)
            && self.verify(&token, over) == Err(Refused);
        if sound { Ok(()) } else { Err(KeyError::SelfTest) }
    }
}

/// Why tokens cannot be signed.
#[derive(Debug, Error)]
pub enum KeyError {
    /// No key pair comes of the seed.
    #[error("The token-signing key cannot be used; make a new one.")]
    Seed,
    /// The signature library failed.
    #[error("An access token could not be signed.")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// The ring does not do what it must.
    #[error("Access tokens cannot be trusted: the trial signature at start gave a wrong result. Reinstall the server.")]
    SelfTest,
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const NOW: Micros = 1_764_000_000_123_456;
    const S: i64 = 1_764_000_000;
    const HEADER: &str = r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k1"}"#;
    const SEED: [u8; 32] = [1; 32];

    fn ring() -> Keyring {
        Keyring::new("k1", &SigningKey::from_seed(&SEED).unwrap(), []).unwrap()
    }

    fn claims() -> Claims {
        Claims::new(Uuid::from_u128(1), Some(Uuid::from_u128(2)), Uuid::from_u128(3), Uuid::from_u128(4), NOW)
    }

    /// Signs whatever is given, rightly.
    fn signed(header: &str, payload: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap().sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn payload() -> String {
        let [sub, tid, sid, jti] = [1, 2, 3, 4].map(|n| Uuid::from_u128(n).to_string());
        format!(
            r#"{{"iss":"vigia","aud":"vigia-api","sub":"{sub}","tid":"{tid}","sid":"{sid}","jti":"{jti}","iat":{S},"nbf":{S},"exp":{}}}"#,
            S + 600
        )
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_ends() {
        let (ring, claims) = (ring(), claims());
        assert_eq!(claims.expires_at, (S + 600) * SECOND);
        let token = ring.issue(&claims).unwrap();
        assert!(token.len() < 600);
        assert_eq!(ring.verify(&token, NOW), Ok(claims));
        assert_eq!(token, signed(HEADER, &payload()));
        let operator = Claims { tenant: None, ..claims };
        assert_eq!(ring.verify(&ring.issue(&operator).unwrap(), NOW), Ok(operator));
        let over = (S + 605) * SECOND;
        assert_eq!(ring.verify(&token, over - 1), Ok(claims));
        assert_eq!(ring.verify(&token, over), Err(Refused));
        assert_eq!(ring.verify(&token, (S - 5) * SECOND), Ok(claims));
        assert_eq!(ring.verify(&token, (S - 5) * SECOND - 1), Err(Refused));
        for far in [i64::MIN, i64::MAX] {
            assert_eq!(ring.verify(&token, far), Err(Refused));
        }
    }

    #[test]
    fn every_claim_is_required_typed_and_right() {
        let ring = ring();
        let good = payload();
        assert!(ring.verify(&signed(HEADER, &good), NOW).is_ok());
        for claim in ["iss", "aud", "sub", "tid", "sid", "jti", "iat", "nbf", "exp"] {
            let renamed = good.replace(&format!(r#""{claim}":"#), r#""x":"#);
            assert_eq!(ring.verify(&signed(HEADER, &renamed), NOW), Err(Refused), "{claim} absent");
            for value in ["null", "[]", "{}", "true", "1e30", "-1", "\"\"", "\"x\"", "99999999999999999999"] {
                let odd = good.replace(&format!(r#""{claim}":"#), &format!(r#""{claim}":{value},"x":"#));
                assert_eq!(ring.verify(&signed(HEADER, &odd), NOW), Err(Refused), "{claim} {value}");
                let twice = good.replace('{', &format!(r#"{{"{claim}":{value},"#));
                assert_eq!(ring.verify(&signed(HEADER, &twice), NOW), Err(Refused), "{claim} {value} first");
            }
        }
        let exp = format!(r#""exp":{}"#, S + 600);
        for (old, new) in [
            (exp.as_str(), format!(r#""exp":"{}""#, S + 600)),
            (&exp, format!(r#""exp":{}.0"#, S + 600)),
            (&exp, format!(r#""exp":{}"#, S + 601)),
            (&exp, format!(r#""exp":{}"#, i64::MAX)),
            (&exp, format!(r#""exp":{S}"#)),
            (r#""aud":"vigia-api""#, r#""aud":["vigia-api"]"#.to_owned()),
            (r#""aud":"vigia-api""#, r#""aud":"vigia""#.to_owned()),
            (r#""iss":"vigia""#, r#""iss":"vigia ""#.to_owned()),
        ] {
            assert!(good.contains(old));
            assert_eq!(ring.verify(&signed(HEADER, &good.replace(old, &new)), NOW), Err(Refused), "{new}");
        }
        let from = |iat: i64, nbf: i64| {
            let times = format!(r#""iat":{iat},"nbf":{nbf}"#);
            ring.verify(&signed(HEADER, &good.replace(&format!(r#""iat":{S},"nbf":{S}"#), &times)), NOW)
        };
        assert!(from(S + 5, S + 5).is_ok());
        for (iat, nbf) in [(S + 6, S + 6), (S, S + 6), (S, S + 1), (S, S - 1), (S - 1, S - 1), (S + 1, S)] {
            assert_eq!(from(iat, nbf), Err(Refused), "issued {iat}, begins {nbf}");
        }
    }

    #[test]
    fn only_our_type_algorithm_and_key_are_accepted() {
        let ring = ring();
        for header in [
            r#"{"alg":"EdDSA","kid":"k1"}"#,
            r#"{"typ":"JWT","alg":"EdDSA","kid":"k1"}"#,
            r#"{"typ":"at+jwt","kid":"k1"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":null}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":""}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"../../etc/passwd"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"' OR 1=1"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k1","crit":["x"]}"#,
            r#"{"typ":"at+jwt","alg":"HS256","kid":"k1"}"#,
            r#"{"typ":"at+jwt","alg":"RS256","kid":"k1"}"#,
            r#"{"typ":"at+jwt","alg":"none","kid":"k1"}"#,
            r#"{"typ":"at+jwt","alg":"None","kid":"k1"}"#,
            r#"{"typ":"at+jwt","alg":"NONE","kid":"k1"}"#,
        ] {
            assert_eq!(ring.verify(&signed(header, &payload()), NOW), Err(Refused), "{header}");
        }
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some("k1".to_owned());
        let secret = EncodingKey::from_secret(SigningKey::from_seed(&SEED).unwrap().public());
        let hmac = encode(&header, &Payload::from(&claims()), &secret).unwrap();
        assert_eq!(ring.verify(&hmac, NOW), Err(Refused), "the public key as an HMAC secret");
    }

    #[test]
    fn a_signature_belongs_to_its_token_and_shape() {
        let ring = ring();
        let token = ring.issue(&claims()).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let other = ring.issue(&Claims { tenant: None, ..claims() }).unwrap();
        let other = other.rsplit_once('.').unwrap().1;
        for bad in [
            String::new(),
            "..".to_owned(),
            message.to_owned(),
            format!("{message}."),
            format!("{message}.{other}"),
            format!("{message}.{signature}."),
            format!("{message}.{signature}="),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{{{token}}}"),
            "á".repeat(1000),
        ] {
            assert_eq!(ring.verify(&bad, NOW), Err(Refused), "{bad}");
        }
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(ring.verify(&String::from_utf8(bytes).unwrap(), NOW), Err(Refused), "byte {at}");
        }
    }

    #[test]
    fn a_long_token_is_not_even_parsed() {
        let ring = ring();
        let padded = |blanks: usize| signed(&format!("{HEADER}{}", " ".repeat(blanks)), &payload());
        assert!(ring.verify(&padded(2000), NOW).is_ok());
        assert_eq!(ring.verify(&padded(3000), NOW), Err(Refused));
    }

    #[test]
    fn a_rotated_key_is_accepted_while_listed_and_refused_when_left_out() {
        let old = SigningKey::from_seed(&SEED).unwrap();
        let new = SigningKey::from_seed(&[2; 32]).unwrap();
        let token = ring().issue(&claims()).unwrap();
        let both = Keyring::new("k2", &new, [("k1".to_owned(), *old.public())]).unwrap();
        assert_eq!(both.verify(&token, NOW), Ok(claims()));
        assert_eq!(both.verify(&both.issue(&claims()).unwrap(), NOW), Ok(claims()));
        assert_eq!(Keyring::new("k2", &new, []).unwrap().verify(&token, NOW), Err(Refused));
        assert_eq!(Keyring::new("k1", &new, []).unwrap().verify(&token, NOW), Err(Refused), "another key of that name");
    }

    #[test]
    fn a_key_that_does_not_verify_its_own_signature_stops_the_start() {
        let key = SigningKey::from_seed(&SEED).unwrap();
        let broken = SigningKey { public: [3; 32], ..key };
        assert!(matches!(Keyring::new("k1", &broken, []), Err(KeyError::SelfTest)));
    }
}
