//! One GraphQL operation from its parameters to its answer, whatever protocol carried it.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use async_graphql::{
    ErrorExtensionValues, Executor, Extensions, Name, PathSegment, Positioned, Request, Response, ServerError, Value,
    Variables,
    indexmap::IndexMap,
    parser::types::{
        DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType, Selection,
        SelectionSet,
    },
};
use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::limits::{self, Refusal};

mod order;

use order::Order;

/// How long a query or a mutation may take, its [`Finish`] included.
const DEADLINE: Duration = Duration::from_secs(10);
/// Errors of one refused document that are shown; a long one can have thousands.
const MAX_SHOWN_ERRORS: usize = 10;

/// The schema, its type forgotten.
#[derive(Clone)]
pub struct Engine {
    execute: Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>,
    subscribe: Arc<dyn Fn(Request) -> BoxStream<'static, Response> + Send + Sync>,
}

impl Engine {
    /// Takes the finished schema.
    pub fn new(schema: impl Executor) -> Self {
        let executor = schema.clone();
        let execute = move |request| {
            let executor = executor.clone();
            async move { executor.execute(request).await }.boxed()
        };
        Self { execute: Arc::new(execute), subscribe: Arc::new(move |request| schema.execute_stream(request, None)) }
    }
}

/// What somebody who wants in shows.
pub struct Credentials {
    /// The bearer token without its scheme; `None` when none was shown.
    pub token: Option<String>,
    /// The client's address.
    pub peer: IpAddr,
    /// The id of the HTTP request, or of the one that opened the socket.
    pub request_id: Arc<str>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The token is wrong, expired or revoked. The answer has the same words for all of these.
    Unauthenticated,
    /// The token is good, but its holder may do nothing now: the tenant is suspended.
    Forbidden,
    /// It could not be found out now.
    Unavailable,
}

/// Decides who may come in. Called once for each HTTP request and once for each socket.
pub type Authenticate =
    Arc<dyn Fn(Credentials) -> BoxFuture<'static, Result<Admission, Refused>> + Send + Sync + 'static>;

/// Somebody who was let in, signed in or not.
#[derive(Clone)]
pub struct Admission {
    /// Prepares each operation: called before it is executed.
    pub begin: Arc<dyn Fn(Request) -> Begun + Send + Sync>,
    /// How long the token is still good; a socket is closed then. `None` for who showed none.
    pub valid_for: Option<Duration>,
    /// Cancelled when the session ends; the sockets of the session are closed then.
    pub revoked: CancellationToken,
}

/// An operation that is ready to be executed.
pub struct Begun {
    /// The request with the caller and the loaders in its data.
    pub request: Request,
    /// What the response passes through, and each event of a subscription, before anybody sees it.
    pub finish: Finish,
}

/// The last step of an operation, where what was read is entered into the journal.
pub type Finish = Arc<dyn Fn(Response) -> BoxFuture<'static, Response> + Send + Sync>;

/// The parameters of a GraphQL request, the same in a POST body and in a `subscribe` message.
///
/// <https://graphql.github.io/graphql-over-http/draft/#sec-Request-Parameters>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    /// The document.
    pub query: String,
    /// Which of the document's operations to execute.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// Values of the operation's variables.
    #[serde(default)]
    pub variables: Option<Variables>,
    /// Reserved for implementers; unused here, but its type is checked.
    #[serde(default)]
    pub extensions: Option<Extensions>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads.
    Query,
    /// Changes.
    Mutation,
    /// Goes on.
    Subscription,
}

/// An operation that keeps the limits of [`limits`].
pub struct Checked {
    request: Request,
    kind: Kind,
    introspects: bool,
    order: Order,
}

impl Checked {
    /// What the operation does.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// Parses and measures the document and finds the operation in it. Costs no statement.
///
/// # Errors
/// The answer to give, without `data`.
pub fn check(params: Params, request_id: &str) -> Result<Checked, Answer> {
    let variables = params.variables.unwrap_or_default();
    let document = limits::parse(&params.query, &variables).map_err(|refusal| {
        let mut answer = Answer::refusal(refusal.code(), &refusal.to_string(), request_id);
        if let (Refusal::Syntax { at: Some(at), .. }, Some(error)) = (&refusal, answer.errors.first_mut()) {
            error.locations.push(*at);
        }
        answer
    })?;
    let bad_input = |message: &str| Answer::refusal("BAD_USER_INPUT", message, request_id);
    let operation = select(&document, params.operation_name.as_deref()).map_err(bad_input)?;
    if let Some(missing) = missing_variable(operation, &variables) {
        return Err(bad_input(&format!("Variable \"${missing}\" must not be null.")));
    }
    let kind = match operation.ty {
        OperationType::Query => Kind::Query,
        OperationType::Mutation => Kind::Mutation,
        OperationType::Subscription => Kind::Subscription,
    };
    let order = Order::of(&operation.selection_set.node, &document.fragments);
    let introspects = introspects(&operation.selection_set.node, &document.fragments);
    let mut request = Request::new(params.query).variables(variables);
    request.operation_name = params.operation_name;
    request.extensions = params.extensions.unwrap_or_default();
    request.set_parsed_query(document);
    Ok(Checked { request, kind, introspects, order })
}

/// Whether one of the root fields asks for the schema.
fn introspects(set: &SelectionSet, fragments: &HashMap<Name, Positioned<FragmentDefinition>>) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => matches!(field.node.name.node.as_str(), "__schema" | "__type"),
        Selection::InlineFragment(inline) => introspects(&inline.node.selection_set.node, fragments),
        Selection::FragmentSpread(spread) => fragments
            .get(&spread.node.fragment_name.node)
            .is_some_and(|fragment| introspects(&fragment.node.selection_set.node, fragments)),
    })
}

/// The answer to who may not have what the operation asks for, before anything is executed.
fn withheld(admission: &Admission, checked: &Checked, request_id: &str) -> Option<Answer> {
    let is_withheld = checked.introspects && admission.valid_for.is_none();
    is_withheld.then(|| Answer::refusal("UNAUTHENTICATED", "Sign in to ask for the schema.", request_id))
}

/// <https://spec.graphql.org/October2021/#GetOperation()>
fn select<'d>(document: &'d ExecutableDocument, name: Option<&str>) -> Result<&'d OperationDefinition, &'static str> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(only), None) => Some(only),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(named), Some(name)) => named.get(name),
        (DocumentOperations::Multiple(named), None) if named.len() == 1 => named.values().next(),
        (DocumentOperations::Multiple(_), None) => {
            return Err("The document has several operations: \"operationName\" must say which one is meant.");
        }
    };
    found.map(|operation| &operation.node).ok_or("The document has no operation of the name in \"operationName\".")
}

/// The executor would only stumble over it in the middle of the response.
///
/// <https://spec.graphql.org/October2021/#CoerceVariableValues()>
fn missing_variable<'d>(operation: &'d OperationDefinition, variables: &Variables) -> Option<&'d str> {
    let missing = operation.variable_definitions.iter().map(|definition| &definition.node).find(|definition| {
        let given = variables.get(&definition.name.node);
        let is_absent = given.is_none() && definition.default_value.is_none();
        !definition.var_type.node.nullable && (is_absent || given == Some(&Value::Null))
    });
    missing.map(|definition| definition.name.node.as_str())
}

/// Executes a query or a mutation. A panic in a resolver becomes an answer.
pub async fn execute(engine: &Engine, admission: &Admission, checked: Checked, request_id: &str) -> Answer {
    if let Some(answer) = withheld(admission, &checked, request_id) {
        return answer;
    }
    let work = async {
        let Begun { request, finish } = (admission.begin)(checked.request);
        finish((engine.execute)(request).await).await
    };
    match AssertUnwindSafe(tokio::time::timeout(DEADLINE, work)).catch_unwind().await {
        Ok(Ok(mut response)) => {
            complete(&mut response);
            checked.order.arrange(&mut response.data);
            Answer::of(response, request_id)
        }
        Ok(Err(_elapsed)) => Answer::refusal("TIMEOUT", "The operation took too long and was given up.", request_id),
        Err(_panic) => Answer::panicked(request_id),
    }
}

/// Puts null where the executor left a failed field out of its object, or it and all its neighbours. By the schema's law
/// root fields are nullable, so null is right there; a field that failed further down may not be, and takes its
/// root field with it. (A resolver that returns `Option<Result<_>>` has put its null itself, and nothing else is lost.)
///
/// <https://spec.graphql.org/October2021/#sec-Handling-Field-Errors>
fn complete(response: &mut Response) {
    let mut root = match &mut response.data {
        Value::Object(root) => std::mem::take(root),
        Value::Null if response.errors.iter().any(|error| !error.path.is_empty()) => IndexMap::new(),
        _ => return,
    };
    for error in &response.errors {
        let [PathSegment::Field(key), below @ ..] = error.path.as_slice() else { continue };
        if !root.get(key.as_str()).is_some_and(|value| reaches(value, below)) {
            root.insert(Name::new(key), Value::Null);
        }
    }
    response.data = Value::Object(root);
}

fn reaches(value: &Value, path: &[PathSegment]) -> bool {
    match (value, path) {
        (_, []) => true,
        (Value::Object(fields), [PathSegment::Field(key), below @ ..]) => {
            fields.get(key.as_str()).is_some_and(|value| reaches(value, below))
        }
        (Value::List(entries), [PathSegment::Index(index), below @ ..]) => {
            entries.get(*index).is_some_and(|value| reaches(value, below))
        }
        _ => false,
    }
}

/// Executes any operation; a query or a mutation is a stream of one answer. After an answer without `data`
/// ([`Answer::refusal_code`]) nothing worth sending follows.
pub fn execute_stream(
    engine: Engine,
    admission: Admission,
    checked: Checked,
    request_id: Arc<str>,
) -> BoxStream<'static, Answer> {
    if checked.kind != Kind::Subscription {
        return stream::once(async move { execute(&engine, &admission, checked, &request_id).await }).boxed();
    }
    let Checked { request, order, .. } = checked;
    let events = stream::once(async move {
        let Begun { request, finish } = (admission.begin)(request);
        (engine.subscribe)(request).then(move |response| finish(response))
    });
    AssertUnwindSafe(events.flatten())
        .catch_unwind()
        .map(move |event| match event {
            Ok(mut response) => {
                order.arrange(&mut response.data);
                Answer::of(response, &request_id)
            }
            Err(_panic) => Answer::panicked(&request_id),
        })
        .boxed()
}

/// What the client gets, in the order of the specification: errors first.
///
/// <https://spec.graphql.org/October2021/#sec-Response-Format>
#[derive(Serialize)]
pub struct Answer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, Value>,
}

/// The errors of an [`Answer`].
#[derive(Serialize)]
pub struct Errors<'a>(&'a [ServerError]);

impl Answer {
    /// An answer with one error and no `data`: nothing was executed.
    pub fn refusal(code: &'static str, message: &str, request_id: &str) -> Self {
        let mut error = ServerError::new(message, None);
        label(&mut error, code, request_id);
        Self { errors: vec![error], data: None, extensions: BTreeMap::new() }
    }

    /// The answer to who is not let in.
    pub fn refused(refused: Refused, request_id: &str) -> Self {
        let (code, message) = match refused {
            Refused::Unauthenticated => ("UNAUTHENTICATED", "The access token is not valid. Sign in again."),
            Refused::Forbidden => ("FORBIDDEN", "The company's access is suspended."),
            Refused::Unavailable => ("UNAVAILABLE", "The server cannot answer now. Try again in a moment."),
        };
        Self::refusal(code, message, request_id)
    }

    /// The code of the first error when there is no `data`, which means that nothing was executed or that it broke.
    pub fn refusal_code(&self) -> Option<&str> {
        if self.data.is_some() {
            return None;
        }
        let code = self.errors.first().and_then(|error| error.extensions.as_ref()?.get("code"));
        Some(match code {
            Some(Value::String(code)) => code,
            _ => "INTERNAL",
        })
    }

    /// Its errors alone, as the payload of an `error` message.
    pub fn errors(&self) -> Errors<'_> {
        Errors(&self.errors)
    }

    fn panicked(request_id: &str) -> Self {
        tracing::error!(request_id, "a resolver panicked");
        Self::refusal("INTERNAL", INTERNAL, request_id)
    }

    fn of(response: Response, request_id: &str) -> Self {
        let Response { data, extensions, mut errors, .. } = response;
        // What has no path was found before execution, and then there is no `data`, not even null.
        let refused = data == Value::Null && !errors.is_empty() && errors.iter().all(|error| error.path.is_empty());
        if refused {
            errors.truncate(MAX_SHOWN_ERRORS);
        }
        for error in &mut errors {
            classify(error, request_id);
        }
        Self { errors, data: (!refused).then_some(data), extensions }
    }
}

const INTERNAL: &str = "Something went wrong on the server. The request id finds it in the log.";

/// Gives every error a code and the request id. What has no code is the client's fault if it was found before a resolver
/// ran or in an argument; anything else is ours, and its text stays here.
fn classify(error: &mut ServerError, request_id: &str) {
    let has_code = matches!(error.extensions.as_ref().and_then(|values| values.get("code")), Some(Value::String(_)));
    if has_code {
        error.extensions.get_or_insert_default().set("requestId", request_id);
    } else if error.source.is_none() && (error.path.is_empty() || is_about_an_argument(&error.message)) {
        label(error, "BAD_USER_INPUT", request_id);
    } else {
        tracing::error!(request_id, "a resolver failed with an error that has no code");
        INTERNAL.clone_into(&mut error.message);
        error.extensions = None;
        label(error, "INTERNAL", request_id);
    }
}

/// async-graphql reads arguments while it resolves, and tells its complaints by their words alone
/// (`InputValueError` in its `error.rs`).
fn is_about_an_argument(message: &str) -> bool {
    message.starts_with("Failed to parse \"") || message.starts_with("Expected input type \"")
}

fn label(error: &mut ServerError, code: &'static str, request_id: &str) {
    let values: &mut ErrorExtensionValues = error.extensions.get_or_insert_default();
    values.set("code", code);
    values.set("requestId", request_id);
}

#[cfg(test)]
mod tests;
