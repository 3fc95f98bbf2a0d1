//! Monitored numbers.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{ChannelId, TenantId};

use super::channel::Channel;
use super::context::InOperation;
use super::error::{Result, UserError, settle};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::scalar::{DateTime, PhoneNumber};
use crate::auth::policy::Act;
use crate::caller::Caller;
use crate::db::system;
use crate::directory;
use crate::error::Error;
use crate::numbers::{self, NewNumber, Registrar};
use crate::refusal::{Refusal, RefusalCode};

/// A number as the schema shows it.
pub struct MonitoredNumber(pub Arc<directory::Number>);

/// A WhatsApp number whose conversations are watched.
#[Object]
impl MonitoredNumber {
    /// Names it for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Number.id(self.0.id.0)
    }

    /// The number.
    async fn phone(&self) -> PhoneNumber {
        PhoneNumber(self.0.phone.clone())
    }

    /// What people call it.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// What its messages come through.
    async fn channel(&self, ctx: &Context<'_>) -> Result<Channel> {
        let channel = ctx.operation()?.load(self.0.channel).await?;
        Ok(Channel(channel.ok_or_else(|| Error::internal("A number has no channel."))?))
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// Reading numbers.
#[derive(Default)]
pub struct NumberQuery;

#[Object]
impl NumberQuery {
    /// The company's numbers, newest first.
    async fn numbers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<MonitoredNumber>>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadNumbers)?;
        let list = List::root(operation, "numbers");
        let args = list.args(&Asked { first, after, last, before })?;
        let loads = operation.loads();
        let tx = loads.moment().tx().await?;
        let page = directory::numbers_page(&operation.core, tx, &args).await?;
        let total = page::total(ctx, directory::count_numbers(tx)).await?;
        Ok(Some(list.connection(page, total, |number| number.position(), |number| MonitoredNumber(Arc::new(number)))))
    }
}

/// A number to be watched.
#[derive(InputObject)]
pub struct RegisterNumberInput {
    /// What its messages come through.
    channel_id: ID,
    /// The number.
    phone: PhoneNumber,
    /// What people shall call it.
    label: String,
    /// How the provider names it. META: the phone_number_id; EVOLUTION: the instance; TWILIO: the WhatsApp address. Unique
    /// within the channel.
    provider_number_id: String,
    /// Whether to take the history that the phone's owner agreed to hand over when connecting. The phone's address book is
    /// never kept.
    #[graphql(default = true)]
    capture_history: bool,
    /// Whose number it is. For operators, who must say; nobody else may.
    tenant_id: Option<ID>,
}

/// A number as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct RegisterNumberPayload {
    /// The number.
    number: Option<MonitoredNumber>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl RegisterNumberPayload {
    fn refused(refusal: Refusal) -> Self {
        Self { number: None, errors: vec![refusal.into()] }
    }
}

/// Keeping numbers.
#[derive(Default)]
pub struct NumberMutation;

#[Object]
impl NumberMutation {
    /// Begins to watch a number. Owners bind theirs to the company's own channels, operators any company's to the
    /// platform's.
    async fn register_number(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number, and what it is bound to.")] input: RegisterNumberInput,
    ) -> Result<Option<RegisterNumberPayload>> {
        Ok(Some(match ctx.operation()?.caller()? {
            caller @ Caller::User { .. } => register_own(ctx, caller, input).await?,
            caller @ Caller::Operator { .. } => register_for(ctx, caller, input).await?,
        }))
    }
}

async fn register_own(ctx: &Context<'_>, caller: Caller, input: RegisterNumberInput) -> Result<RegisterNumberPayload> {
    let operation = ctx.operation()?;
    let session = caller.tenant(Act::ManageNumbers)?;
    if input.tenant_id.is_some() {
        let message = "Only the platform's operators say whose number it is: leave this out.";
        return Ok(RegisterNumberPayload::refused(Refusal::field(RefusalCode::Invalid, "tenantId", message)));
    }
    let outcome = numbers::register(&operation.core, Registrar::Tenant(session), caller.actor(), input.into()).await?;
    let (number, errors) = operation.settle(outcome).await?;
    Ok(RegisterNumberPayload { number: number.map(MonitoredNumber), errors })
}

async fn register_for(ctx: &Context<'_>, caller: Caller, input: RegisterNumberInput) -> Result<RegisterNumberPayload> {
    let operation = ctx.operation()?;
    caller.must(Act::BindPlatformNumbers)?;
    let tenant = input.tenant_id.as_ref().map(|id| TenantId(Kind::Tenant.row(id)));
    let outcome = numbers::register(&operation.core, Registrar::Operator(tenant), caller.actor(), input.into()).await?;
    let (id, errors) = settle(outcome);
    let (Some(id), Some(tenant)) = (id, tenant) else { return Ok(RegisterNumberPayload { number: None, errors }) };
    // The act that this belongs to is in the tenant's journal.
    let number = operation.loads_on(&system::appoint(tenant)).load(id).await?;
    Ok(RegisterNumberPayload { number: number.map(MonitoredNumber), errors })
}

impl From<RegisterNumberInput> for NewNumber {
    fn from(input: RegisterNumberInput) -> Self {
        Self {
            channel: ChannelId(Kind::Channel.row(&input.channel_id)),
            phone: input.phone.0,
            label: input.label,
            provider_number_id: input.provider_number_id,
            capture_history: input.capture_history,
        }
    }
}
