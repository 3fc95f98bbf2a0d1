//! A channel's secrets: what each provider needs, and how they are kept and replaced.
//!
//! They are kept as a sealed JSON list of sets: the one in force, and those that were replaced within the last day.

use entity::channel::Provider;
use entity::{Sealed, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::{Error, Result};
use crate::refusal::{Refusal, RefusalCode, checked_text};
use crate::vault::{Context, Key};

/// Characters of one secret.
const SECRET: usize = 512;
/// Microseconds that replaced secrets stay good.
const OVERLAP: i64 = 24 * 60 * 60 * 1_000_000;
/// Sets of secrets that may be good at once: each one is tried on a delivery with a bad signature.
const SETS: usize = 5;

/// What a provider and Vigia know each other by. No `Debug`; wiped when dropped.
#[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    /// Signs what the provider delivers (Meta's app secret, Twilio's auth token, Evolution's bearer).
    pub app_secret: Option<String>,
    /// What the provider says when it first greets the webhook.
    pub verify_token: Option<String>,
    /// Fetches media and sends.
    pub access_token: Option<String>,
    /// The provider's account.
    pub account_id: Option<String>,
    /// Where the provider is reached.
    pub api_url: Option<String>,
}

/// Secrets to be replaced; the others stay. No `Debug`.
pub struct SecretsChange {
    /// Signs what the provider delivers.
    pub app_secret: Option<String>,
    /// What the provider says when it first greets the webhook.
    pub verify_token: Option<String>,
    /// Fetches media and sends.
    pub access_token: Option<String>,
}

/// A set of secrets as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub secrets: Secrets,
    /// `None` for the set in force.
    pub expires_at: Option<i64>,
}

impl Kept {
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now.0 < at)
    }
}

impl Secrets {
    /// Trimmed, bounded, and complete for the provider.
    pub(super) fn checked(mut self, provider: Provider) -> Result<Self, Refusal> {
        let needed: &[&str] = match provider {
            Provider::Meta => &["appSecret", "verifyToken"],
            Provider::Evolution => &["appSecret"],
            Provider::Twilio => &["appSecret", "accountId"],
            Provider::ChatExport => &[],
        };
        for (field, secret) in [
            ("appSecret", &mut self.app_secret),
            ("verifyToken", &mut self.verify_token),
            ("accessToken", &mut self.access_token),
            ("accountId", &mut self.account_id),
            ("apiUrl", &mut self.api_url),
        ] {
            match secret {
                Some(text) => *text = checked_text(field, text, SECRET)?,
                None if needed.contains(&field) => {
                    return Err(Refusal::field(RefusalCode::Invalid, field, "This provider's channels need it."));
                }
                None => {}
            }
        }
        if let Some(url) = &self.api_url
            && !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        {
            return Err(Refusal::field(
                RefusalCode::Invalid,
                "apiUrl",
                "Give the whole address, beginning with https://.",
            ));
        }
        Ok(self)
    }
}

/// The sets after a rotation: the new one, and the old ones that are still good.
pub(super) fn rotated(
    old: Vec<Kept>,
    change: SecretsChange,
    provider: Provider,
    now: Timestamp,
) -> Result<Vec<Kept>, Refusal> {
    let mut secrets = old.first().map(|set| set.secrets.clone()).unwrap_or_default();
    for (secret, new) in [
        (&mut secrets.app_secret, change.app_secret),
        (&mut secrets.verify_token, change.verify_token),
        (&mut secrets.access_token, change.access_token),
    ] {
        if new.is_some() {
            *secret = new;
        }
    }
    let mut sets = vec![Kept { secrets: secrets.checked(provider)?, expires_at: None }];
    sets.extend(old.into_iter().filter(|set| set.is_good(now)).map(|mut set| {
        set.expires_at.get_or_insert(now.0.saturating_add(OVERLAP));
        set
    }));
    if sets.len() > SETS {
        let message = "The secrets were replaced too often within a day: the oldest must run out first.";
        return Err(Refusal::whole(RefusalCode::LimitReached, message));
    }
    Ok(sets)
}

pub(super) fn written(sets: &[Kept]) -> Result<Zeroizing<Vec<u8>>> {
    let json =
        serde_json::to_vec(sets).map_err(|error| Error::internal("Secrets cannot be written.").because(error))?;
    Ok(Zeroizing::new(json))
}

pub(super) fn read(key: &Key, place: &Context, sealed: &Sealed) -> Result<Vec<Kept>> {
    // The cause would quote what it could not read.
    serde_json::from_slice(&key.open(place, sealed)?)
        .map_err(|_| Error::internal("A channel's secrets cannot be read."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_764_000_000_000_000);

    fn secret(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn meta(app_secret: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.app_secret = secret(app_secret);
        secrets.verify_token = secret("v");
        secrets
    }

    fn change(app_secret: &str) -> SecretsChange {
        SecretsChange { app_secret: secret(app_secret), verify_token: None, access_token: None }
    }

    fn refused(secrets: Secrets, provider: Provider) -> Option<(RefusalCode, Vec<&'static str>)> {
        secrets.checked(provider).err().map(|refusal| (refusal.code, refusal.path))
    }

    #[test]
    fn each_provider_gets_the_secrets_it_needs() {
        let none = Secrets::default;
        assert_eq!(refused(none(), Provider::Meta), Some((RefusalCode::Invalid, vec!["appSecret"])));
        let mut half = none();
        half.app_secret = secret("s");
        assert_eq!(refused(half.clone(), Provider::Meta), Some((RefusalCode::Invalid, vec!["verifyToken"])));
        assert_eq!(refused(half.clone(), Provider::Twilio), Some((RefusalCode::Invalid, vec!["accountId"])));
        assert_eq!(refused(half, Provider::Evolution), None);
        assert_eq!(refused(meta("s"), Provider::Meta), None);
        assert_eq!(refused(none(), Provider::ChatExport), None);
    }

    #[test]
    fn secrets_are_neither_blank_nor_endless_and_addresses_are_whole() {
        assert_eq!(refused(meta("  "), Provider::Meta), Some((RefusalCode::Invalid, vec!["appSecret"])));
        assert_eq!(refused(meta(&"s".repeat(512)), Provider::Meta), None);
        assert_eq!(refused(meta(&"s".repeat(513)), Provider::Meta), Some((RefusalCode::TooLong, vec!["appSecret"])));
        let at = |url: &str| {
            let mut secrets = meta("s");
            secrets.api_url = secret(url);
            secrets
        };
        assert_eq!(refused(at("https://evolution.exemplo.br/api"), Provider::Meta), None);
        for bad in ["evolution.exemplo.br", "file:///etc/passwd", "ftp://exemplo.br"] {
            assert_eq!(refused(at(bad), Provider::Meta), Some((RefusalCode::Invalid, vec!["apiUrl"])), "{bad}");
        }
    }

    #[test]
    fn replaced_secrets_stay_good_for_a_day_and_what_was_not_replaced_stays() {
        let first = vec![Kept { secrets: meta("one"), expires_at: None }];
        let sets = rotated(first, change("two"), Provider::Meta, NOW).unwrap();
        let told = |sets: &[Kept], now: Timestamp| -> Vec<String> {
            sets.iter().filter(|set| set.is_good(now)).filter_map(|set| set.secrets.app_secret.clone()).collect()
        };
        assert_eq!(sets[0].secrets.verify_token.as_deref(), Some("v"));
        assert_eq!(told(&sets, Timestamp(NOW.0 + OVERLAP - 1)), ["two", "one"]);
        assert_eq!(told(&sets, Timestamp(NOW.0 + OVERLAP)), ["two"]);
        let later = Timestamp(NOW.0 + OVERLAP);
        let sets = rotated(sets, change("three"), Provider::Meta, later).unwrap();
        assert_eq!(told(&sets, later), ["three", "two"]);
    }

    #[test]
    fn a_replaced_set_is_not_made_good_for_longer_by_another_rotation_and_sets_are_bounded() {
        let mut sets = vec![Kept { secrets: meta("0"), expires_at: None }];
        for i in 1..SETS {
            sets = rotated(sets, change(&i.to_string()), Provider::Meta, Timestamp(NOW.0 + i as i64)).unwrap();
        }
        assert_eq!(sets.last().unwrap().expires_at, Some(NOW.0 + 1 + OVERLAP));
        let refusal = rotated(sets, change("more"), Provider::Meta, NOW).err().unwrap();
        assert_eq!(refusal.code, RefusalCode::LimitReached);
    }

    #[test]
    fn secrets_come_back_as_they_were_written() {
        let json = written(&[Kept { secrets: meta("s"), expires_at: Some(7) }]).unwrap();
        let sets: Vec<Kept> = serde_json::from_slice(&json).unwrap();
        assert_eq!((sets[0].secrets.app_secret.as_deref(), sets[0].expires_at), (Some("s"), Some(7)));
    }
}
