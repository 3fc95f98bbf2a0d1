//! The record of everything that happened: two chains a tenant, gap-free and hash-chained.
//!
//! A row is written in the transaction of the change it tells of. Its hash covers its stored bytes and the hash
//! before it, so that no row can be changed, left out, moved or put in without the chain breaking at that place.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use entity::{TenantId, Timestamp, journal, user};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Order;
use serde_json::Value;
use uuid::Uuid;

pub use entity::journal::{Chain, Kind};

use crate::clock::Clock;
use crate::db::{Lanes, Overloaded, TenantScope, TenantTx};
use crate::error::{Error, Result};

/// The hash before the first.
pub const GENESIS: [u8; 32] = [0; 32];
/// Rows read at once when a chain is walked.
const STRIDE: u64 = 2_000;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    kind: journal::ActorKind,
    id: Option<Uuid>,
}

impl Actor {
    /// Vigia itself, on what a provider delivered.
    pub const SYSTEM: Self = Self { kind: journal::ActorKind::System, id: None };
    /// Whoever runs the binary.
    pub const COMMAND_LINE: Self = Self { kind: journal::ActorKind::CommandLine, id: None };

    /// A person of the tenant.
    pub fn user(id: entity::UserId) -> Self {
        Self { kind: journal::ActorKind::User, id: Some(id.0) }
    }

    /// Platform staff.
    pub fn operator(id: entity::OperatorId) -> Self {
        Self { kind: journal::ActorKind::Operator, id: Some(id.0) }
    }
}

/// Something that happened, to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What.
    pub kind: Kind,
    /// Who did it.
    pub actor: Actor,
    /// What it happened to.
    pub subject: Option<Uuid>,
    /// Ids and facts; never content, names or phones.
    pub detail: Value,
}

impl Entry {
    /// An entry without details.
    pub fn new(kind: Kind, actor: Actor, subject: Uuid) -> Self {
        Self { kind, actor, subject: Some(subject), detail: Value::Null }
    }

    /// The same, with details.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Writes entries at the end of the chain whose head the transaction holds.
///
/// # Errors
/// What the database says.
pub async fn append(tx: &mut TenantTx, at: Timestamp, entries: Vec<Entry>) -> Result<()> {
    let tenant = tx.tenant();
    let head = tx.head_mut()?;
    let chain = head.chain;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut row = journal::Model {
            tenant_id: tenant,
            chain,
            seq: head.seq + 1,
            at,
            kind: entry.kind,
            actor_kind: entry.actor.kind,
            actor_id: entry.actor.id,
            subject_id: entry.subject,
            detail: entry.detail.to_string().into_bytes(),
            prev_hash: std::mem::take(&mut head.hash),
            hash: Vec::new(),
        };
        row.hash = hash(&row);
        head.seq = row.seq;
        head.hash.clone_from(&row.hash);
        rows.push(journal::ActiveModel {
            tenant_id: Set(row.tenant_id),
            chain: Set(row.chain),
            seq: Set(row.seq),
            at: Set(row.at),
            kind: Set(row.kind),
            actor_kind: Set(row.actor_kind),
            actor_id: Set(row.actor_id),
            subject_id: Set(row.subject_id),
            detail: Set(row.detail),
            prev_hash: Set(row.prev_hash),
            hash: Set(row.hash),
        });
    }
    tx.insert::<journal::Entity>(rows).await
}

/// SHA-256 over a domain prefix, every column in a fixed form, and the hash before.
fn hash(row: &journal::Model) -> Vec<u8> {
    use sea_orm::ActiveEnum;
    let mut bytes = b"vigia journal 1\0".to_vec();
    bytes.extend_from_slice(row.tenant_id.0.as_bytes());
    bytes.extend_from_slice(&row.chain.to_value().to_be_bytes());
    bytes.extend_from_slice(&row.seq.to_be_bytes());
    bytes.extend_from_slice(&row.at.0.to_be_bytes());
    bytes.extend_from_slice(&row.kind.to_value().to_be_bytes());
    bytes.extend_from_slice(&row.actor_kind.to_value().to_be_bytes());
    for id in [row.actor_id, row.subject_id] {
        bytes.push(u8::from(id.is_some()));
        bytes.extend_from_slice(id.unwrap_or_default().as_bytes());
    }
    bytes.extend_from_slice(&(row.detail.len() as u64).to_be_bytes());
    bytes.extend_from_slice(&row.detail);
    bytes.extend_from_slice(&row.prev_hash);
    digest(&SHA256, &bytes).as_ref().to_vec()
}

/// What walking a chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Whole, up to the head.
    Whole {
        /// How many entries.
        entries: i64,
    },
    /// Broken.
    Broken {
        /// At which entry, or the head where the entries are whole among themselves.
        seq: i64,
        /// How.
        how: &'static str,
    },
}

/// Walks a chain from its beginning to its head, read in the same transaction.
///
/// # Errors
/// What the database says.
pub async fn walk(tx: &TenantTx, chain: Chain, head: &entity::head::Model) -> Result<Walk> {
    let mut seq = 0;
    let mut previous = GENESIS.to_vec();
    // From before the first: what stands there was put there by somebody else.
    let mut after = i64::MIN;
    loop {
        let rows = tx
            .rows::<journal::Entity>()
            .filter(journal::Column::Chain.eq(chain))
            .filter(journal::Column::Seq.gt(after))
            .order_by(journal::Column::Seq, Order::Asc)
            .limit(STRIDE)
            .all()
            .await?;
        let Some(last) = rows.last().map(|row| row.seq) else { break };
        for row in rows {
            if row.seq <= seq || row.seq > head.seq {
                return Ok(Walk::Broken { seq: row.seq, how: "the entry was put in" });
            }
            if row.seq != seq + 1 {
                return Ok(Walk::Broken { seq: seq + 1, how: "the entry is missing" });
            }
            seq = row.seq;
            if row.prev_hash != previous {
                return Ok(Walk::Broken { seq, how: "it does not follow the entry before it" });
            }
            if hash(&row) != row.hash {
                return Ok(Walk::Broken { seq, how: "the entry was changed" });
            }
            previous = row.hash;
        }
        after = last;
    }
    if seq != head.seq {
        return Ok(Walk::Broken { seq: seq + 1, how: "the entry is missing" });
    }
    if previous != head.hash {
        return Ok(Walk::Broken { seq, how: "the head does not follow the last entry" });
    }
    Ok(Walk::Whole { entries: seq })
}

/// The first heads of a tenant's chains.
pub fn first_heads(tenant: TenantId) -> Vec<entity::head::ActiveModel> {
    [Chain::Event, Chain::Access]
        .into_iter()
        .map(|chain| entity::head::ActiveModel {
            tenant_id: Set(tenant),
            chain: Set(chain),
            seq: Set(0),
            hash: Set(GENESIS.to_vec()),
            policy_epoch: Set(1),
            key_epoch: Set(1),
            alert_sequence: Set(0),
            suspended_at: Set(None),
        })
        .collect()
}

/// A role as details spell it.
pub fn role_word(role: user::Role) -> &'static str {
    match role {
        user::Role::Owner => "OWNER",
        user::Role::DataManager => "DATA_MANAGER",
        user::Role::Reviewer => "REVIEWER",
        user::Role::Auditor => "AUDITOR",
    }
}

/// Content that one operation showed to one person.
pub struct Reading {
    /// Whose content.
    pub scope: TenantScope,
    /// Who read it.
    pub actor: Actor,
    /// What kind of thing and which, as details spell them.
    pub things: Vec<(&'static str, Uuid)>,
}

/// Writes down who read what, before the answer leaves: one entry an operation, several operations a commit. It waits
/// for the access chain's head alone, never for what comes in.
#[derive(Clone)]
pub struct AccessJournal(Arc<Lanes<Reading, Result<()>>>);

impl AccessJournal {
    /// At most so many readings in one commit.
    const BATCH: usize = 256;
    /// At most so many waiting; beyond, nothing is answered.
    const WAITING: usize = 8_192;

    /// The access journal under this clock.
    pub fn new(clock: Clock) -> Self {
        Self(Lanes::new(
            Self::BATCH,
            Self::WAITING,
            |_| 1,
            move |_, readings: Vec<Reading>| {
                let clock = clock.clone();
                async move {
                    let count = readings.len();
                    match write_readings(&clock, readings).await {
                        Ok(()) => (0..count).map(|_| Ok(())).collect(),
                        Err(error) => (0..count).map(|_| Err(Error::new(error.code, error.message.clone()))).collect(),
                    }
                }
            },
        ))
    }

    /// Writes a reading down; answers once it is committed.
    ///
    /// # Errors
    /// When it is not: then nothing may be shown.
    pub async fn write(&self, reading: Reading) -> Result<()> {
        match self.0.submit(reading.scope.tenant(), reading).await {
            Ok(written) => written,
            Err(Overloaded) => Err(Error::unavailable("Too much is being read. Try again in a moment.")),
        }
    }
}

async fn write_readings(clock: &Clock, readings: Vec<Reading>) -> Result<()> {
    let Some(scope) = readings.first().map(|reading| reading.scope.clone()) else { return Ok(()) };
    let entries = readings
        .into_iter()
        .map(|reading| {
            let mut things = serde_json::Map::new();
            for (kind, id) in reading.things {
                if let Value::Array(ids) = things.entry(kind).or_insert_with(|| Value::Array(Vec::new())) {
                    ids.push(Value::String(id.to_string()));
                }
            }
            Entry { kind: Kind::ContentRead, actor: reading.actor, subject: None, detail: Value::Object(things) }
        })
        .collect();
    let mut tx = scope.begin(Chain::Access).await?;
    append(&mut tx, clock.now(), entries).await?;
    tx.commit().await
}
