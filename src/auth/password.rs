//! Passwords: what a new one must be, and the slow hash.
//!
//! The salt belongs to an e-mail address, not to an account (the caller derives it), so one hash is compared with every
//! sign-in of that address, and an address nobody has costs the same.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use thiserror::Error;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Fewest bytes of a new password.
pub const MIN_BYTES: usize = 12;
/// Most bytes of any password; a longer one is never hashed.
pub const MAX_BYTES: usize = 1024;

/// Memory of one hash in KiB: 46 MiB with one pass and one lane, the least that OWASP's ASVS 5 (appendix C) accepts.
const MEMORY_KIB: u32 = 47_104;
/// Sign-ins that may wait for a core, at about 90 ms each; beyond them the answer is [`HashError::Busy`].
const WAITING: usize = 64;

const MIN_DISTINCT: usize = 5;

/// A password in clear, wiped from memory when dropped. It is never printed: no `Debug`, no `Display`.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what somebody typed to sign in. `None` when it is longer than [`MAX_BYTES`]: answer as to a wrong password.
    pub fn presented(text: String) -> Option<Password> {
        let text = Zeroizing::new(text);
        (text.len() <= MAX_BYTES).then_some(Password(text))
    }

    /// Accepts `new` as the future password of the person with this `email`, byte for byte as typed.
    ///
    /// There are no rules about kinds of characters (NIST SP 800-63B-4): length and not being guessable are what count.
    ///
    /// # Errors
    /// [`Weak`] says what is wrong with it.
    pub fn check(new: &str, email: &str) -> Result<Password, Weak> {
        if new.len() < MIN_BYTES {
            return Err(Weak::TooShort);
        }
        if new.len() > MAX_BYTES {
            return Err(Weak::TooLong);
        }
        let folded = Zeroizing::new(new.to_lowercase());
        let email = email.trim().to_lowercase();
        let local = email.split_once('@').map_or(email.as_str(), |(local, _)| local);
        if *folded == email || folded.as_str() == local {
            return Err(Weak::IsEmail);
        }
        if distinct(&folded) < MIN_DISTINCT {
            return Err(Weak::FewCharacters);
        }
        if is_common(&folded) {
            return Err(Weak::Common);
        }
        if is_repeated(folded.as_bytes()) {
            return Err(Weak::Repeated);
        }
        Ok(Password(Zeroizing::new(new.to_owned())))
    }
}

/// Why a new password was refused, in a sentence for the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Weak {
    /// Under [`MIN_BYTES`].
    #[error("The password must be at least {MIN_BYTES} characters long.")]
    TooShort,
    /// Over [`MAX_BYTES`].
    #[error("The password must be at most {MAX_BYTES} bytes long.")]
    TooLong,
    /// The e-mail address, or what stands before its `@`.
    #[error("The password must not be the e-mail address or a part of it.")]
    IsEmail,
    /// Under five different characters.
    #[error("The password must contain at least {MIN_DISTINCT} different characters.")]
    FewCharacters,
    /// In the list of common ones, or a walk along the keyboard, the digits or the alphabet.
    #[error("The password is among the first that anybody would try; choose another one.")]
    Common,
    /// A short piece written again and again.
    #[error("The password repeats one short piece; choose another one.")]
    Repeated,
}

/// Rows to walk along, forwards or backwards.
const WALKS: &[&str] = &[
    "012345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiopasdfghjklçzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "zaq12wsxcde34rfvbgt56yhn",
    "qazwsxedcrfvtgbyhnujm",
];

/// The most used passwords of at least [`MIN_BYTES`] in English and Portuguese that are no walk, in lower case.
const COMMON: &[&str] = &[
    "123456789abc",
    "abc123456789",
    "abcd12345678",
    "a1b2c3d4e5f6",
    "qwerty123456",
    "123456qwerty",
    "qwertyuiop123",
    "administrator",
    "administrador",
    "admin1234567",
    "admin@123456",
    "password1234",
    "password12345",
    "password123456",
    "password@123",
    "passw0rd1234",
    "p@ssw0rd1234",
    "letmein12345",
    "welcome12345",
    "iloveyou1234",
    "changeme1234",
    "senha1234567",
    "senha12345678",
    "senha123456789",
    "senhasecreta",
    "minhasenha123",
    "mudar1234567",
    "mudarsenha123",
    "trocarsenha123",
    "bemvindo1234",
    "brasil123456",
    "flamengo1234",
    "corinthians123",
    "corinthians1910",
    "palmeiras123",
    "saopaulo1234",
    "teamo1234567",
    "deusefiel123",
    "jesuscristo1",
    "jesusteama123",
    "empresa12345",
    "teste1234567",
];

fn distinct(text: &str) -> usize {
    let mut seen: Vec<char> = text.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

fn is_common(folded: &str) -> bool {
    let backwards = Zeroizing::new(folded.chars().rev().collect::<String>());
    COMMON.contains(&folded) || WALKS.iter().any(|walk| walk.contains(folded) || walk.contains(backwards.as_str()))
}

/// A piece counts as short while it would not do as a password by itself.
fn is_repeated(text: &[u8]) -> bool {
    (1..MIN_BYTES.min(text.len())).any(|piece| text.iter().eq(text.iter().take(piece).cycle().take(text.len())))
}

/// Hashes passwords off the async threads, at most one a core at once.
///
/// Sign-in is the cheapest way to keep a server busy, so the queue is bounded too. One for the whole process.
pub struct Hasher {
    /// Everybody who is hashing or waiting.
    places: Semaphore,
    cores: Arc<Semaphore>,
}

impl Hasher {
    /// Makes a hasher that runs `cores` hashes at once (at least one), each taking 46 MiB.
    pub fn new(cores: usize) -> Hasher {
        let cores = cores.max(1);
        Hasher { places: Semaphore::new(cores + WAITING), cores: Arc::new(Semaphore::new(cores)) }
    }

    /// Hashes with argon2id (RFC 9106; 46 MiB, one pass, one lane), waiting for a free core.
    ///
    /// # Errors
    /// [`HashError::Busy`] at once, when too many are waiting already.
    pub async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<[u8; 32], HashError> {
        let _place = self.places.try_acquire().map_err(|_| HashError::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| HashError::Stopped)?;
        let hashing = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller: who hangs up does not stop the hash, nor free its core.
            let _core = core;
            argon2id(&password, &salt)
        });
        Ok(hashing.await.map_err(|_| HashError::Stopped)??)
    }
}

fn argon2id(password: &Password, salt: &[u8; 16]) -> Result<[u8; 32], argon2::Error> {
    let mut hash = [0; 32];
    let params = Params::new(MEMORY_KIB, 1, 1, Some(hash.len()))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        password.0.as_bytes(),
        salt,
        &mut hash,
    )?;
    Ok(hash)
}

/// Says whether a fresh hash equals a stored one, in a time that does not depend on where they differ.
pub fn matches(hash: &[u8; 32], stored: &[u8]) -> bool {
    verify_slices_are_equal(hash, stored).is_ok()
}

/// Why there is no hash.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too many sign-ins are waiting.
    #[error("Too many people are signing in at once; try again in a few seconds.")]
    Busy,
    /// The server is shutting down, or the hashing thread died.
    #[error("The password could not be hashed because the server is stopping; try again.")]
    Stopped,
    /// argon2 failed, which with fixed parameters means that 46 MiB of memory could not be had.
    #[error("The password could not be hashed; the server may be short of memory.")]
    Argon2(#[from] argon2::Error),
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn typed(text: &str) -> Password {
        Password::presented(text.to_owned()).unwrap()
    }

    fn weakness(new: &str) -> Option<Weak> {
        Password::check(new, "maria.conceicao@exemplo.com.br").err()
    }

    #[test]
    fn lengths_are_twelve_to_1024_bytes() {
        assert_eq!(weakness("umaFraseBoa"), Some(Weak::TooShort));
        assert_eq!(weakness("umaFraseBoas"), None);
        let longest: String = (0..MAX_BYTES).map(|i| char::from(b'a' + (i * i / 7 % 26) as u8)).collect();
        assert_eq!(weakness(&longest), None);
        assert_eq!(weakness(&format!("{longest}x")), Some(Weak::TooLong));
        assert!(Password::presented(longest.clone()).is_some());
        assert!(Password::presented(format!("{longest}x")).is_none());
    }

    #[test]
    fn the_own_address_is_no_password() {
        assert_eq!(weakness("Maria.Conceicao@exemplo.com.br"), Some(Weak::IsEmail));
        assert_eq!(weakness("maria.conceicao"), Some(Weak::IsEmail));
        assert_eq!(weakness("maria.conceicao em agosto"), None);
    }

    #[test]
    fn poor_repeated_and_well_known_passwords_are_refused() {
        assert_eq!(weakness("abababababcd"), Some(Weak::FewCharacters));
        assert_eq!(weakness("senha1senha1"), Some(Weak::Repeated));
        assert_eq!(weakness("passwordpassword"), Some(Weak::Repeated));
        assert_eq!(weakness("senha123senha123senha"), Some(Weak::Repeated));
        for common in ["123456789012", "210987654321", "qwertyuiopas", "Senha1234567", "lkjhgfdsapoi", "ABCDEFGHIJKL"] {
            assert_eq!(weakness(common), Some(Weak::Common), "{common}");
        }
        for common in COMMON.iter().chain(WALKS) {
            assert!(common.len() >= MIN_BYTES, "{common} is too short to be of use");
            assert_eq!(weakness(common), Some(Weak::Common), "{common}");
        }
    }

    #[test]
    fn a_refusal_is_a_sentence_with_the_limit_in_it() {
        assert_eq!(Weak::TooShort.to_string(), "The password must be at least 12 characters long.");
        assert_eq!(Weak::TooLong.to_string(), "The password must be at most 1024 bytes long.");
    }

    #[tokio::test]
    async fn the_hash_is_argon2id_of_password_and_salt() {
        let hasher = Hasher::new(2);
        let password = "correct horse battery staple";
        let hash = hasher.hash(typed(password), [7; 16]).await.unwrap();
        let mut expected = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(46 * 1024, 1, 1, Some(32)).unwrap())
            .hash_password_into(password.as_bytes(), &[7; 16], &mut expected)
            .unwrap();
        assert_eq!(hash, expected);
        assert!(matches(&hash, &expected));
        assert_ne!(hasher.hash(typed(password), [8; 16]).await.unwrap(), hash);
        assert_ne!(hasher.hash(typed("correct horse battery stapl"), [7; 16]).await.unwrap(), hash);
    }

    #[test]
    fn only_the_whole_hash_matches() {
        let hash = [5; 32];
        let mut other = hash;
        other[31] ^= 1;
        assert!(matches(&hash, &hash));
        assert!(!matches(&hash, &other));
        assert!(!matches(&hash, &hash[..31]));
        assert!(!matches(&hash, &[]));
    }

    #[tokio::test]
    async fn a_full_queue_answers_busy_and_a_waiter_who_leaves_makes_room() {
        let hasher = Hasher::new(1);
        let core = Arc::clone(&hasher.cores).acquire_owned().await.unwrap();
        let mut waiting: Vec<_> = (0..=WAITING).map(|_| Box::pin(hasher.hash(typed("x"), [0; 16]))).collect();
        let mut context = Context::from_waker(Waker::noop());
        for waiter in &mut waiting {
            assert!(waiter.as_mut().poll(&mut context).is_pending());
        }
        let mut one_more = pin!(hasher.hash(typed("x"), [0; 16]));
        assert!(matches!(one_more.as_mut().poll(&mut context), Poll::Ready(Err(HashError::Busy))));
        waiting.clear();
        drop(core);
        assert!(hasher.hash(typed("x"), [0; 16]).await.is_ok());
    }

    #[tokio::test]
    async fn an_abandoned_hash_keeps_its_core_until_it_is_done() {
        let hasher = Hasher::new(1);
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut abandoned = pin!(hasher.hash(typed("x"), [0; 16]));
            assert!(abandoned.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(hasher.cores.available_permits(), 0);
        assert!(hasher.hash(typed("x"), [0; 16]).await.is_ok());
    }
}
