//! The schema, one file a subject: its object, its queries, its mutations.
//!
//! # How a subject is written
//!
//! - A resolver's first line is `let operation = ctx.operation()?`, its second asks for permission:
//!   `operation.must(Act::…)?` or, where the tenant's proof is needed, `operation.tenant(Act::…)?`.
//! - It calls one business function and returns [`error::Result`]; `?` on a business error keeps its code. Root fields
//!   are nullable: `Result<Option<…>>`.
//! - An object is a newtype round the `Arc` of what was opened: nothing of a row is shown that was not written out. Its
//!   description in the schema is the comment on its `impl`; a connection's is given in [`builder`].
//! - An object that is a `Node` has a `pub(super) async fn id`.
//! - Things that are pointed at come from `operation.load(SomeId(…))`, which batches. A new loader is an
//!   `impl Loader<SomeId> for Moment` in the subject's own file (see [`loaders`]). What is missing is `None`.
//! - Pages: `List::root(operation, "name")` or `List::new(operation, "name", parent)`, `args`, a page read from
//!   `operation.loads().moment().tx()`, `connection` ([`page`]).
//! - A mutation's payload: `operation.settle(outcome)` reads what the business function's id names in a moment after the
//!   commit. Payloads without a thing use [`error::settle`].
//! - Ids: `Kind::X.id(row)` out, `Kind::X.row(&id)` in; what is no such id becomes the nil id, which nothing has.
//! - Content that is shown is noted: `operation.note_read(Kind::X, id)`.
//! - What lives as long as the server (accounts, feeds) is data of the schema: `ctx.part::<Accounts>()?`.
//! - Enumerations are `#[graphql(remote = "…")]` of the entity's, so that a new variant does not compile until it is named.
//!
//! A new subject adds its structs to [`Query`], [`Mutation`] and [`Subscription`] below, and what has an id of its own to
//! `Node` and `find` in [`node`].

pub mod admission;
pub mod alert;
pub mod alert_events;
mod batch;
pub mod channel;
pub mod contact;
pub mod context;
pub mod conversation;
pub mod error;
pub mod history;
pub mod limits;
pub mod loaders;
pub mod matched;
pub mod media;
pub mod message;
mod message_loads;
pub mod node;
pub mod number;
pub mod operation;
pub mod page;
pub mod parked;
pub mod policy;
pub mod preview;
pub mod scalar;
pub mod tenant;
pub mod term;
pub mod user;
pub mod viewer;

use std::sync::Arc;

use async_graphql::{MergedObject, SDLExportOptions, SchemaBuilder};

use crate::accounts::Accounts;
use crate::history::Previews;
use crate::inbox::Inbox;
use crate::jobs::Jobs;
use crate::numbers::channels::Channels;
use crate::policies::Matchers;
use crate::telemetry::Metrics;

use page::Nodes;

pub use batch::{Driven, Loads};

/// Everything that can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    viewer::ViewerQuery,
    node::NodeQuery,
    tenant::TenantQuery,
    user::UserQuery,
    channel::ChannelQuery,
    number::NumberQuery,
    policy::PolicyQuery,
    term::TermQuery,
    parked::ParkedQuery,
    conversation::ConversationQuery,
    alert::AlertQuery,
    preview::PreviewQuery,
    history::HistoryQuery,
);

/// Everything that can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(
    viewer::ViewerMutation,
    tenant::TenantMutation,
    user::UserMutation,
    channel::ChannelMutation,
    number::NumberMutation,
    policy::PolicyMutation,
    term::TermMutation,
    parked::ParkedMutation,
    history::HistoryMutation,
);

/// Everything that can be listened to.
pub type Subscription = alert_events::AlertSubscription;

/// The schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    // Depth and size are measured before, in `limits`; a misspelt name is no way to learn the others.
    Schema::build(Query::default(), Mutation::default(), alert_events::AlertSubscription)
        .disable_suggestions()
        .override_output_type_description::<Nodes<tenant::Tenant>>("A page of companies.")
        .override_output_type_description::<Nodes<user::User>>("A page of a company's people.")
        .override_output_type_description::<Nodes<channel::Channel>>("A page of provider connections.")
        .override_output_type_description::<Nodes<number::MonitoredNumber>>("A page of monitored numbers.")
        .override_output_type_description::<Nodes<policy::Policy>>("A page of policies.")
        .override_output_type_description::<Nodes<term::WatchedTerm>>("A page of watched terms.")
        .override_output_type_description::<Nodes<parked::ParkedItem>>("A page of parked items.")
        .override_output_type_description::<Nodes<conversation::Conversation>>("A page of conversations.")
        .override_output_type_description::<Nodes<message::Message>>("A page of a conversation's messages.")
        .override_output_type_description::<Nodes<matched::Match>>("A page of an alert's matches.")
        .override_output_type_description::<Nodes<alert_events::AlertEvent>>("A page of what happened to an alert.")
        .override_output_type_description::<Nodes<history::HistoryScan>>("A page of runs over stored history.")
        .override_output_type_description::<alert::Alerts>("A page of alerts.")
}

/// The schema with what it needs for as long as the server lives, ready to be handed operations, each with its
/// [`context::Operation`] in an `Arc` in the request's data.
pub fn schema(
    accounts: Arc<Accounts>,
    channels: Arc<Channels>,
    inbox: Arc<Inbox>,
    matchers: Arc<Matchers>,
    jobs: Arc<Jobs>,
    metrics: Metrics,
) -> Driven {
    let previews = Arc::<Previews>::default();
    let schema = builder().data(accounts).data(channels).data(inbox).data(matchers).data(jobs).data(previews);
    Driven(schema.data(Arc::new(metrics)).finish())
}

/// The schema's text, the same for the same schema.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .include_specified_by()
        .use_space_ident()
        .prefer_single_line_descriptions();
    builder().finish().sdl_with_options(options)
}

#[cfg(test)]
mod tests {
    use async_graphql::Positioned;
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};

    fn of_values(owner: &str, values: &[Positioned<InputValueDefinition>], bare: &mut Vec<String>) {
        for value in values.iter().filter(|value| value.node.description.is_none()) {
            bare.push(format!("{owner}.{}", value.node.name.node));
        }
    }

    fn of_fields(owner: &str, fields: &[Positioned<FieldDefinition>], bare: &mut Vec<String>) {
        for field in fields {
            let name = format!("{owner}.{}", field.node.name.node);
            of_values(&name, &field.node.arguments, bare);
            if field.node.description.is_none() {
                bare.push(name);
            }
        }
    }

    #[test]
    fn every_type_field_argument_and_value_is_described() {
        let document = parse_schema(super::sdl()).unwrap();
        let mut bare = Vec::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            if definition.node.description.is_none() {
                bare.push(name.clone());
            }
            match definition.node.kind {
                TypeKind::Object(object) => of_fields(&name, &object.fields, &mut bare),
                TypeKind::Interface(interface) => of_fields(&name, &interface.fields, &mut bare),
                TypeKind::InputObject(input) => of_values(&name, &input.fields, &mut bare),
                TypeKind::Enum(values) => {
                    for value in values.values.iter().filter(|value| value.node.description.is_none()) {
                        bare.push(format!("{name}.{}", value.node.value.node));
                    }
                }
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
        }
        assert_eq!(bare, Vec::<String>::new());
    }
}
