//! Watched terms.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::{PolicyId, TermId};

use super::context::{InOperation, Operation};
use super::error::{Result, UserError, settle};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::policy::Policy;
use super::scalar::DateTime;
use crate::auth::policy::Act;
use crate::directory;
use crate::error::Error;
use crate::policies::{self, Matchers, NewTerm, TermChange};
use crate::refusal::Refusal;

/// How much is folded away before a text and a pattern are compared.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::term_version::Strictness")]
pub enum Strictness {
    /// Nothing: as typed.
    Exact,
    /// Case and accents.
    Folded,
    /// Also what is used to hide words: l33t, spacing, repeats, look-alikes, zero-width characters.
    Disguised,
}

/// Where in a word a pattern may stand.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::term_version::Mode")]
pub enum MatchMode {
    /// Whole words only.
    Word,
    /// At the beginning of a word.
    Prefix,
    /// Anywhere.
    Substring,
}

/// A built-in detector, which knows form, check digits and context.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "entity::term_version::Detector")]
pub enum Detector {
    /// A person's taxpayer number.
    Cpf,
    /// A company's taxpayer number, the alphanumeric form of 2026 included.
    Cnpj,
    /// A credit or debit card's number.
    PaymentCard,
    /// A key for instant payments.
    PixKey,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A branch and account number.
    BankAccount,
}

/// A term as the schema shows it.
pub struct WatchedTerm(pub Arc<directory::Term>);

/// A word, a phrase or a detector that is watched for. A deleted term still resolves for its old matches.
#[Object]
impl WatchedTerm {
    /// Names it for good, across its changes.
    pub(super) async fn id(&self) -> ID {
        Kind::Term.id(self.0.id.0)
    }

    /// The words that are watched for, as they were written; null for a detector.
    async fn pattern(&self) -> Option<&str> {
        self.0.current.pattern.as_deref()
    }

    /// The detector; null for a pattern.
    async fn detector(&self) -> Option<Detector> {
        self.0.current.detector.map(Into::into)
    }

    /// Where in a word it may stand.
    async fn mode(&self) -> MatchMode {
        self.0.current.mode.into()
    }

    /// How much is folded away before comparing.
    async fn strictness(&self) -> Strictness {
        self.0.current.strictness.into()
    }

    /// The policy it belongs to.
    async fn policy(&self, ctx: &Context<'_>) -> Result<Policy> {
        let policy = ctx.operation()?.load(self.0.policy).await?;
        Ok(Policy(policy.ok_or_else(|| Error::internal("A term has no policy."))?))
    }

    /// When it was first watched.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Since when it is watched no more.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(DateTime)
    }
}

/// Reading terms.
#[derive(Default)]
pub struct TermQuery;

#[Object]
impl TermQuery {
    /// The terms that are watched, newest first.
    async fn terms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only those of this policy.")] policy_id: Option<ID>,
    ) -> Result<Option<Nodes<WatchedTerm>>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadPolicies)?;
        let policy = policy_id.map(|id| PolicyId(Kind::Policy.row(&id)));
        let list = List::root(operation, "terms");
        let args = list.args(&Asked { first, after, last, before })?;
        let loads = operation.loads();
        let tx = loads.moment().tx().await?;
        let page = directory::terms_page(&operation.core, tx, policy, &args).await?;
        let total = page::total(ctx, directory::count_terms(tx, policy)).await?;
        Ok(Some(list.connection(page, total, |term| term.position(), |term| WatchedTerm(Arc::new(term)))))
    }
}

/// A term to be watched: a pattern or a detector.
#[derive(InputObject)]
pub struct CreateTermInput {
    /// Where it belongs; the company's default policy if absent.
    policy_id: Option<ID>,
    /// The words, of at most 512 characters: a word or phrase, or several joined: `"caixa dois" OR propin*`,
    /// `nota NEAR/5 fria`, `desconto UNLESS cupom`. Operators are AND, OR, NOT, NEAR/n and UNLESS, in upper case; `*`
    /// opens the end of a word it touches; quotes make everything between them a phrase.
    pattern: Option<String>,
    /// Or the built-in detector.
    detector: Option<Detector>,
    /// Where in a word it may stand.
    #[graphql(default_with = "MatchMode::Word")]
    mode: MatchMode,
    /// How much is folded away before comparing.
    #[graphql(default_with = "Strictness::Disguised")]
    strictness: Strictness,
}

/// What is to change in a term; what is absent stays.
#[derive(InputObject)]
pub struct UpdateTermInput {
    /// Which.
    id: ID,
    /// The words, as in `createTerm`. A detector has none and cannot be changed.
    pattern: Option<String>,
    /// Where in a word it may stand.
    mode: Option<MatchMode>,
    /// How much is folded away before comparing.
    strictness: Option<Strictness>,
}

/// A term.
#[derive(InputObject)]
pub struct DeleteTermInput {
    /// Which.
    id: ID,
}

/// A term as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct TermPayload {
    /// The term.
    term: Option<WatchedTerm>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl TermPayload {
    async fn of(operation: &Operation, outcome: Result<TermId, Refusal>) -> Result<Option<Self>> {
        let (term, errors) = operation.settle(outcome).await?;
        Ok(Some(Self { term: term.map(WatchedTerm), errors }))
    }
}

/// What came of deleting a term.
#[derive(SimpleObject)]
pub struct DeleteTermPayload {
    /// The term that is watched no more.
    deleted_id: Option<ID>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

/// Keeping terms.
#[derive(Default)]
pub struct TermMutation;

#[Object]
impl TermMutation {
    /// Watches for a term, from the first message that arrives after the answer. For data managers.
    async fn create_term(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The term.")] input: CreateTermInput,
    ) -> Result<Option<TermPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManagePolicies)?;
        let outcome = policies::create_term(
            &operation.core,
            ctx.part::<Matchers>()?,
            &session,
            operation.caller()?.actor(),
            input.into(),
        )
        .await?;
        TermPayload::of(operation, outcome).await
    }

    /// Changes a term, from the next message on. Matches that are there stay as they were. For data managers.
    async fn update_term(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which term, and what changes.")] input: UpdateTermInput,
    ) -> Result<Option<TermPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManagePolicies)?;
        let id = TermId(Kind::Term.row(&input.id));
        let change = TermChange {
            pattern: input.pattern,
            mode: input.mode.map(Into::into),
            strictness: input.strictness.map(Into::into),
        };
        let outcome = policies::update_term(
            &operation.core,
            ctx.part::<Matchers>()?,
            &session,
            operation.caller()?.actor(),
            id,
            change,
        )
        .await?;
        TermPayload::of(operation, outcome).await
    }

    /// Watches for a term no more, from the next message on. For data managers.
    async fn delete_term(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which term.")] input: DeleteTermInput,
    ) -> Result<Option<DeleteTermPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ManagePolicies)?;
        let id = TermId(Kind::Term.row(&input.id));
        let outcome =
            policies::delete_term(&operation.core, ctx.part::<Matchers>()?, &session, operation.caller()?.actor(), id)
                .await?;
        operation.fresh();
        let (deleted, errors) = settle(outcome);
        Ok(Some(DeleteTermPayload { deleted_id: deleted.map(|id| Kind::Term.id(id.0)), errors }))
    }
}

impl From<CreateTermInput> for NewTerm {
    fn from(input: CreateTermInput) -> Self {
        Self {
            policy: input.policy_id.map(|id| PolicyId(Kind::Policy.row(&id))),
            pattern: input.pattern,
            detector: input.detector.map(Into::into),
            mode: input.mode.into(),
            strictness: input.strictness.into(),
        }
    }
}
