//! Scanning a batch before its transaction begins: no lock is held meanwhile.

use std::collections::HashMap;

use crate::detect::{Hit, Scratch, Span, Steps};
use crate::inbox::Item;
use crate::policies::Compiled;
use crate::providers::{Event, Source};

/// Matches kept of one term in one text. Whoever repeats a term more often is told no more by the rest, and hides no
/// other term behind it.
const MAX_HITS_A_TERM: usize = 50;

/// A term found in one of a message's texts.
pub(super) struct Found {
    pub source: Source,
    /// Its place in [`Compiled::terms`].
    pub term: u32,
    pub spans: Vec<Span>,
    pub steps: Steps,
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
    let mut found = Vec::new();
    for (source, text) in texts(event) {
        let mut counts: HashMap<u32, usize> = HashMap::new();
        found.extend(compiled.matcher.scan(text, scratch).filter_map(|hit| {
            let count = counts.entry(hit.term).or_default();
            *count += 1;
            let Hit { term, spans, steps } = hit;
            (*count <= MAX_HITS_A_TERM).then(|| Found { source, term, spans: spans.to_vec(), steps })
        }));
    }
    found
}

/// What is found in each item.
pub(super) fn batch(compiled: &Compiled, items: &[&Item]) -> Vec<Vec<Found>> {
    let mut scratch = Scratch::default();
    items.iter().map(|item| event(compiled, &item.incoming.event, &mut scratch)).collect()
}
