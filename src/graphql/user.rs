//! The people of a company.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::UserId;

use super::context::{InOperation, Operation};
use super::error::{Result, UserError};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::scalar::DateTime;
use crate::accounts::{Accounts, NewUser, UserChange};
use crate::auth::policy::Act;
use crate::directory;
use crate::refusal::Refusal;

/// What a person may do in the company.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::user::Role")]
pub enum Role {
    /// Keeps users, channels and numbers; sees alerts without content.
    Owner,
    /// The LGPD's encarregado or gestor: keeps policies and terms, reads content, handles alerts.
    DataManager,
    /// Reads content, claims and closes alerts.
    Reviewer,
    /// Reads alerts and the record, no content; changes nothing.
    Auditor,
}

/// A user as the schema shows it.
pub struct User(pub Arc<directory::User>);

/// A person of a company.
#[Object]
impl User {
    /// Names it for good.
    pub(super) async fn id(&self) -> ID {
        Kind::User.id(self.0.id.0)
    }

    /// The person's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The address the person signs in with.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// What the person may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// Since when the person is shut out.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.0.disabled_at.map(DateTime)
    }
}

/// Reading users.
#[derive(Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// The company's people, newest first, those shut out included.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<User>>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadUsers)?;
        let list = List::root(operation, "users");
        let args = list.args(&Asked { first, after, last, before })?;
        let loads = operation.loads();
        let tx = loads.moment().tx().await?;
        let page = directory::users_page(&operation.core, tx, &args).await?;
        let total = page::total(ctx, directory::count_users(tx)).await?;
        Ok(Some(list.connection(page, total, |user| user.position(), |user| User(Arc::new(user)))))
    }
}

/// A new person.
#[derive(InputObject)]
pub struct CreateUserInput {
    /// The person's name.
    name: String,
    /// The address to sign in with. Unique within the company.
    email: String,
    /// The first password, to be changed by the person.
    password: String,
    /// What the person may do.
    role: Role,
}

/// What is to change in a person; what is absent stays.
#[derive(InputObject)]
pub struct UpdateUserInput {
    /// Who.
    id: ID,
    /// The person's name.
    name: Option<String>,
    /// What the person may do. A change bites at once.
    role: Option<Role>,
}

/// A person.
#[derive(InputObject)]
pub struct DisableUserInput {
    /// Who.
    id: ID,
}

/// A person as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct UserPayload {
    /// The person.
    user: Option<User>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl UserPayload {
    async fn of(operation: &Operation, outcome: Result<UserId, Refusal>) -> Result<Option<Self>> {
        let (user, errors) = operation.settle(outcome).await?;
        Ok(Some(Self { user: user.map(User), errors }))
    }
}

/// Keeping users.
#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Adds a person to the company. For owners.
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person.")] input: CreateUserInput,
    ) -> Result<Option<UserPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManageUsers)?;
        let CreateUserInput { name, email, password, role } = input;
        let new = NewUser { name, email, password, role: role.into() };
        let outcome = ctx.part::<Accounts>()?.create_user(&session, operation.caller()?.actor(), new).await?;
        UserPayload::of(operation, outcome).await
    }

    /// Changes a person's name or role. For owners.
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and what changes.")] input: UpdateUserInput,
    ) -> Result<Option<UserPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManageUsers)?;
        let id = UserId(Kind::User.row(&input.id));
        let change = UserChange { name: input.name, role: input.role.map(Into::into) };
        let outcome = ctx.part::<Accounts>()?.update_user(&session, operation.caller()?.actor(), id, change).await?;
        UserPayload::of(operation, outcome).await
    }

    /// Shuts a person out and ends the person's sessions at once. For owners.
    async fn disable_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who.")] input: DisableUserInput,
    ) -> Result<Option<UserPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManageUsers)?;
        let id = UserId(Kind::User.row(&input.id));
        let outcome = ctx.part::<Accounts>()?.disable_user(&session, operation.caller()?.actor(), id).await?;
        UserPayload::of(operation, outcome).await
    }
}
