//! Scanning what people wrote. A batch is scanned before its transaction begins: no lock is held meanwhile.

use std::collections::HashMap;

use crate::detect::{Hit, Matcher, Scratch, Span, Steps};
use crate::inbox::Item;
use crate::policies::Compiled;
use crate::providers::{Event, Source};

/// Matches kept of one term in one text. Whoever repeats a term more often is told no more by the rest, and hides no
/// other term behind it.
const MAX_HITS_A_TERM: usize = 50;

/// A term found in one of a message's texts.
#[derive(Clone)]
pub struct Found {
    /// Which of them.
    pub source: Source,
    /// Its place in [`Compiled::terms`].
    pub term: u32,
    /// Where it stands.
    pub spans: Vec<Span>,
    /// What had to be folded away to see it.
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

/// What is found in one text.
pub(crate) fn text(matcher: &Matcher, source: Source, text: &str, scratch: &mut Scratch) -> Vec<Found> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    let hits = matcher.scan(text, scratch).filter_map(|Hit { term, spans, steps }| {
        let count = counts.entry(term).or_default();
        *count += 1;
        (*count <= MAX_HITS_A_TERM).then(|| Found { source, term, spans: spans.to_vec(), steps })
    });
    hits.collect()
}

/// What is found in an event's texts.
pub(super) fn event(compiled: &Compiled, event: &Event, scratch: &mut Scratch) -> Vec<Found> {
    texts(event).into_iter().flat_map(|(source, words)| text(&compiled.matcher, source, words, scratch)).collect()
}

/// What is found in each item.
pub(super) fn batch(compiled: &Compiled, items: &[&Item]) -> Vec<Vec<Found>> {
    let mut scratch = Scratch::default();
    items.iter().map(|item| event(compiled, &item.incoming.event, &mut scratch)).collect()
}
