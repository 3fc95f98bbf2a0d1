//! Monitored numbers, and the channels they are reached through.

pub mod channels;
mod secrets;

use entity::{BlindIndex, ChannelId, NumberId, RouteId, TenantId, channel, number, route};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Order;
use serde_json::json;

use crate::core::Core;
use crate::db::system::appoint;
use crate::db::{Session, TenantScope, TenantTx};
use crate::error::Result;
use crate::journal::{Actor, Chain, Entry, Kind};
use crate::keys;
use crate::policies::finish;
use crate::providers::phone_key;
use crate::refusal::{Outcome, Refusal, RefusalCode, checked_text, lawful};
use crate::vault::{Context, Purpose, TenantKeys};

/// Characters of a number's label.
const LABEL: usize = 200;
/// Characters of a provider's id of a number.
const PROVIDER_ID: usize = 200;

/// Who registers a number.
#[derive(Clone, Copy, Debug)]
pub enum Registrar {
    /// A person of the tenant, on one of the tenant's own channels.
    Tenant(Session),
    /// An operator, on one of the platform's channels, for the tenant that the input names.
    Operator(Option<TenantId>),
}

/// A number to be monitored. Holds a phone: no `Debug`.
pub struct NewNumber {
    /// The channel its messages come through.
    pub channel: ChannelId,
    /// In E.164, with or without blanks, hyphens, dots and parentheses.
    pub phone: String,
    /// What the company calls it.
    pub label: String,
    /// The provider's id of it; unique within the channel.
    pub provider_number_id: String,
    /// Whether chats from before the connection are taken.
    pub capture_history: bool,
}

/// What stands sealed in a number's row.
pub struct NumberText {
    /// In E.164.
    pub phone: String,
    /// What the company calls it.
    pub label: String,
    /// The provider's id of it.
    pub provider_number_id: String,
}

/// Monitors a number from now on.
///
/// # Errors
/// When the database is away.
pub async fn register(core: &Core, by: Registrar, actor: Actor, new: NewNumber) -> Outcome<NumberId> {
    let Some(phone) = canonical_phone(&new.phone) else {
        let message = "Give the phone with its country: + and 8 to 15 digits, such as +55 11 98765-4321.";
        return Ok(Err(Refusal::field(RefusalCode::Invalid, "phone", message)));
    };
    let text = NumberText {
        phone,
        label: lawful!(checked_text("label", &new.label, LABEL)),
        provider_number_id: lawful!(checked_text("providerNumberId", &new.provider_number_id, PROVIDER_ID)),
    };
    let scope = lawful!(scope_of(core, by).await?);
    let tx = scope.begin(Chain::Event).await?;
    let Some(provider) = provider_of(core, by, &tx, new.channel).await? else {
        return Ok(Err(Refusal::not_found("channelId")));
    };
    let id = NumberId(core.clock.id());
    let index = route_index(core, new.channel, &text.provider_number_id);
    let route = route::ActiveModel {
        id: Set(RouteId(core.clock.id())),
        channel_id: Set(new.channel),
        provider: Set(provider),
        number_index: Set(Some(index.clone())),
        tenant_id: Set(Some(scope.tenant())),
        number_id: Set(Some(id)),
    };
    match tx.bind_route(route).await {
        Ok(true) => {}
        Ok(false) => return Ok(Err(duplicate())),
        // Another tenant's transaction may have bound it meanwhile.
        Err(error) => {
            drop(tx);
            let taken = core.db.number_routes(new.channel, vec![index]).await.is_ok_and(|routes| !routes.is_empty());
            return if taken { Ok(Err(duplicate())) } else { Err(error) };
        }
    }
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    tx.insert::<number::Entity>(vec![text.row(core, &keys, id, &new)?]).await?;
    let detail = json!({ "channel": new.channel.0, "captureHistory": new.capture_history });
    finish(core, tx, vec![Entry::new(Kind::NumberRegistered, actor, id.0).with(detail)]).await?;
    Ok(Ok(id))
}

async fn scope_of(core: &Core, by: Registrar) -> Outcome<TenantScope> {
    let tenant = match by {
        Registrar::Tenant(session) => return Ok(Ok(core.db.scope(&session))),
        Registrar::Operator(tenant) => tenant,
    };
    let Some(tenant) = tenant else {
        return Ok(Err(Refusal::field(RefusalCode::Invalid, "tenantId", "Say whose number it is.")));
    };
    if core.db.tenants_by_id(&[tenant]).await?.is_empty() {
        return Ok(Err(Refusal::not_found("tenantId")));
    }
    Ok(Ok(core.db.scope(&appoint(tenant))))
}

/// Who delivers through a channel that the registrar may use.
async fn provider_of(core: &Core, by: Registrar, tx: &TenantTx, id: ChannelId) -> Result<Option<channel::Provider>> {
    Ok(match by {
        Registrar::Tenant(_) => {
            let own = tx.rows::<channel::Entity>().filter(channel::Column::Id.eq(id)).one().await?;
            own.map(|channel| channel.provider)
        }
        Registrar::Operator(_) => core.db.platform_channels_by_id(&[id]).await?.first().map(|channel| channel.provider),
    })
}

fn duplicate() -> Refusal {
    Refusal::field(
        RefusalCode::Duplicate,
        "providerNumberId",
        "This channel already has a number of this provider's id.",
    )
}

impl NumberText {
    fn row(&self, core: &Core, keys: &TenantKeys, id: NumberId, new: &NewNumber) -> Result<number::ActiveModel> {
        let seal = |column, value: &str| keys.company.seal(&place(keys, id, column), value.as_bytes());
        Ok(number::ActiveModel {
            tenant_id: Set(keys.tenant),
            id: Set(id),
            channel_id: Set(new.channel),
            phone: Set(seal("phone", &self.phone)?),
            phone_index: Set(phone_index(keys, &self.phone)),
            label: Set(seal("label", &self.label)?),
            provider_number_id: Set(seal("provider_number_id", &self.provider_number_id)?),
            capture_history: Set(new.capture_history),
            created_at: Set(core.clock.now()),
        })
    }
}

fn place(keys: &TenantKeys, id: NumberId, column: &'static str) -> Context {
    Context { tenant: keys.tenant.0, table: "number", row: id.0, column }
}

/// Opens a number's phone, label and provider's id.
///
/// # Errors
/// When they do not open.
pub fn open(keys: &TenantKeys, row: &number::Model) -> Result<NumberText> {
    let open = |column, sealed| keys::text(keys.company.open(&place(keys, row.id, column), sealed)?);
    Ok(NumberText {
        phone: open("phone", &row.phone)?,
        label: open("label", &row.label)?,
        provider_number_id: open("provider_number_id", &row.provider_number_id)?,
    })
}

/// By which a delivered item finds its number: the provider's id, on this channel.
pub fn route_index(core: &Core, channel: ChannelId, provider_number_id: &str) -> BlindIndex {
    core.platform.index.index(Purpose::Number, &[channel.0.as_bytes(), provider_number_id.as_bytes()])
}

fn phone_index(keys: &TenantKeys, phone: &str) -> BlindIndex {
    keys.index.index(Purpose::Phone, &[phone_key(phone).as_bytes()])
}

/// The tenant's number of this phone, with or without Brazil's ninth digit; the newest where it was registered again.
///
/// # Errors
/// When the database is away.
pub async fn find_by_phone(tx: &TenantTx, keys: &TenantKeys, phone: &str) -> Result<Option<number::Model>> {
    tx.rows::<number::Entity>()
        .filter(number::Column::PhoneIndex.eq(phone_index(keys, phone)))
        .order_by(number::Column::CreatedAt, Order::Desc)
        .one()
        .await
}

/// A phone in E.164: `+` and 8 to 15 digits. What people write between digits is dropped; `None` for anything else.
pub fn canonical_phone(text: &str) -> Option<String> {
    let digits: String = text.trim().strip_prefix('+')?.chars().filter(|c| !" -.()\u{a0}".contains(*c)).collect();
    let is_sound = (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        // No country's code begins with 0 (E.164 §6.2.1).
        && !digits.starts_with('0');
    is_sound.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_has_one_form_however_it_is_written() {
        for written in ["+5511987654321", " +55 11 98765-4321 ", "+55 (11) 98765.4321", "+55\u{a0}11 987654321"] {
            assert_eq!(canonical_phone(written).as_deref(), Some("+5511987654321"), "{written}");
        }
    }

    #[test]
    fn what_is_no_phone_with_its_country_is_none() {
        for bad in [
            "",
            "+",
            "5511987654321",
            "+1234567",
            "+1234567890123456",
            "+05511987654",
            "+55119876a4321",
            "++5511987654321",
            "+٥٥١١٩٨٧٦٥",
        ] {
            assert_eq!(canonical_phone(bad), None, "{bad}");
        }
    }
}
