//! Loading what a batch is about: a fixed number of statements, however many items it has.

use std::collections::{HashMap, HashSet};

use entity::message::Origin;
use entity::message_version::Kind as VersionKind;
use entity::{
    BlindIndex, ContactId, ContentKeyId, ConversationId, MessageId, NumberId, Timestamp, content_key, conversation,
    held, message, message_version, number, reaction,
};
use sea_orm::ColumnTrait;

use super::{Draft, Waiting, about, group_index, message_index};
use crate::core::Core;
use crate::db::TenantTx;
use crate::error::Result;
use crate::inbox::Item;
use crate::inbox::alerts::Alerts;
use crate::inbox::contacts::People;
use crate::inbox::rows::{ContentKeys, Slot};
use crate::keys;
use crate::policies::Compiled;
use crate::providers::{Event, Peer, meta};
use crate::vault::{Context, TenantKeys};

impl<'a> Draft<'a> {
    /// Loads what the items are about.
    pub(in crate::inbox) async fn load(
        core: &'a Core,
        tx: TenantTx,
        compiled: &'a Compiled,
        items: &[&Item],
    ) -> Result<Self> {
        let keys = keys::of_tenant(&tx, &core.keyring).await?;
        let index = |item: &&Item| Some(message_index(&keys, item.number, about(&item.incoming.event)?));
        let wanted: HashSet<BlindIndex> = items.iter().filter_map(index).collect();
        let messages = load_messages(&tx, wanted).await?;
        let unknown = items
            .iter()
            .filter(|item| matches!(item.incoming.event, Event::Message(_)))
            .filter_map(index)
            .filter(|index| !messages.contains_key(index));
        let waiting = load_waiting(&tx, &keys, unknown.collect()).await?;

        let late = waiting.values().flatten().flat_map(|held| &held.items).map(|item| &item.event);
        let events: Vec<&Event> = items.iter().map(|item| &item.incoming.event).chain(late).collect();
        let peers: Vec<&Peer> = events.iter().flat_map(|event| peers(event)).collect();
        let mut content = ContentKeys::default();
        let people = People::load(&tx, core, &keys, &peers, &mut content).await?;
        let conversations = load_conversations(&tx, &keys, &people, items, &messages).await?;
        load_keys_of(&tx, core, &keys, &messages, &mut content).await?;
        let edited = events.iter().any(|event| matches!(event, Event::Edit(_)));
        let edits = if edited { load_edits(&tx, &keys, &messages, &content).await? } else { HashMap::new() };
        let without_history = load_without_history(&tx, items).await?;
        let reacted = events.iter().any(|event| matches!(event, Event::Reaction(_)));
        let reactions = if reacted { load_reactions(&tx, &messages).await? } else { HashMap::new() };
        Ok(Self {
            core,
            tx,
            compiled,
            keys,
            now: core.clock.now(),
            content,
            people,
            conversations,
            messages,
            without_history,
            edits,
            versions: Vec::new(),
            media: Vec::new(),
            reactions,
            waiting,
            held: Vec::new(),
            done: Vec::new(),
            alerts: Alerts::default(),
            entries: Vec::new(),
            deliveries: Vec::new(),
        })
    }
}

fn peers(event: &Event) -> Vec<&Peer> {
    match event {
        Event::Message(message) => {
            let change = message.identity_change.iter().flat_map(|change| [&change.previous, &change.current]);
            std::iter::once(&message.peer).chain(change).collect()
        }
        Event::Reaction(reaction) => reaction.sender.iter().collect(),
        Event::IdentityChange(change) => vec![&change.previous, &change.current],
        Event::Edit(_) | Event::Revoke(_) | Event::Status(_) | Event::AddressBookEntry | Event::Parked(_) => Vec::new(),
    }
}

async fn load_messages(
    tx: &TenantTx,
    wanted: HashSet<BlindIndex>,
) -> Result<HashMap<BlindIndex, Slot<message::Model>>> {
    let rows = tx.keyed::<message::Entity>(message::Column::ProviderIndex, wanted.into_iter().collect()).await?;
    Ok(rows.into_iter().map(|row| (row.provider_index.clone(), Slot::loaded(row))).collect())
}

async fn load_waiting(
    tx: &TenantTx,
    keys: &TenantKeys,
    targets: Vec<BlindIndex>,
) -> Result<HashMap<BlindIndex, Vec<Waiting>>> {
    let mut waiting: HashMap<BlindIndex, Vec<Waiting>> = HashMap::new();
    if targets.is_empty() {
        return Ok(waiting);
    }
    for row in tx
        .rows::<held::Entity>()
        .among(held::Column::TargetIndex, targets)
        .order_by(held::Column::Id, sea_orm::Order::Asc)
        .all()
        .await?
    {
        let place = Context { tenant: keys.tenant.0, table: "held", row: row.id.0, column: "item" };
        let items = meta::parse(&keys.company.open(&place, &row.item)?);
        waiting.entry(row.target_index).or_default().push(Waiting { id: row.id, items });
    }
    Ok(waiting)
}

async fn load_without_history(tx: &TenantTx, items: &[&Item]) -> Result<HashSet<NumberId>> {
    let numbers: HashSet<NumberId> = items
        .iter()
        .filter(|item| matches!(&item.incoming.event, Event::Message(message) if message.origin == Origin::History))
        .map(|item| item.number)
        .collect();
    if numbers.is_empty() {
        return Ok(numbers);
    }
    let rows = tx
        .rows::<number::Entity>()
        .among(number::Column::Id, numbers)
        .filter(number::Column::CaptureHistory.eq(false))
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

async fn load_conversations(
    tx: &TenantTx,
    keys: &TenantKeys,
    people: &People,
    items: &[&Item],
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
) -> Result<Vec<Slot<conversation::Model>>> {
    let mut rows = Vec::new();
    let contacts: Vec<ContactId> = people.ids().collect();
    if !contacts.is_empty() {
        rows = tx.rows::<conversation::Entity>().among(conversation::Column::ContactId, contacts).all().await?;
    }
    let groups: HashSet<BlindIndex> = items
        .iter()
        .filter_map(|item| match &item.incoming.event {
            Event::Message(message) => Some(group_index(keys, item.number, message.group.as_deref()?)),
            _ => None,
        })
        .collect();
    if !groups.is_empty() {
        rows.extend(tx.rows::<conversation::Entity>().among(conversation::Column::GroupIndex, groups).all().await?);
    }
    // The conversations of messages that are edited: an edit may be matched, and its alert stands in one of these.
    let missing: HashSet<ConversationId> = messages
        .values()
        .map(|slot| slot.row.conversation_id)
        .filter(|id| !rows.iter().any(|row| row.id == *id))
        .collect();
    if !missing.is_empty() {
        rows.extend(tx.rows::<conversation::Entity>().among(conversation::Column::Id, missing).all().await?);
    }
    Ok(rows.into_iter().map(Slot::loaded).collect())
}

async fn load_keys_of(
    tx: &TenantTx,
    core: &Core,
    keys: &TenantKeys,
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
    content: &mut ContentKeys,
) -> Result<()> {
    let missing: HashSet<ContentKeyId> = messages
        .values()
        .filter_map(|slot| Context::key_of(&slot.row.provider_id))
        .filter(|id| *id != keys.company.id() && !content.by_id.contains_key(id))
        .map(ContentKeyId)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = tx.rows::<content_key::Entity>().among(content_key::Column::Id, missing).all().await?;
    content.learn(&core.keyring, keys, &rows)
}

async fn load_edits(
    tx: &TenantTx,
    keys: &TenantKeys,
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
    content: &ContentKeys,
) -> Result<HashMap<MessageId, Vec<(Timestamp, Option<String>)>>> {
    let edited: Vec<MessageId> =
        messages.values().filter(|slot| slot.row.version_count > 1).map(|slot| slot.row.id).collect();
    let mut edits: HashMap<MessageId, Vec<(Timestamp, Option<String>)>> = HashMap::new();
    if edited.is_empty() {
        return Ok(edits);
    }
    let versions = tx
        .rows::<message_version::Entity>()
        .among(message_version::Column::MessageId, edited)
        .filter(message_version::Column::Kind.eq(VersionKind::Edit))
        .all()
        .await?;
    for row in versions {
        let text = match &row.text {
            Some(sealed) => {
                let id = Context::key_of(sealed);
                let key = if id == Some(keys.company.id()) {
                    Some(&keys.company)
                } else {
                    id.and_then(|id| content.by_id.get(&id))
                };
                let Some(key) = key else { continue };
                let place = Context { tenant: keys.tenant.0, table: "message_version", row: row.id.0, column: "text" };
                Some(keys::text(key.open(&place, sealed)?)?)
            }
            None => None,
        };
        edits.entry(row.message_id).or_default().push((row.at, text));
    }
    Ok(edits)
}

async fn load_reactions(
    tx: &TenantTx,
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
) -> Result<HashMap<(MessageId, Option<ContactId>), Slot<reaction::Model>>> {
    let targets: Vec<MessageId> = messages.values().map(|slot| slot.row.id).collect();
    if targets.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.rows::<reaction::Entity>().among(reaction::Column::MessageId, targets).all().await?;
    Ok(rows.into_iter().map(|row| ((row.message_id, row.sender_id), Slot::loaded(row))).collect())
}
