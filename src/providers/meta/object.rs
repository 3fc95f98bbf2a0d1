//! JSON objects, read field by field.
//!
//! A field stays the bytes it came as until somebody asks for it. So nonsense in a field that nobody reads harms
//! nothing, and an item is known by its exact bytes. Passing over a field does not recurse, however deep it is nested.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::providers::{Micros, ParkReason};

/// What was read, or why its item is parked.
pub(super) type Read<T> = Result<T, ParkReason>;

/// 2009-01-01, the year WhatsApp began, and 2101-01-01, in seconds: times outside are nonsense.
const PLAUSIBLE_SECONDS: std::ops::Range<i64> = 1_230_768_000..4_133_980_800;

/// An object's fields, in the order they stood. Of a name given twice the last counts, as in JavaScript.
pub(super) struct Object<'a> {
    fields: Vec<(String, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Fails as malformed where `raw` is no object.
    pub(super) fn read(raw: &'a RawValue) -> Read<Self> {
        serde_json::from_str(raw.get()).map_err(|_| ParkReason::Malformed)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.fields.iter().map(|(name, raw)| (name.as_str(), *raw))
    }

    /// The field; `None` where it is absent or null.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.fields.iter().rev().find(|(field, _)| field == name)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// A text, or a number's digits as they stand: ids and codes come as either. An empty text is none.
    pub(super) fn text(&self, name: &str) -> Read<Option<String>> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        let text = match raw.get().as_bytes() {
            [b'"', ..] => serde_json::from_str(raw.get()).map_err(|_| ParkReason::Malformed)?,
            [b'-' | b'0'..=b'9', ..] => raw.get().to_owned(),
            _ => return Err(ParkReason::Malformed),
        };
        Ok(Some(text).filter(|text: &String| !text.is_empty()))
    }

    /// A text without which the item is malformed.
    pub(super) fn required_text(&self, name: &str) -> Read<String> {
        self.text(name)?.ok_or(ParkReason::Malformed)
    }

    pub(super) fn object(&self, name: &str) -> Read<Option<Object<'a>>> {
        self.get(name).map(Object::read).transpose()
    }

    /// An object without which the item is malformed.
    pub(super) fn required_object(&self, name: &str) -> Read<Object<'a>> {
        self.object(name)?.ok_or(ParkReason::Malformed)
    }

    /// The elements of a list; none where it is absent or null.
    pub(super) fn list(&self, name: &str) -> Read<Vec<&'a RawValue>> {
        self.get(name).map_or(Ok(Vec::new()), elements)
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|raw| raw.get() == "true")
    }

    /// A whole number, also one written as text; `None` for anything else.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.text(name).ok()??.parse().ok()
    }

    /// `timestamp`, in seconds; `None` where it is absent or nonsense, for no message may be lost over its time.
    pub(super) fn timestamp(&self) -> Option<Micros> {
        self.integer("timestamp")
            .filter(|seconds| PLAUSIBLE_SECONDS.contains(seconds))
            .map(|seconds| seconds * 1_000_000)
    }
}

/// The elements of a list, each as it stands. Fails as malformed where `raw` is no list.
pub(super) fn elements(raw: &RawValue) -> Read<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).map_err(|_| ParkReason::Malformed)
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object { fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}
