//! Writing what was changed in memory.

use entity::{content_key, conversation, held, media, message, message_version, reaction};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{ColumnTrait, IntoActiveModel};

use super::Draft;
use crate::db::TenantTx;
use crate::error::Result;
use crate::inbox::rows::Slot;
use crate::journal::Entry;
use crate::vault::Key;

impl Draft<'_> {
    /// Writes everything, what is pointed at first. Gives back the transaction, to be journaled and committed, and the
    /// keys that were made, to be remembered once it is.
    pub(in crate::inbox) async fn write(self) -> Result<(TenantTx, Vec<Entry>, Vec<Key>)> {
        let tx = self.tx;
        self.people.write(&tx).await?;
        let (new, changed): (Vec<_>, Vec<_>) =
            self.conversations.into_iter().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<conversation::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        let latest = changed.into_iter().map(|slot| (slot.row.id.0, slot.row.last_message_at.0)).collect();
        tx.raise::<conversation::Entity>(conversation::Column::Id, conversation::Column::LastMessageAt, latest).await?;
        tx.insert::<content_key::Entity>(self.content.rows).await?;
        let (new, changed): (Vec<_>, Vec<_>) =
            self.messages.into_values().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<message::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        update_messages(&tx, changed).await?;
        tx.insert::<message_version::Entity>(self.versions).await?;
        tx.insert::<media::Entity>(self.media).await?;
        let (new, changed): (Vec<_>, Vec<_>) =
            self.reactions.into_values().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<reaction::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        for slot in changed {
            let row = reaction::ActiveModel {
                id: Unchanged(slot.row.id),
                emoji: Set(slot.row.emoji),
                at: Set(slot.row.at),
                ..Default::default()
            };
            tx.update::<reaction::Entity>(row).await?;
        }
        self.alerts.write(&tx).await?;
        tx.insert::<held::Entity>(self.held).await?;
        if !self.done.is_empty() {
            tx.delete::<held::Entity>(held::Column::Id.is_in(self.done)).await?;
        }
        tx.keep_deliveries(self.deliveries).await?;
        Ok((tx, self.entries, self.content.made))
    }
}

async fn update_messages(tx: &TenantTx, changed: Vec<Slot<message::Model>>) -> Result<()> {
    for slot in changed {
        let row = message::ActiveModel {
            id: Unchanged(slot.row.id),
            kind: Set(slot.row.kind),
            delivery: Set(slot.row.delivery),
            error_codes: Set(slot.row.error_codes),
            edited_at: Set(slot.row.edited_at),
            deleted_at: Set(slot.row.deleted_at),
            version_count: Set(slot.row.version_count),
            ..Default::default()
        };
        tx.update::<message::Entity>(row).await?;
    }
    Ok(())
}
