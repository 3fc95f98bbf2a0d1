//! Values that are more than text.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use entity::Timestamp;

/// A point in time, going in and out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub Timestamp);

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// A point in time: RFC 3339, in UTC, with as many digits of the second as it has, up to microseconds.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let at = text.parse::<jiff::Timestamp>().map_err(|_| {
            InputValueError::custom("A point in time is written like \"2026-08-21T13:45:00.123456Z\" (RFC 3339).")
        })?;
        Ok(Self(Timestamp(at.as_microsecond())))
    }

    fn to_value(&self) -> Value {
        // Beyond the years -9999 to 9999 there is no RFC 3339, and nothing that was kept.
        jiff::Timestamp::from_microsecond(self.0.0).map_or(Value::Null, |at| Value::String(at.to_string()))
    }
}

/// A phone number, going in and out: `+` and its digits.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(pub String);

/// Digits of a number, country code included (E.164 §6.1 allows 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl PhoneNumber {
    /// Reads a number that begins with `+` and its country code.
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.trim().strip_prefix('+')?;
        let digits: String =
            rest.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '\u{2011}' | '.' | '(' | ')')).collect();
        let good = PHONE_DIGITS.contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        good.then(|| Self(format!("+{digits}")))
    }
}

/// A phone number in the form of E.164: `+5511987650000`. Blanks, hyphens, dots and brackets between its digits are
/// overlooked when it is given.
#[Scalar(specified_by_url = "https://www.itu.int/rec/T-REC-E.164")]
impl ScalarType for PhoneNumber {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        Self::read(text).ok_or_else(|| {
            InputValueError::custom("A phone number is written with its country code, like \"+5511987650000\" (E.164).")
        })
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// An address, going in and out.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(pub String);

/// An absolute address, `http` or `https`.
#[Scalar(name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self(url.into())),
            _ => Err(InputValueError::custom("An address begins with https:// and a host.")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_its_microseconds_and_turns_to_utc() {
        let given = DateTime::parse(Value::from("2026-08-21T10:45:00.123456-03:00")).map_err(|_| "refused");
        assert_eq!(given.map(|at| at.to_value()), Ok(Value::from("2026-08-21T13:45:00.123456Z")));
        assert!(DateTime::parse(Value::from("2026-08-21T10:45:00")).is_err());
        assert!(DateTime::parse(Value::from(1_000)).is_err());
    }

    #[test]
    fn a_phone_is_e164_however_it_was_spaced() {
        let read = |text| PhoneNumber::read(text).map(|phone| phone.0);
        assert_eq!(read("+55 (11) 98765-0000").as_deref(), Some("+5511987650000"));
        for bad in ["5511987650000", "+055119876", "+55", "+55119876500001234", "+55 11 9876x", ""] {
            assert_eq!(read(bad), None);
        }
    }

    #[test]
    fn an_address_is_absolute_and_of_the_web() {
        assert!(Url::parse(Value::from("https://evolution.example/api")).is_ok());
        for bad in ["evolution.example", "file:///etc/passwd", "javascript:alert(1)", "/x"] {
            assert!(Url::parse(Value::from(bad)).is_err());
        }
    }
}
