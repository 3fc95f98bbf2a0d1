//! `vigia verify`: whether a tenant's journal is whole and everything sealed opens.

use entity::{
    alias, channel, contact, content_key, conversation, held, history_scan, media, message, message_version, number,
    policy_version, reaction, tenant, term_version, user,
};
use sea_orm::{ColumnTrait, IdenStatic, Iterable, ModelTrait, Order, PrimaryKeyToColumn, Value};
use serde_json::json;
use uuid::Uuid;

use crate::core::Core;
use crate::db::system::appoint;
use crate::db::{TenantScope, TenantTx};
use crate::error::Result;
use crate::journal::{self, Actor, Chain, Entry, Kind, Walk};
use crate::keys;

/// Rows opened at once.
const STRIDE: u64 = 1_000;

/// What was found at one tenant.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries of the event chain.
    pub events: i64,
    /// Entries of the access chain.
    pub accesses: i64,
    /// Sealed values that open.
    pub sealed: u64,
    /// Sealed values whose key was destroyed.
    pub erased: u64,
    /// What is wrong, in words.
    pub faults: Vec<String>,
}

/// Walks a tenant's chains and opens every sealed value. The walk itself is journaled.
///
/// # Errors
/// When the database is away, or the tenant's own keys do not open.
pub async fn tenant(core: &Core, tenant: &tenant::Model) -> Result<Report> {
    let scope = core.db.scope(&appoint(tenant.id));
    let mut report = Report::default();
    for chain in [Chain::Event, Chain::Access] {
        let tx = scope.read().await?;
        let head = tx.head_seen(chain).await?;
        match journal::walk(&tx, chain, &head).await? {
            Walk::Whole { entries } if chain == Chain::Event => report.events = entries,
            Walk::Whole { entries } => report.accesses = entries,
            Walk::Broken { seq, how } => {
                let name = if chain == Chain::Event { "event" } else { "access" };
                report.faults.push(format!("The {name} journal breaks at entry {seq}: {how}."));
            }
        }
        tx.commit().await?;
    }
    open_everything(core, &scope, &mut report).await?;
    match enter(core, &scope, &report).await {
        // Who put something in where this entry belongs must not keep the rest from being told.
        Err(error) if report.faults.is_empty() => return Err(error),
        Err(_) => report.faults.push("This walk could not be entered into the event journal.".into()),
        Ok(()) => {}
    }
    Ok(report)
}

/// Journals the walk.
async fn enter(core: &Core, scope: &TenantScope, report: &Report) -> Result<()> {
    let mut tx = scope.begin(Chain::Event).await?;
    let detail = json!({ "events": report.events, "accesses": report.accesses, "sealed": report.sealed, "faults": report.faults.len() });
    let entry = Entry::new(Kind::Verified, Actor::COMMAND_LINE, scope.tenant().0).with(detail);
    journal::append(&mut tx, core.clock.now(), vec![entry]).await?;
    tx.commit().await
}

async fn open_everything(core: &Core, scope: &TenantScope, report: &mut Report) -> Result<()> {
    let tx = scope.read().await?;
    table::<alias::Entity>(core, &tx, "alias", report).await?;
    table::<channel::Entity>(core, &tx, "channel", report).await?;
    table::<contact::Entity>(core, &tx, "contact", report).await?;
    table::<conversation::Entity>(core, &tx, "conversation", report).await?;
    table::<held::Entity>(core, &tx, "held", report).await?;
    table::<history_scan::Entity>(core, &tx, "history_scan", report).await?;
    table::<media::Entity>(core, &tx, "media", report).await?;
    table::<message::Entity>(core, &tx, "message", report).await?;
    table::<message_version::Entity>(core, &tx, "message_version", report).await?;
    table::<number::Entity>(core, &tx, "number", report).await?;
    table::<policy_version::Entity>(core, &tx, "policy_version", report).await?;
    table::<reaction::Entity>(core, &tx, "reaction", report).await?;
    table::<term_version::Entity>(core, &tx, "term_version", report).await?;
    table::<user::Entity>(core, &tx, "user", report).await?;
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    for row in tx.rows::<content_key::Entity>().all().await? {
        if core.keyring.open_content(&keys, &row).is_err() {
            report.faults.push(format!("The content key {} does not open.", row.id.0));
        }
    }
    tx.commit().await
}

/// Opens every sealed column of a table, row by row in the order of ids.
async fn table<E>(core: &Core, tx: &TenantTx, name: &'static str, report: &mut Report) -> Result<()>
where
    E: entity::TenantTable,
    E::Model: ModelTrait<Entity = E>,
    E::Column: std::str::FromStr,
{
    let Some(id) = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).find(|column| column.as_str() == "id")
    else {
        return Ok(());
    };
    let mut after = Uuid::nil();
    loop {
        let rows = tx.rows::<E>().filter(id.gt(after)).order_by(id, Order::Asc).limit(STRIDE).all().await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut values = Vec::new();
        for row in &rows {
            let Value::Uuid(Some(row_id)) = row.get(id) else { continue };
            after = row_id;
            for column in E::Column::iter() {
                // Blind indexes are bytes too, but 16 of them: a sealed value is never that short.
                if let Value::Bytes(Some(bytes)) = row.get(column)
                    && is_sealed(name, column.as_str())
                {
                    values.push((row_id, column.as_str(), entity::Sealed(bytes)));
                }
            }
        }
        let opened = keys::open_for(tx, &core.keyring, values.iter().map(|(_, _, sealed)| sealed)).await?;
        for (row, column, sealed) in values {
            match opened.bytes(name, row, column, &sealed) {
                Ok(Some(_)) => report.sealed += 1,
                Ok(None) => report.erased += 1,
                Err(_) => report.faults.push(format!("{name}.{column} of {row} does not open.")),
            }
        }
    }
}

/// The columns of bytes that are no sealed values: fingerprints and offsets.
fn is_sealed(table: &str, column: &str) -> bool {
    !column.ends_with("_index") && (table, column) != ("match", "spans")
}
