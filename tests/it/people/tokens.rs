//! Access tokens that somebody made up, changed or kept too long: refused, in the same words for all.

use std::time::Duration;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use vigia::clock::random;
use vigia::keys::PlatformKeys;

use crate::support::{Caller, World};

/// Whoever has stolen the server's own key, or not.
struct Forger {
    key: Ed25519KeyPair,
    kid: String,
}

fn encoded(header: &Value, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload))
}

impl Forger {
    async fn with_the_servers_key(world: &World) -> Self {
        let row = world.core.db.signing_keys().await.expect("keys").remove(0);
        let place = PlatformKeys::context("signing_key", row.id.0, "private");
        let seed = world.core.platform.content.open(&place, &row.private).expect("it opens");
        Self { key: Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed"), kid: row.id.0.to_string() }
    }

    fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": self.kid })
    }

    fn sign(&self, header: &Value, payload: &str) -> String {
        let message = encoded(header, payload);
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// Tokens with something wrong about the head or the signature.
    fn of_wrong_keys(&self, token: &str, another: &str, payload: &str) -> Vec<(String, String)> {
        let with = |field: &str, value: Value| {
            let mut header = self.header();
            header[field] = value;
            header
        };
        let mut tokens = Vec::new();
        for alg in ["none", "None", "NONE", "nOnE"] {
            let unsigned = encoded(&with("alg", json!(alg)), payload);
            tokens.extend([(format!("alg {alg}"), format!("{unsigned}.")), (format!("alg {alg}, cut"), unsigned)]);
        }
        let public = self.key.public_key().as_ref();
        let pem = {
            let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], public].concat();
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
        };
        for (name, secret) in [("raw", public), ("PEM", pem.as_bytes())] {
            let message = encoded(&with("alg", json!("HS256")), payload);
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            tokens.push((
                format!("HS256 with the public key, {name}"),
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag)),
            ));
        }
        for (field, value) in [
            ("alg", json!("RS256")),
            ("alg", json!("ES256")),
            ("alg", json!(null)),
            ("typ", json!("JWT")),
            ("typ", json!(null)),
            ("kid", json!(uuid::Builder::from_random_bytes(random()).into_uuid())),
            ("kid", json!("../../etc/passwd")),
            ("kid", json!("' OR 1=1")),
            ("kid", json!("")),
            ("kid", json!(null)),
            ("crit", json!(["exp"])),
        ] {
            tokens.push((format!("{field} {value}"), self.sign(&with(field, value), payload)));
        }
        let stranger =
            Self { key: Ed25519KeyPair::from_seed_unchecked(&random::<32>()).expect("a seed"), kid: self.kid.clone() };
        tokens.push(("signed with a key of one's own".into(), stranger.sign(&self.header(), payload)));
        let (signed, signature) = token.rsplit_once('.').expect("a signature");
        let (foreign, _) = another.rsplit_once('.').expect("a signature");
        let flipped = format!("{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
        tokens.extend([
            ("the signature of another token".into(), format!("{foreign}.{signature}")),
            ("a changed signature".into(), format!("{signed}.{flipped}")),
            ("an empty signature".into(), format!("{signed}.")),
            ("a part too many".into(), format!("{token}.{signature}")),
            ("nonsense".into(), "x".into()),
            ("too long".into(), format!("{token}{}", "A".repeat(8_192))),
        ]);
        tokens
    }

    /// Tokens rightly signed that say something that is not so.
    fn of_wrong_claims(&self, payload: &Value) -> Vec<(String, String)> {
        let now = payload["iat"].as_i64().expect("a time");
        let mut tokens: Vec<(String, String)> = payload
            .as_object()
            .expect("claims")
            .keys()
            .map(|claim| {
                let mut without = payload.clone();
                without.as_object_mut().expect("claims").remove(claim);
                (format!("without {claim}"), self.sign(&self.header(), &without.to_string()))
            })
            .collect();
        let exp = payload["exp"].as_i64().expect("a time");
        for (claim, value) in [
            ("exp", json!(exp.to_string())),
            ("exp", json!(1e30)),
            ("exp", json!(exp as f64 + 0.5)),
            ("exp", json!(now - 600)),
            ("exp", json!(now + 601)),
            ("exp", json!(null)),
            ("nbf", json!(now.to_string())),
            ("nbf", json!(now + 60)),
            ("iat", json!(now + 60)),
            ("aud", json!("outra")),
            ("aud", json!(["vigia-api"])),
            ("iss", json!("outra")),
            ("iss", json!(["vigia"])),
            ("tid", json!("platform")),
            ("tid", json!(uuid::Uuid::nil())),
            ("sub", json!(uuid::Uuid::nil())),
            ("sid", json!(uuid::Uuid::nil())),
            ("sid", json!("x")),
            ("jti", json!(7)),
        ] {
            let mut changed = payload.clone();
            changed[claim] = value.clone();
            tokens.push((format!("{claim} {value}"), self.sign(&self.header(), &changed.to_string())));
        }
        let twice = payload.to_string().replacen('{', "{\"exp\":99999999999,", 1);
        tokens.push(("exp twice".into(), self.sign(&self.header(), &twice)));
        tokens.push(("no JSON".into(), self.sign(&self.header(), "x")));
        tokens
    }
}

/// The one answer, without the request's name.
async fn told(caller: &Caller, token: &str) -> Value {
    let answer = caller.with_token(token).send("{ viewer { isOperator } }", json!({})).await;
    let mut body = answer.body.clone();
    if let Some(extensions) = body.pointer_mut("/errors/0/extensions").and_then(Value::as_object_mut) {
        assert!(extensions.remove("requestId").is_some());
    }
    json!([answer.status, body])
}

on_both_engines! {
    async fn a_token_that_is_not_good_is_refused_in_the_same_words_whatever_the_cause(world: World) {
        let tenant = world.tenant("ficha").await;
        let token = tenant.manager.token.clone().expect("a token");
        let another = tenant.reviewer.token.clone().expect("a token");
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64");
        let payload: Value = serde_json::from_slice(&payload).expect("JSON");
        let forger = Forger::with_the_servers_key(&world).await;
        let good = json!([200, { "data": { "viewer": { "isOperator": false } }, "errors": null }]);
        let answer = told(&tenant.manager, &forger.sign(&forger.header(), &payload.to_string())).await;
        assert_eq!(answer[1]["data"], good[1]["data"], "what the server's key signs rightly is good: {answer}");

        let mut tokens = forger.of_wrong_keys(&token, &another, &payload.to_string());
        tokens.extend(forger.of_wrong_claims(&payload));
        tokens.push(("a refresh token".into(), tenant.manager.refresh_token.clone().expect("a token")));
        let refused = told(&tenant.manager, "x").await;
        assert_eq!((&refused[0], &refused[1]["errors"][0]["extensions"]), (&json!(401), &json!({ "code": "UNAUTHENTICATED" })), "{refused}");
        for (what, token) in &tokens {
            assert_eq!(told(&tenant.manager, token).await, refused, "{what}");
        }
        let over = world.signed_in("revisora@ficha.example", "ficha").await;
        over.send("mutation { signOut { errors { code } } }", json!({})).await.data();
        assert_eq!(told(&over, over.token.as_deref().expect("a token")).await, refused, "of a session that is over");
        world.clock.advance(Duration::from_secs(606));
        assert_eq!(told(&tenant.manager, &token).await, refused, "ten minutes and six seconds old");
        assert!(tokens.len() > 50);
    }
}
