//! What every operation of somebody who was let in begins and ends with.

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError, Value};
use futures_util::FutureExt;

use super::context::Operation;
use super::operation::{Begun, Credentials};
use crate::caller::Caller;
use crate::core::Core;
use crate::error::{Error, ErrorCode};
use crate::journal::{AccessJournal, Reading};

/// What operations are begun with.
pub struct Admissions {
    /// What the business stands on.
    pub core: Core,
    /// Where reading content is written down.
    pub access: AccessJournal,
    /// What addresses that are handed out begin with.
    pub public_url: Arc<str>,
}

impl Admissions {
    /// How the operations of one request or socket begin. `alive` is dropped with the last of them.
    pub fn begin(
        self: &Arc<Self>,
        caller: Option<Caller>,
        credentials: Credentials,
        alive: Arc<()>,
    ) -> Arc<dyn Fn(Request) -> Begun + Send + Sync> {
        let admissions = Arc::clone(self);
        Arc::new(move |request: Request| {
            let _held = &alive;
            let operation = Arc::new(Operation::new(
                admissions.core.clone(),
                Arc::clone(&admissions.public_url),
                caller,
                credentials.peer,
                Arc::clone(&credentials.request_id),
            ));
            let request = request.data(Arc::clone(&operation));
            let access = admissions.access.clone();
            let finish = Arc::new(move |response| finish(access.clone(), Arc::clone(&operation), response).boxed());
            Begun { request, finish }
        })
    }
}

/// Ends the operation's moment, and writes down what it showed before anybody sees it.
async fn finish(access: AccessJournal, operation: Arc<Operation>, response: Response) -> Response {
    let reads = operation.take_reads();
    operation.fresh();
    let Some(Caller::User { session, .. }) = operation.caller.filter(|_| !reads.is_empty()) else { return response };
    let reading = Reading {
        scope: operation.core.db.scope(&session),
        actor: crate::journal::Actor::user(session.user),
        things: reads.into_iter().map(|(kind, id)| (kind.word(), id)).collect(),
    };
    match access.write(reading).await {
        Ok(()) => response,
        Err(error) => {
            tracing::error!(
                request_id = &*operation.request_id,
                "reading could not be written down, so nothing is shown: {error}"
            );
            let code = if error.code == ErrorCode::Internal { ErrorCode::Internal } else { ErrorCode::Unavailable };
            unanswered(&Error::new(code, "The record of who reads what cannot be written now. Try again in a moment."))
        }
    }
}

fn unanswered(error: &Error) -> Response {
    let mut failure = ServerError::new(error.message.to_string(), None);
    failure.extensions.get_or_insert_default().set("code", error.code.as_str());
    let mut response = Response::from_errors(vec![failure]);
    response.data = Value::Null;
    response
}
