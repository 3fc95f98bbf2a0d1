//! Scanning a batch before its transaction begins: no lock is held meanwhile.

use crate::detect::{Hit, Scratch};
use crate::inbox::Item;
use crate::policies::Compiled;
use crate::providers::{Event, Source};

/// Matches kept of one version of a message. A text that repeats a term more often is told no more by the rest.
const MAX_HITS: usize = 1_000;

/// A term found in one of a message's texts.
pub(super) struct Found {
    pub source: Source,
    pub hit: Hit,
}

/// Every text of an item that people wrote, and which part it is.
fn texts(event: &Event) -> Vec<(Source, &str)> {
    match event {
        Event::Message(message) => {
            let text = message.text.as_ref().map(|(source, text)| (*source, text.as_str()));
            let referral = message.referral.as_deref().map(|text| (Source::Referral, text));
            let file = message
                .media
                .as_ref()
                .and_then(|media| media.file_name.as_deref())
                .map(|name| (Source::FileName, name));
            [text, referral, file].into_iter().flatten().collect()
        }
        Event::Edit(edit) => edit.text.iter().map(|(source, text)| (*source, text.as_str())).collect(),
        Event::Revoke(_)
        | Event::Reaction(_)
        | Event::Status(_)
        | Event::IdentityChange(_)
        | Event::AddressBookEntry
        | Event::Parked(_) => Vec::new(),
    }
}

/// What is found in an event's texts.
pub(super) fn event(compiled: &Compiled, event: &Event, scratch: &mut Scratch) -> Vec<Found> {
    let mut found: Vec<Found> = texts(event)
        .into_iter()
        .flat_map(|(source, text)| {
            compiled.matcher.scan(text, scratch).into_iter().map(move |hit| Found { source, hit })
        })
        .collect();
    found.truncate(MAX_HITS);
    found
}

/// What is found in each item.
pub(super) fn batch(compiled: &Compiled, items: &[&Item]) -> Vec<Vec<Found>> {
    let mut scratch = Scratch::default();
    items.iter().map(|item| event(compiled, &item.incoming.event, &mut scratch)).collect()
}
