//! E-mail addresses: the form in which they are compared.

use entity::BlindIndex;

use crate::core::Core;
use crate::refusal::{Refusal, RefusalCode};
use crate::vault::Purpose;

/// Characters an address may have (RFC 5321 §4.5.3.1.3 allows 256 with its brackets).
const MAX: usize = 254;

/// An address, trimmed and in lower case. It is personal: no `Debug`.
pub struct Email(String);

impl Email {
    /// What somebody typed to sign in. Nothing is refused: what is no address simply has no sign-in.
    pub fn typed(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// An address that shall have a sign-in.
    ///
    /// # Errors
    /// The refusal of the field.
    pub fn checked(field: &'static str, text: &str) -> Result<Self, Refusal> {
        let email = Self::typed(text);
        if email.0.chars().count() > MAX {
            let message = format!("An e-mail address must not be longer than {MAX} characters.");
            return Err(Refusal::field(RefusalCode::TooLong, field, message));
        }
        let halves = email.0.split_once('@');
        let sound = halves
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
            && !email.0.contains(|c: char| c.is_whitespace() || c.is_control());
        if sound { Ok(email) } else { Err(Refusal::field(RefusalCode::Invalid, field, "This is no e-mail address.")) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// By which its sign-ins are found.
    pub fn index(&self, core: &Core) -> BlindIndex {
        core.platform.index.index(Purpose::Email, &[self.0.as_bytes()])
    }

    /// The salt of its password hashes: one an address, so that one hash is compared with all its sign-ins.
    pub fn salt(&self, core: &Core) -> [u8; 16] {
        sixteen(&core.platform.index.index(Purpose::Salt, &[self.0.as_bytes()]))
    }
}

/// A blind index's 128 bits as an array.
pub(super) fn sixteen(index: &BlindIndex) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(&index.0) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_blanks_around_do_not_make_another_address() {
        assert_eq!(Email::typed("  Maria@Exemplo.COM.br\n").as_str(), "maria@exemplo.com.br");
        assert_eq!(Email::typed("ÁLVARO@exemplo.br").as_str(), "álvaro@exemplo.br");
    }

    #[test]
    fn what_is_no_address_is_refused_by_its_field() {
        for bad in ["", "maria", "@exemplo.br", "maria@", "a@b@c", "ma ria@exemplo.br", "maria@ex\u{0}emplo.br"] {
            let refusal = Email::checked("ownerEmail", bad).err().unwrap();
            assert_eq!((refusal.code, refusal.path), (RefusalCode::Invalid, vec!["ownerEmail"]), "{bad:?}");
        }
        let long = format!("{}@exemplo.br", "a".repeat(MAX));
        assert_eq!(Email::checked("email", &long).err().unwrap().code, RefusalCode::TooLong);
        assert!(Email::checked("email", "maria@localhost").is_ok());
    }
}
