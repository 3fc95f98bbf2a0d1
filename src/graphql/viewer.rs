//! Who is signed in, and how one becomes it.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::Loads;
use super::context::InOperation;
use super::error::{Result, UserError, settle};
use super::scalar::DateTime;
use super::tenant::Tenant;
use super::user::{Role, User};
use crate::accounts::{Accounts, SignIn, SignedIn};
use crate::auth::policy::Act;
use crate::caller::Caller;
use crate::db::TenantProof;
use crate::refusal::Refusal;

/// The caller as the schema shows it: also the one who has signed in just now.
pub struct Viewer {
    caller: Caller,
    loads: Arc<Loads>,
}

/// Whoever the access token speaks for.
#[Object]
impl Viewer {
    /// The person; null for an operator.
    async fn user(&self) -> Result<Option<User>> {
        match self.caller {
            Caller::User { session, .. } => Ok(self.loads.load(session.user).await?.map(User)),
            Caller::Operator { .. } => Ok(None),
        }
    }

    /// The person's company; null for an operator.
    async fn tenant(&self) -> Result<Option<Tenant>> {
        match self.caller {
            Caller::User { session, .. } => Ok(self.loads.load(session.tenant()).await?.map(Tenant)),
            Caller::Operator { .. } => Ok(None),
        }
    }

    /// What the person may do in the company; null for an operator.
    async fn role(&self) -> Option<Role> {
        match self.caller {
            Caller::User { role, .. } => Some(role.into()),
            Caller::Operator { .. } => None,
        }
    }

    /// Whether this is platform staff, who manage companies and read no content.
    async fn is_operator(&self) -> bool {
        matches!(self.caller, Caller::Operator { .. })
    }
}

/// Who is signed in.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who the access token speaks for; null when nobody is signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let operation = ctx.operation()?;
        Ok(operation.caller.map(|caller| Viewer { caller, loads: operation.loads() }))
    }
}

/// An e-mail address and its password.
#[derive(InputObject)]
pub struct SignInInput {
    /// The address.
    email: String,
    /// The password.
    password: String,
    /// The company's short name. Needed only by who has sign-ins at several.
    tenant_slug: Option<String>,
}

/// The token to go on with.
#[derive(InputObject)]
pub struct RefreshSessionInput {
    /// As the last sign-in or refresh gave it. Each is good once; a second use ends the session.
    refresh_token: String,
}

/// The old password and the new one.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The password that is good now.
    current_password: String,
    /// The one that shall be.
    new_password: String,
}

/// A session's tokens, or why there are none.
#[derive(SimpleObject, Default)]
pub struct SignInPayload {
    /// To be sent as `Authorization: Bearer …`. Good for ten minutes.
    access_token: Option<String>,
    /// To be exchanged for the next pair by `refreshSession`, once.
    refresh_token: Option<String>,
    /// When the access token ends.
    expires_at: Option<DateTime>,
    /// Who signed in.
    viewer: Option<Viewer>,
    /// Why nobody did.
    errors: Vec<UserError>,
}

impl SignInPayload {
    fn of(ctx: &Context<'_>, outcome: Result<SignedIn, Refusal>) -> Result<Option<Self>> {
        let (signed_in, errors) = settle(outcome);
        let Some(signed_in) = signed_in else { return Ok(Some(Self { errors, ..Self::default() })) };
        let loads = ctx.operation()?.loads_of(Some(signed_in.caller));
        Ok(Some(Self {
            access_token: Some(signed_in.access_token),
            refresh_token: Some(signed_in.refresh_token.as_str().to_owned()),
            expires_at: Some(signed_in.expires_at.into()),
            viewer: Some(Viewer { caller: signed_in.caller, loads }),
            errors,
        }))
    }
}

/// What came of signing out.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Empty when it is done.
    errors: Vec<UserError>,
}

/// What came of changing a password.
#[derive(SimpleObject)]
pub struct ChangePasswordPayload {
    /// Empty when it is done.
    errors: Vec<UserError>,
}

/// Signing in and out.
#[derive(Default)]
pub struct ViewerMutation;

#[Object]
impl ViewerMutation {
    /// Begins a session. Takes as long, and says the same, whether the address is known or not.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and the proof of it.")] input: SignInInput,
    ) -> Result<Option<SignInPayload>> {
        let SignInInput { email, password, tenant_slug } = input;
        let sign_in = SignIn { email, password, tenant_slug };
        let outcome = ctx.part::<Accounts>()?.sign_in(sign_in, ctx.operation()?.client_address).await?;
        SignInPayload::of(ctx, outcome)
    }

    /// Exchanges a refresh token for a fresh pair. Send it without `Authorization`: a token that has run out refuses the
    /// whole request.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to exchange.")] input: RefreshSessionInput,
    ) -> Result<Option<SignInPayload>> {
        let outcome = ctx.part::<Accounts>()?.refresh(&input.refresh_token).await?;
        SignInPayload::of(ctx, outcome)
    }

    /// Ends the session of the access token, and its streams.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<Option<SignOutPayload>> {
        let caller = ctx.operation()?.caller()?;
        ctx.part::<Accounts>()?.sign_out(&caller).await?;
        Ok(Some(SignOutPayload { errors: Vec::new() }))
    }

    /// Replaces the caller's own password and ends the caller's other sessions.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The old password and the new one.")] input: ChangePasswordInput,
    ) -> Result<Option<ChangePasswordPayload>> {
        let caller = ctx.operation()?.must(Act::ChangeOwnPassword)?;
        let accounts = ctx.part::<Accounts>()?;
        let outcome = accounts.change_password(&caller, input.current_password, input.new_password).await?;
        Ok(Some(ChangePasswordPayload { errors: settle(outcome).1 }))
    }
}
