//! Contacts: the people the company talks with.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, Object};
use entity::ContactId;

use super::context::{InOperation, Moment, Operation};
use super::error::{Failure, Result};
use super::node::Kind;
use super::scalar::PhoneNumber;
use crate::auth::policy::Act;
use crate::dialogue;

/// Whether content is there to be read, and if not, why.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentState {
    /// It is there. A field of it may be null all the same where there is nothing of the kind.
    Available,
    /// The caller's role reads no content.
    Forbidden,
    /// It was erased with the contact it belonged to, for good.
    Erased,
    /// There never was any: the provider could not carry it.
    NotCaptured,
}

/// The other person of a conversation: the data subject.
pub struct Contact(pub ContactId);

/// What is known of contacts.
impl Loader<ContactId> for Moment {
    type Value = Arc<dialogue::Contact>;
    type Error = Failure;

    async fn load(&self, ids: &[ContactId]) -> Result<HashMap<ContactId, Arc<dialogue::Contact>>> {
        let found = dialogue::contacts(self.tx().await?, &self.core().keyring, ids).await?;
        Ok(found.into_iter().map(|(id, contact)| (id, Arc::new(contact))).collect())
    }
}

impl Contact {
    /// What is known of the person, for who may read it. Nothing is loaded for who may not.
    async fn known(&self, operation: &Operation) -> Result<Option<Arc<dialogue::Contact>>> {
        if operation.may(Act::ReadContent) { operation.load(self.0).await } else { Ok(None) }
    }

    /// One thing that is known of the person; that it was shown is entered into the journal.
    async fn shown(
        &self,
        ctx: &Context<'_>,
        part: fn(&dialogue::Contact) -> &Option<String>,
    ) -> Result<Option<String>> {
        let operation = ctx.operation()?;
        let shown = self.known(operation).await?.and_then(|contact| part(&contact).clone());
        if shown.is_some() {
            operation.note_read(Kind::Contact, self.0.0);
        }
        Ok(shown)
    }
}

/// The other person of a conversation: the data subject. Someone first met under two names and later found to be one
/// keeps both ids; both show the person they turned out to be.
#[Object]
impl Contact {
    /// Names the contact for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Contact.id(self.0.0)
    }

    /// Whether name and phone can be read.
    async fn content_state(&self, ctx: &Context<'_>) -> Result<ContentState> {
        let operation = ctx.operation()?;
        if !operation.may(Act::ReadContent) {
            return Ok(ContentState::Forbidden);
        }
        let is_erased = self.known(operation).await?.is_some_and(|contact| contact.is_erased);
        Ok(if is_erased { ContentState::Erased } else { ContentState::Available })
    }

    /// As WhatsApp last showed it.
    async fn name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.shown(ctx, |contact| &contact.name).await
    }

    /// The newest phone that is still theirs; null where WhatsApp tells a user id alone.
    async fn phone(&self, ctx: &Context<'_>) -> Result<Option<PhoneNumber>> {
        Ok(self.shown(ctx, |contact| &contact.phone).await?.map(PhoneNumber))
    }
}

/// A contact by its global id.
pub async fn find(operation: &Operation, id: ContactId) -> Result<Option<Contact>> {
    let exists = dialogue::contact_exists(operation.loads().moment().tx().await?, id).await?;
    Ok(exists.then_some(Contact(id)))
}
