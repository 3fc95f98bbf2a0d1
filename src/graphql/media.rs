//! The medium of a message.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, Object};
use entity::{MediaId, MessageId, media};

use super::context::{InOperation, Moment};
use super::error::{Failure, Result};
use super::node::Kind;
use crate::auth::policy::Act;
use crate::dialogue;

/// Where the bytes of a medium are.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "media::State")]
pub enum MediaState {
    /// Not fetched from the provider yet.
    Pending,
    /// Kept, sealed.
    Stored,
    /// Could not be fetched.
    Failed,
    /// The provider had it no more when it was fetched.
    Expired,
    /// Erased with its contact.
    Erased,
}

/// A picture, a sound, a film, a file or a sticker.
pub struct Media(pub Arc<media::Model>);

/// The medium of a message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct MediaOf(pub MessageId);

/// What is content of a medium.
#[derive(Clone)]
pub(super) struct FileOf(pub Arc<media::Model>);

impl PartialEq for FileOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for FileOf {}

impl Hash for FileOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl Loader<MediaId> for Moment {
    type Value = Arc<media::Model>;
    type Error = Failure;

    async fn load(&self, ids: &[MediaId]) -> Result<HashMap<MediaId, Arc<media::Model>>> {
        let found = dialogue::media(self.tx().await?, ids).await?;
        Ok(found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect())
    }
}

impl Loader<MediaOf> for Moment {
    type Value = Arc<media::Model>;
    type Error = Failure;

    async fn load(&self, keys: &[MediaOf]) -> Result<HashMap<MediaOf, Arc<media::Model>>> {
        let messages: Vec<MessageId> = keys.iter().map(|key| key.0).collect();
        let found = dialogue::media_of(self.tx().await?, &messages).await?;
        Ok(found.into_iter().map(|(message, row)| (MediaOf(message), Arc::new(row))).collect())
    }
}

impl Loader<FileOf> for Moment {
    type Value = Arc<dialogue::File>;
    type Error = Failure;

    async fn load(&self, keys: &[FileOf]) -> Result<HashMap<FileOf, Arc<dialogue::File>>> {
        let rows: Vec<&media::Model> = keys.iter().map(|key| &*key.0).collect();
        let mut found = dialogue::files(self.tx().await?, &self.core().keyring, &rows).await?;
        Ok(keys.iter().filter_map(|key| Some((key.clone(), Arc::new(found.remove(&key.0.id)?)))).collect())
    }
}

impl Media {
    /// One thing that is content; that it was shown is entered into the journal. Nothing is loaded for who may not read.
    async fn shown(&self, ctx: &Context<'_>, part: fn(&dialogue::File) -> &Option<String>) -> Result<Option<String>> {
        let operation = ctx.operation()?;
        if !operation.may(Act::ReadContent) {
            return Ok(None);
        }
        let shown = operation.load(FileOf(Arc::clone(&self.0))).await?.and_then(|file| part(&file).clone());
        if shown.is_some() {
            operation.note_read(Kind::Media, self.0.id.0);
        }
        Ok(shown)
    }
}

/// A picture, a sound, a film, a file or a sticker that came with a message.
#[Object]
impl Media {
    /// Names the medium for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Media.id(self.0.id.0)
    }

    /// Where its bytes are.
    async fn state(&self) -> MediaState {
        self.0.state.into()
    }

    /// Its type as its sender declared it, such as `image/jpeg`.
    async fn mime_type(&self) -> &str {
        &self.0.mime_type
    }

    /// How many bytes it has; null where that is not known.
    async fn byte_size(&self) -> Option<i32> {
        self.0.byte_size.and_then(|size| i32::try_from(size).ok())
    }

    /// SHA-256 of its bytes as the provider declared it, in hexadecimal.
    async fn sha256(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.shown(ctx, |file| &file.sha256).await
    }

    /// The file's name as its sender chose it.
    async fn file_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.shown(ctx, |file| &file.name).await
    }
}
