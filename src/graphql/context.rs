//! What the resolvers of one operation share.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use async_graphql::dataloader::Loader;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::batch::{Loads, Queue};
use super::error::{Failure, Result, UserError};
use super::node::Kind;
use crate::auth::policy::Act;
use crate::caller::Caller;
use crate::core::Core;
use crate::db::{Session, TenantProof, TenantScope, TenantTx};
use crate::error::Error;
use crate::refusal::Refusal;

/// One operation: who asks, what it stands on, and what it has loaded. In the request's data as an `Arc`.
pub struct Operation {
    /// What the business stands on.
    pub core: Core,
    /// Who asks; `None` when nobody is signed in.
    pub caller: Option<Caller>,
    /// What addresses that are handed out begin with; no slash at its end.
    pub public_url: Arc<str>,
    /// Where the request came from.
    pub client_address: IpAddr,
    /// The request, for the log.
    pub request_id: Arc<str>,
    queue: Arc<Queue>,
    loads: Mutex<Arc<Loads>>,
    reads: Mutex<BTreeSet<(Kind, Uuid)>>,
}

impl Operation {
    /// An operation that has loaded nothing yet.
    pub fn new(
        core: Core,
        public_url: Arc<str>,
        caller: Option<Caller>,
        client_address: IpAddr,
        request_id: Arc<str>,
    ) -> Self {
        let queue = Arc::<Queue>::default();
        let loads = Mutex::new(Loads::begin(seen_by(&core, caller), &queue));
        Self { core, caller, public_url, client_address, request_id, queue, loads, reads: Mutex::default() }
    }

    /// Who asks.
    ///
    /// # Errors
    /// UNAUTHENTICATED.
    pub fn caller(&self) -> Result<Caller> {
        self.caller.ok_or_else(|| Error::unauthenticated().into())
    }

    /// Whether somebody is signed in who may: for content that is shown to some and left out for others.
    pub fn may(&self, act: Act) -> bool {
        self.caller.is_some_and(|caller| caller.may(act))
    }

    /// Goes on only if the caller may. The first line of every resolver of a root field.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub fn must(&self, act: Act) -> Result<Caller> {
        let caller = self.caller()?;
        caller.must(act)?;
        Ok(caller)
    }

    /// The proof of the caller's tenant, if the caller may.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub fn tenant(&self, act: Act) -> Result<Session> {
        Ok(self.caller()?.tenant(act)?)
    }

    /// The moment that everything is read from: pages from its [`Moment::tx`].
    pub fn loads(&self) -> Arc<Loads> {
        Arc::clone(&self.loads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One thing, in one statement with all the others of its kind that are asked for at the same time. The type of the
    /// key says what is loaded.
    ///
    /// # Errors
    /// What the loader fails with.
    pub async fn load<K>(&self, key: K) -> Result<Option<<Moment as Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Moment: Loader<K, Error = Failure>,
    {
        self.loads().load(key).await
    }

    /// What a mutation's payload shows: the thing as it stands after the commit, or why nothing was done.
    ///
    /// # Errors
    /// What the loader fails with.
    pub async fn settle<K>(
        &self,
        outcome: Result<K, Refusal>,
    ) -> Result<(Option<<Moment as Loader<K>>::Value>, Vec<UserError>)>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Moment: Loader<K, Error = Failure>,
    {
        self.fresh();
        match outcome {
            Ok(key) => Ok((self.load(key).await?, Vec::new())),
            Err(refusal) => Ok((None, vec![refusal.into()])),
        }
    }

    /// Everything that is loaded from now on is of a new moment. A mutation calls it after its commit, before it loads
    /// what its payload shows; so does a subscription before each event, and whoever ends the operation.
    pub fn fresh(&self) {
        let loads = self.loads_of(self.caller);
        *self.loads.lock().unwrap_or_else(PoisonError::into_inner) = loads;
    }

    /// A moment of its own, as somebody sees it who was not signed in when the operation began.
    pub fn loads_of(&self, caller: Option<Caller>) -> Arc<Loads> {
        Loads::begin(seen_by(&self.core, caller), &self.queue)
    }

    /// A moment of its own, of the tenant that an operator has just acted on.
    pub fn loads_on(&self, proof: &impl TenantProof) -> Arc<Loads> {
        let scope = self.core.db.scope(proof);
        Loads::begin(Moment::new(self.core.clone(), self.caller, Some(scope)), &self.queue)
    }

    /// Remembers that content of this thing is shown to the caller, for the access journal. Called by every resolver of
    /// content, only where content really is shown.
    pub fn note_read(&self, kind: Kind, id: Uuid) {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).insert((kind, id));
    }

    /// What was shown since the last call.
    pub fn take_reads(&self) -> BTreeSet<(Kind, Uuid)> {
        std::mem::take(&mut self.reads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }
}

fn seen_by(core: &Core, caller: Option<Caller>) -> Moment {
    let scope = match caller {
        Some(Caller::User { session, .. }) => Some(core.db.scope(&session)),
        Some(Caller::Operator { .. }) | None => None,
    };
    Moment::new(core.clone(), caller, scope)
}

/// One moment of the database, as one person may see it: a read transaction that opens at the first load.
///
/// Loaders are implemented on it, one for each type of key.
pub struct Moment {
    core: Core,
    caller: Option<Caller>,
    scope: Option<TenantScope>,
    tx: OnceCell<TenantTx>,
}

impl Moment {
    fn new(core: Core, caller: Option<Caller>, scope: Option<TenantScope>) -> Self {
        Self { core, caller, scope, tx: OnceCell::new() }
    }

    /// What the business stands on.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Whether platform staff look.
    pub fn is_operators(&self) -> bool {
        matches!(self.caller, Some(Caller::Operator { .. }))
    }

    /// The transaction on the tenant's rows.
    ///
    /// # Errors
    /// UNAUTHENTICATED; FORBIDDEN to operators, who have no tenant; what the database says.
    pub async fn tx(&self) -> Result<&TenantTx> {
        let no_tenant = if self.caller.is_some() { Error::forbidden } else { Error::unauthenticated };
        let scope = self.scope.as_ref().ok_or_else(no_tenant)?;
        Ok(self.tx.get_or_try_init(|| scope.read()).await?)
    }
}

/// Finds the operation from within a resolver.
pub trait InOperation {
    /// The operation.
    ///
    /// # Errors
    /// When the request carries none: a fault of whoever began it.
    fn operation(&self) -> Result<&Operation>;

    /// A part of the server that lives as long as it does: what the schema was built with.
    ///
    /// # Errors
    /// When the schema was built without it: a fault of whoever built it.
    fn part<T: Send + Sync + 'static>(&self) -> Result<&T>;
}

impl InOperation for Context<'_> {
    fn part<T: Send + Sync + 'static>(&self) -> Result<&T> {
        match self.data_opt::<Arc<T>>() {
            Some(part) => Ok(part),
            None => {
                Err(Error::internal(format!("The schema was built without {}.", std::any::type_name::<T>())).into())
            }
        }
    }

    fn operation(&self) -> Result<&Operation> {
        match self.data_opt::<Arc<Operation>>() {
            Some(operation) => Ok(operation),
            None => Err(Error::internal("A request carries no operation.").into()),
        }
    }
}
