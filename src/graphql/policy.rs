//! Policies: what a company watches for, why, and on which ground of the law.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::PolicyId;

use super::context::{InOperation, Operation};
use super::error::{Result, UserError};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use crate::auth::policy::Act;
use crate::directory;
use crate::policies::{self, PolicyChange, PolicyText};
use crate::refusal::Refusal;

/// How grave a match is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::policy_version::Severity")]
pub enum Severity {
    /// Worth a look when there is time.
    Low,
    /// Worth a look.
    Medium,
    /// To be looked at soon.
    High,
    /// To be looked at now.
    Critical,
}

/// Whether a policy's terms are watched.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::policy_version::State")]
pub enum PolicyState {
    /// Not yet.
    Draft,
    /// Yes.
    Active,
    /// Not for now.
    Paused,
}

/// The law's ground for watching (LGPD, art. 7).
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::policy_version::LegalBasis")]
pub enum LegalBasis {
    /// The data subject agreed (I).
    Consent,
    /// A legal or regulatory obligation (II).
    LegalObligation,
    /// A contract with the data subject, or what leads to one (V).
    Contract,
    /// Rights exercised in court, administration or arbitration (VI).
    ExerciseOfRights,
    /// A legitimate interest of the company's or a third party's (IX).
    LegitimateInterest,
    /// Protection of credit (X).
    CreditProtection,
}

/// A policy, with its version in force, as the schema shows it.
pub struct Policy(pub Arc<directory::Policy>);

/// Purpose, legal basis and severity of what is watched for. Every change is a new version; alerts stay with theirs.
#[Object]
impl Policy {
    /// Names it for good, across its versions.
    pub(super) async fn id(&self) -> ID {
        Kind::Policy.id(self.0.id.0)
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.current.text.name
    }

    /// What its watching is for: shown to whoever asks why.
    async fn purpose(&self) -> &str {
        &self.0.current.text.purpose
    }

    /// The law's ground for it.
    async fn legal_basis(&self) -> LegalBasis {
        self.0.current.text.legal_basis.into()
    }

    /// How grave its matches are.
    async fn severity(&self) -> Severity {
        self.0.current.text.severity.into()
    }

    /// Whether its terms are watched.
    async fn state(&self) -> PolicyState {
        self.0.current.text.state.into()
    }

    /// The version in force, from 1.
    async fn version(&self) -> i32 {
        self.0.current.version
    }

    /// How far apart, in minutes, the messages of one alert may be.
    async fn grouping_minutes(&self) -> i32 {
        self.0.current.text.grouping_minutes
    }
}

/// Reading policies.
#[derive(Default)]
pub struct PolicyQuery;

#[Object]
impl PolicyQuery {
    /// The company's policies, newest first.
    async fn policies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<Policy>>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadPolicies)?;
        let list = List::root(operation, "policies");
        let args = list.args(&Asked { first, after, last, before })?;
        let loads = operation.loads();
        let tx = loads.moment().tx().await?;
        let page = directory::policies_page(&operation.core, tx, &args).await?;
        let total = page::total(ctx, directory::count_policies(tx)).await?;
        Ok(Some(list.connection(page, total, |policy| policy.position(), |policy| Policy(Arc::new(policy)))))
    }
}

/// A new policy.
#[derive(InputObject)]
pub struct CreatePolicyInput {
    /// What people shall call it.
    name: String,
    /// What its watching is for.
    purpose: String,
    /// The law's ground for it.
    legal_basis: LegalBasis,
    /// How grave its matches are.
    #[graphql(default_with = "Severity::Medium")]
    severity: Severity,
    /// Whether its terms are watched.
    #[graphql(default_with = "PolicyState::Active")]
    state: PolicyState,
    /// How far apart, in minutes, the messages of one alert may be: from 0 to 262800.
    #[graphql(default = 1440)]
    grouping_minutes: i32,
}

/// What is to change in a policy; what is absent stays.
#[derive(InputObject)]
pub struct UpdatePolicyInput {
    /// Which.
    id: ID,
    /// What people shall call it.
    name: Option<String>,
    /// What its watching is for.
    purpose: Option<String>,
    /// The law's ground for it.
    legal_basis: Option<LegalBasis>,
    /// How grave its matches are.
    severity: Option<Severity>,
    /// Whether its terms are watched.
    state: Option<PolicyState>,
    /// How far apart, in minutes, the messages of one alert may be: from 0 to 262800.
    grouping_minutes: Option<i32>,
}

/// A policy as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct PolicyPayload {
    /// The policy.
    policy: Option<Policy>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl PolicyPayload {
    async fn of(operation: &Operation, outcome: Result<PolicyId, Refusal>) -> Result<Option<Self>> {
        let (policy, errors) = operation.settle(outcome).await?;
        Ok(Some(Self { policy: policy.map(Policy), errors }))
    }
}

/// Keeping policies.
#[derive(Default)]
pub struct PolicyMutation;

#[Object]
impl PolicyMutation {
    /// Adds a policy. For data managers.
    async fn create_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The policy.")] input: CreatePolicyInput,
    ) -> Result<Option<PolicyPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManagePolicies)?;
        let outcome = policies::create(&operation.core, &session, operation.caller()?.actor(), input.into()).await?;
        PolicyPayload::of(operation, outcome).await
    }

    /// Gives a policy a new version. Alerts that are there stay with the old one. For data managers.
    async fn update_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which policy, and what changes.")] input: UpdatePolicyInput,
    ) -> Result<Option<PolicyPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManagePolicies)?;
        let id = PolicyId(Kind::Policy.row(&input.id));
        let outcome =
            policies::update(&operation.core, &session, operation.caller()?.actor(), id, input.into()).await?;
        PolicyPayload::of(operation, outcome).await
    }
}

impl From<CreatePolicyInput> for PolicyText {
    fn from(input: CreatePolicyInput) -> Self {
        Self {
            name: input.name,
            purpose: input.purpose,
            legal_basis: input.legal_basis.into(),
            severity: input.severity.into(),
            state: input.state.into(),
            grouping_minutes: input.grouping_minutes,
        }
    }
}

impl From<UpdatePolicyInput> for PolicyChange {
    fn from(input: UpdatePolicyInput) -> Self {
        Self {
            name: input.name,
            purpose: input.purpose,
            legal_basis: input.legal_basis.map(Into::into),
            severity: input.severity.map(Into::into),
            state: input.state.map(Into::into),
            grouping_minutes: input.grouping_minutes,
        }
    }
}
