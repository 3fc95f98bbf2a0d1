//! Client companies.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::TenantId;

use super::context::{InOperation, Operation};
use super::error::{Result, UserError};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::scalar::DateTime;
use crate::accounts::Accounts;
use crate::auth::policy::Act;
use crate::caller::Caller;
use crate::db::TenantProof;
use crate::directory;
use crate::refusal::Refusal;
use crate::tenants::{self, NewTenant};

/// A tenant as the schema shows it.
pub struct Tenant(pub Arc<directory::Tenant>);

/// A client company: its own people, numbers, policies and keys, shared with nobody.
#[Object]
impl Tenant {
    /// Names it for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Tenant.id(self.0.id.0)
    }

    /// How the company calls itself.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its short name, in addresses and at sign-in.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// When it was founded here.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Since when it is suspended: its people cannot do anything, and what is delivered for it is parked.
    async fn suspended_at(&self) -> Option<DateTime> {
        self.0.suspended_at.map(DateTime)
    }
}

/// A tenant as a node: operators see all, people their own.
pub(super) async fn find(operation: &Operation, id: TenantId) -> Result<Option<Tenant>> {
    let is_seen = match operation.caller {
        Some(Caller::User { session, .. }) => session.tenant() == id,
        Some(caller @ Caller::Operator { .. }) => caller.may(Act::ReadTenants),
        None => false,
    };
    if is_seen { Ok(operation.load(id).await?.map(Tenant)) } else { Ok(None) }
}

/// Reading tenants.
#[derive(Default)]
pub struct TenantQuery;

#[Object]
impl TenantQuery {
    /// All companies, newest first. For operators.
    async fn tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<Tenant>>> {
        let operation = ctx.operation()?;
        operation.must(Act::ReadTenants)?;
        let list = List::root(operation, "tenants");
        let args = list.args(&Asked { first, after, last, before })?;
        let page = directory::tenants_page(&operation.core, &args).await?;
        let total = page::total(ctx, operation.core.db.count_tenants()).await?;
        Ok(Some(list.connection(page, total, |tenant| tenant.position(), |tenant| Tenant(Arc::new(tenant)))))
    }
}

/// A new company and its first owner.
#[derive(InputObject)]
pub struct CreateTenantInput {
    /// How the company calls itself.
    name: String,
    /// Its short name: lower-case letters, digits and hyphens. Unique.
    slug: String,
    /// The first owner's name.
    owner_name: String,
    /// The first owner's e-mail address.
    owner_email: String,
    /// The first owner's password, to be changed by the owner.
    owner_password: String,
}

/// A company.
#[derive(InputObject)]
pub struct TenantInput {
    /// Which.
    tenant_id: ID,
}

/// A company as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct TenantPayload {
    /// The company.
    tenant: Option<Tenant>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl TenantPayload {
    async fn of(operation: &Operation, outcome: Result<TenantId, Refusal>) -> Result<Option<Self>> {
        let (tenant, errors) = operation.settle(outcome).await?;
        Ok(Some(Self { tenant: tenant.map(Tenant), errors }))
    }
}

/// Keeping tenants.
#[derive(Default)]
pub struct TenantMutation;

#[Object]
impl TenantMutation {
    /// Founds a company with its first owner, its keys and its default policy. For operators.
    async fn create_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The company and its owner.")] input: CreateTenantInput,
    ) -> Result<Option<TenantPayload>> {
        let operation = ctx.operation()?;
        let actor = operation.must(Act::ManageTenants)?.actor();
        let CreateTenantInput { name, slug, owner_name, owner_email, owner_password } = input;
        let new = NewTenant { name, slug, owner_name, owner_email, owner_password };
        let outcome = tenants::create(ctx.part::<Accounts>()?, actor, new).await?;
        TenantPayload::of(operation, outcome.map(|founded| founded.tenant)).await
    }

    /// Shuts a company's people out and parks what is delivered for it, until it is resumed. For operators.
    async fn suspend_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which company.")] input: TenantInput,
    ) -> Result<Option<TenantPayload>> {
        let operation = ctx.operation()?;
        let actor = operation.must(Act::ManageTenants)?.actor();
        let id = TenantId(Kind::Tenant.row(&input.tenant_id));
        let outcome = tenants::suspend(ctx.part::<Accounts>()?, actor, id).await?;
        TenantPayload::of(operation, outcome).await
    }

    /// Lets a suspended company go on. What was parked for it can be replayed. For operators.
    async fn resume_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which company.")] input: TenantInput,
    ) -> Result<Option<TenantPayload>> {
        let operation = ctx.operation()?;
        let actor = operation.must(Act::ManageTenants)?.actor();
        let id = TenantId(Kind::Tenant.row(&input.tenant_id));
        let outcome = tenants::resume(ctx.part::<Accounts>()?, actor, id).await?;
        TenantPayload::of(operation, outcome).await
    }
}
