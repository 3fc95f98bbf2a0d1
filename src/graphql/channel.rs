//! Connections to providers.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::ChannelId;

use super::context::{InOperation, Operation};
use super::error::{Result, UserError};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::scalar::{DateTime, Url};
use crate::auth::policy::Act;
use crate::caller::Caller;
use crate::directory;
use crate::numbers::channels::{self, ChannelOwner, Channels, NewChannel, Secrets, SecretsChange};
use crate::refusal::Refusal;

/// Who carries the messages.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::channel::Provider")]
pub enum Provider {
    /// Meta's WhatsApp Cloud API.
    Meta,
    /// Evolution API.
    Evolution,
    /// Twilio's WhatsApp.
    Twilio,
    /// Chats exported from a phone, read by `vigia import`.
    ChatExport,
}

/// A channel as the schema shows it.
pub struct Channel(pub Arc<directory::Channel>);

/// A provider connection with its secrets: a company's own, or the platform's, shared by companies.
#[Object]
impl Channel {
    /// Names it for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Channel.id(self.0.id.0)
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who carries its messages.
    async fn provider(&self) -> Provider {
        self.0.provider.into()
    }

    /// Where the provider delivers; it holds an unguessable part. Null where nothing is delivered, and to a company
    /// whose numbers are on the platform's channel.
    async fn webhook_url(&self, ctx: &Context<'_>) -> Result<Option<Url>> {
        let operation = ctx.operation()?;
        let is_shown = self.0.is_platforms == operation.may(Act::ManagePlatformChannels);
        let provider = match self.0.provider {
            entity::channel::Provider::Meta => "meta",
            entity::channel::Provider::Evolution => "evolution",
            entity::channel::Provider::Twilio => "twilio",
            entity::channel::Provider::ChatExport => return Ok(None),
        };
        let path = channels::path_of(&operation.core, self.0.id);
        Ok(is_shown.then(|| Url(format!("{}/webhooks/{provider}/{path}", operation.public_url))))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// Reading channels.
#[derive(Default)]
pub struct ChannelQuery;

#[Object]
impl ChannelQuery {
    /// The company's own channels, newest first; to operators, the platform's (without `totalCount`).
    async fn channels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<Channel>>> {
        let operation = ctx.operation()?;
        let list = List::root(operation, "channels");
        let asked = Asked { first, after, last, before };
        match operation.caller()? {
            Caller::User { .. } => own_channels(ctx, operation, &list, &asked).await,
            Caller::Operator { .. } => platform_channels(operation, &list, &asked).await,
        }
    }
}

async fn own_channels(
    ctx: &Context<'_>,
    operation: &Operation,
    list: &List<'_>,
    asked: &Asked,
) -> Result<Option<Nodes<Channel>>> {
    operation.must(Act::ReadChannels)?;
    let args = list.args(asked)?;
    let loads = operation.loads();
    let tx = loads.moment().tx().await?;
    let page = directory::channels_page(&operation.core, tx, &args).await?;
    let total = page::total(ctx, directory::count_channels(tx)).await?;
    Ok(Some(list.connection(page, total, |channel| channel.position(), |channel| Channel(Arc::new(channel)))))
}

async fn platform_channels(operation: &Operation, list: &List<'_>, asked: &Asked) -> Result<Option<Nodes<Channel>>> {
    operation.must(Act::ManagePlatformChannels)?;
    let page = directory::platform_channels_page(&operation.core, &list.args(asked)?).await?;
    Ok(Some(list.connection(page, None, |channel| channel.position(), |channel| Channel(Arc::new(channel)))))
}

/// A new channel. Its secrets are stored sealed and never returned; which of them are needed depends on the provider.
#[derive(InputObject)]
pub struct CreateChannelInput {
    /// What people shall call it.
    name: String,
    /// Who carries its messages.
    provider: Provider,
    /// META: the app's secret, which signs. TWILIO: the auth token, which signs and fetches. EVOLUTION: what the instance
    /// sends as `Authorization: Bearer …`.
    app_secret: Option<String>,
    /// META: what it greets with when the webhook is set up.
    verify_token: Option<String>,
    /// META: fetches media and sends. EVOLUTION: the instance's API key.
    access_token: Option<String>,
    /// TWILIO: the account's SID.
    account_id: Option<String>,
    /// EVOLUTION: the instance's address.
    api_url: Option<Url>,
}

/// New secrets of a channel; what is absent stays.
#[derive(InputObject)]
pub struct RotateChannelSecretsInput {
    /// Which channel.
    channel_id: ID,
    /// As in `CreateChannelInput`.
    app_secret: Option<String>,
    /// As in `CreateChannelInput`.
    verify_token: Option<String>,
    /// As in `CreateChannelInput`.
    access_token: Option<String>,
}

/// A channel as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct ChannelPayload {
    /// The channel.
    channel: Option<Channel>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl ChannelPayload {
    async fn of(operation: &Operation, outcome: Result<ChannelId, Refusal>) -> Result<Option<Self>> {
        let (channel, errors) = operation.settle(outcome).await?;
        Ok(Some(Self { channel: channel.map(Channel), errors }))
    }
}

/// Whose channels the caller keeps.
fn owner(caller: &Caller) -> Result<ChannelOwner> {
    match caller {
        Caller::User { .. } => Ok(ChannelOwner::Tenant(caller.tenant(Act::ManageChannels)?)),
        Caller::Operator { .. } => {
            caller.must(Act::ManagePlatformChannels)?;
            Ok(ChannelOwner::Platform)
        }
    }
}

/// Keeping channels.
#[derive(Default)]
pub struct ChannelMutation;

#[Object]
impl ChannelMutation {
    /// Connects to a provider. An owner's channel is the company's own; an operator's is the platform's, shared by
    /// companies.
    async fn create_channel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The channel and its secrets.")] input: CreateChannelInput,
    ) -> Result<Option<ChannelPayload>> {
        let operation = ctx.operation()?;
        let caller = operation.caller()?;
        let owner = owner(&caller)?;
        let CreateChannelInput { name, provider, app_secret, verify_token, access_token, account_id, api_url } = input;
        let secrets = Secrets { app_secret, verify_token, access_token, account_id, api_url: api_url.map(|url| url.0) };
        let new = NewChannel { name, provider: provider.into(), secrets };
        let outcome = channels::create(&operation.core, owner, caller.actor(), new).await?;
        ChannelPayload::of(operation, outcome).await
    }

    /// Replaces secrets of a channel. The old ones stay good for a stated time, so that nothing is lost meanwhile.
    async fn rotate_channel_secrets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which channel, and its new secrets.")] input: RotateChannelSecretsInput,
    ) -> Result<Option<ChannelPayload>> {
        let operation = ctx.operation()?;
        let caller = operation.caller()?;
        let owner = owner(&caller)?;
        let id = ChannelId(Kind::Channel.row(&input.channel_id));
        let RotateChannelSecretsInput { app_secret, verify_token, access_token, .. } = input;
        let change = SecretsChange { app_secret, verify_token, access_token };
        let outcome =
            ctx.part::<Channels>()?.rotate_secrets(&operation.core, owner, caller.actor(), id, change).await?;
        ChannelPayload::of(operation, outcome).await
    }
}
