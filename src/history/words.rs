//! The words of stored messages: the same that are scanned when messages come in.

use std::collections::HashMap;
use std::sync::Arc;

use entity::message_version::{Kind, Source};
use entity::{MessageId, Sealed, VersionId, media, message, message_version};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Order;
use uuid::Uuid;

use crate::db::TenantTx;
use crate::detect::{Matcher, Scratch};
use crate::dialogue;
use crate::error::{Error, Result};
use crate::inbox::scan::{self, Found};
use crate::keys::{self, Opened};
use crate::vault::Keyring;

/// A page of messages, loaded and not opened yet.
pub(super) struct Unopened {
    messages: Vec<message::Model>,
    versions: HashMap<MessageId, Vec<message_version::Model>>,
    media: HashMap<MessageId, media::Model>,
    opened: Opened,
}

/// A message with every text that people wrote in it; none where nothing of it can be read.
pub(super) struct Words {
    pub(super) message: message::Model,
    pub(super) texts: Vec<Text>,
}

/// One text of one version. Content: no `Debug`.
pub(super) struct Text {
    pub(super) version: VersionId,
    pub(super) source: Source,
    pub(super) text: String,
}

/// What was found in one version of a message, the one at this place among those scanned.
pub(super) struct Hits {
    pub(super) message: usize,
    pub(super) version: VersionId,
    pub(super) found: Vec<Found>,
}

impl Unopened {
    /// Loads what belongs to these messages. Two statements, and one more for the content keys that are not in memory.
    pub(super) async fn load(tx: &TenantTx, keyring: &Keyring, messages: Vec<message::Model>) -> Result<Self> {
        let ids: Vec<MessageId> = messages.iter().map(|row| row.id).collect();
        let rows = tx
            .rows::<message_version::Entity>()
            .among(message_version::Column::MessageId, ids.iter().copied())
            .filter(message_version::Column::Kind.ne(Kind::Deletion))
            .order_by(message_version::Column::Number, Order::Asc)
            .all()
            .await?;
        let media = dialogue::media_of(tx, &ids).await?;
        let mut sealed: Vec<&Sealed> =
            rows.iter().flat_map(|row| [row.text.as_ref(), row.referral.as_ref()]).flatten().collect();
        sealed.extend(media.values().filter_map(|row| row.file_name.as_ref()));
        let opened = keys::open_for(tx, keyring, sealed).await?;
        let mut versions: HashMap<MessageId, Vec<message_version::Model>> = HashMap::new();
        for row in rows {
            versions.entry(row.message_id).or_default().push(row);
        }
        Ok(Self { messages, versions, media, opened })
    }

    /// Opens the texts, on a thread that may be kept busy.
    ///
    /// # Errors
    /// When there is no such thread any more.
    pub(super) async fn open(self) -> Result<Arc<[Words]>> {
        off_the_serving_threads(move || self.open_here()).await
    }

    fn open_here(mut self) -> Arc<[Words]> {
        let mut unreadable = 0;
        let words = std::mem::take(&mut self.messages)
            .into_iter()
            .map(|message| Words { texts: self.texts(message.id, &mut unreadable), message })
            .collect();
        if unreadable > 0 {
            // One value that was tampered with hides no other.
            tracing::error!(unreadable, "sealed texts do not open: `vigia verify` names them");
        }
        words
    }

    fn texts(&self, message: MessageId, unreadable: &mut usize) -> Vec<Text> {
        let mut open =
            |table, row: Uuid, column, sealed: Option<&Sealed>| match self.opened.text(table, row, column, sealed?) {
                Ok(text) => text,
                Err(_) => {
                    *unreadable += 1;
                    None
                }
            };
        let mut texts = Vec::new();
        let versions = self.versions.get(&message).map(Vec::as_slice).unwrap_or_default();
        // A file came with the original; where that was a placeholder first, with the one that completed it.
        let with_file = versions.iter().rev().find(|row| row.kind == Kind::Original).map(|row| row.id);
        for row in versions {
            let (version, id) = (row.id, row.id.0);
            let text = open("message_version", id, "text", row.text.as_ref());
            texts.extend(row.source.zip(text).map(|(source, text)| Text { version, source, text }));
            let referral = open("message_version", id, "referral", row.referral.as_ref());
            texts.extend(referral.map(|text| Text { version, source: Source::Referral, text }));
            if let Some(medium) = self.media.get(&message).filter(|_| with_file == Some(version)) {
                let name = open("media", medium.id.0, "file_name", medium.file_name.as_ref());
                texts.extend(name.map(|text| Text { version, source: Source::FileName, text }));
            }
        }
        texts
    }
}

/// What is found in these messages, version by version.
pub(super) fn scan_all(matcher: &Matcher, words: &[Words]) -> Vec<Hits> {
    let mut scratch = Scratch::default();
    let mut hits: Vec<Hits> = Vec::new();
    for (message, words) in words.iter().enumerate() {
        for text in &words.texts {
            let found = scan::text(matcher, text.source, &text.text, &mut scratch);
            match hits.last_mut().filter(|last| last.message == message && last.version == text.version) {
                _ if found.is_empty() => {}
                Some(last) => last.found.extend(found),
                None => hits.push(Hits { message, version: text.version, found }),
            }
        }
    }
    hits
}

/// Does what takes milliseconds of a processor's time where nobody's answer waits behind it.
///
/// # Errors
/// When there is no such thread any more, or the work panicked.
pub(super) async fn off_the_serving_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let failed = |error| Error::internal("Stored messages could not be scanned.").because(error);
    tokio::task::spawn_blocking(work).await.map_err(failed)
}
