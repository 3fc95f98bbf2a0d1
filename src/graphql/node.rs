//! Global ids, and everything that has one.
//!
//! An id is `kind:uuid`. Whoever holds one holds nothing: another tenant's, another kind's and nonsense are answered
//! like what does not exist.

use async_graphql::{Context, ID, Interface, Object};
use entity::{
    AlertId, ChannelId, ContactId, ConversationId, HistoryScanId, MatchId, MediaId, MessageId, NumberId, ParkedId,
    PolicyId, TenantId, TermId, UserId,
};
use uuid::Uuid;

use super::alert::Alert;
use super::channel::Channel;
use super::contact::Contact;
use super::context::{InOperation, Operation};
use super::conversation::Conversation;
use super::error::Result;
use super::history::HistoryScan;
use super::matched::Match;
use super::media::Media;
use super::message::Message;
use super::number::MonitoredNumber;
use super::parked::ParkedItem;
use super::policy::Policy;
use super::tenant::Tenant;
use super::term::WatchedTerm;
use super::user::User;
use crate::auth::policy::Act;
use crate::error::Error;

/// Ids that one `nodes` may name.
const MAX_IDS: usize = 100;

macro_rules! kinds {
    ($($kind:ident: $word:literal,)+) => {
        /// What an id is an id of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = concat!("`", $word, ":…`")] $kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// As ids spell it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)+
                }
            }
        }
    };
}

kinds! {
    Tenant: "tenant",
    User: "user",
    Channel: "channel",
    Number: "number",
    Policy: "policy",
    Term: "term",
    Contact: "contact",
    Conversation: "conversation",
    Message: "message",
    Media: "media",
    Match: "match",
    Alert: "alert",
    Parked: "parked",
    HistoryScan: "scan",
}

impl Kind {
    /// The global id of a row.
    pub fn id(self, row: Uuid) -> ID {
        ID(format!("{}:{row}", self.word()))
    }

    /// The row that an id of this kind names. What is none becomes the nil id, which no row has: it then takes the same
    /// way, in the same time, as an id of another tenant.
    pub fn row(self, id: &ID) -> Uuid {
        parse(id).filter(|(kind, _)| *kind == self).map(|(_, row)| row).unwrap_or_default()
    }
}

/// Reads an id. The one spelling that [`Kind::id`] writes is good, and no other.
pub fn parse(id: &ID) -> Option<(Kind, Uuid)> {
    let (word, row) = id.split_once(':')?;
    let kind = Kind::ALL.iter().copied().find(|kind| kind.word() == word)?;
    let row = Uuid::try_parse(row).ok()?;
    (kind.id(row) == *id).then_some((kind, row))
}

/// Something with a global id, by which it can be fetched again.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Names it for good, among all things of all kinds."))]
pub enum Node {
    /// A client company.
    Tenant(Tenant),
    /// A person of a company.
    User(User),
    /// A provider connection.
    Channel(Channel),
    /// A monitored number.
    MonitoredNumber(MonitoredNumber),
    /// A policy.
    Policy(Policy),
    /// A watched term.
    WatchedTerm(WatchedTerm),
    /// An item that was parked.
    ParkedItem(ParkedItem),
    /// The other person of a conversation.
    Contact(Contact),
    /// One number with one contact, or a group.
    Conversation(Conversation),
    /// A message.
    Message(Message),
    /// A medium of a message.
    Media(Media),
    /// A term that was found.
    Match(Match),
    /// An alert.
    Alert(Alert),
    /// A run over stored history.
    HistoryScan(HistoryScan),
}

/// What an id names, as far as the caller may see it.
async fn find(operation: &Operation, id: &ID) -> Result<Option<Node>> {
    let Some((kind, row)) = parse(id) else { return Ok(None) };
    // A role that may not see a kind is told the same as who names what does not exist.
    let may = |act| operation.may(act);
    Ok(match kind {
        Kind::Tenant => super::tenant::find(operation, TenantId(row)).await?.map(Node::Tenant),
        Kind::User if may(Act::ReadUsers) => operation.load(UserId(row)).await?.map(|user| Node::User(User(user))),
        Kind::Channel if may(Act::ReadChannels) || may(Act::ManagePlatformChannels) => {
            operation.load(ChannelId(row)).await?.map(|channel| Node::Channel(Channel(channel)))
        }
        Kind::Number if may(Act::ReadNumbers) => {
            operation.load(NumberId(row)).await?.map(|number| Node::MonitoredNumber(MonitoredNumber(number)))
        }
        Kind::Policy if may(Act::ReadPolicies) => {
            operation.load(PolicyId(row)).await?.map(|policy| Node::Policy(Policy(policy)))
        }
        Kind::Term if may(Act::ReadPolicies) => {
            operation.load(TermId(row)).await?.map(|term| Node::WatchedTerm(WatchedTerm(term)))
        }
        Kind::Parked if may(Act::ReadParked) => {
            operation.load(ParkedId(row)).await?.map(|item| Node::ParkedItem(ParkedItem(item)))
        }
        Kind::Contact if may(Act::ReadConversations) => {
            super::contact::find(operation, ContactId(row)).await?.map(Node::Contact)
        }
        Kind::Conversation if may(Act::ReadConversations) => {
            operation.load(ConversationId(row)).await?.map(|row| Node::Conversation(Conversation(row)))
        }
        Kind::Message if may(Act::ReadConversations) => {
            operation.load(MessageId(row)).await?.map(|row| Node::Message(Message(row)))
        }
        Kind::Media if may(Act::ReadConversations) => {
            operation.load(MediaId(row)).await?.map(|row| Node::Media(Media(row)))
        }
        Kind::Match if may(Act::ReadAlerts) => operation.load(MatchId(row)).await?.map(|row| Node::Match(Match(row))),
        Kind::Alert if may(Act::ReadAlerts) => operation.load(AlertId(row)).await?.map(|row| Node::Alert(Alert(row))),
        Kind::HistoryScan if may(Act::ReadHistoryScans) => {
            operation.load(HistoryScanId(row)).await?.map(|scan| Node::HistoryScan(HistoryScan(scan)))
        }
        Kind::HistoryScan => None,
        Kind::Contact | Kind::Conversation | Kind::Message | Kind::Media | Kind::Match | Kind::Alert => None,
        Kind::User | Kind::Channel | Kind::Number | Kind::Policy | Kind::Term | Kind::Parked => None,
    })
}

/// Fetching by global id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Whatever this id names; null where it does not exist, or is not for the caller to see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As any `id` field gave it.")] id: ID,
    ) -> Result<Option<Node>> {
        let operation = ctx.operation()?;
        operation.caller()?;
        find(operation, &id).await
    }

    /// Whatever these ids name, in their order; null in the place of each that does not exist.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        let operation = ctx.operation()?;
        operation.caller()?;
        if ids.len() > MAX_IDS {
            return Err(
                Error::input(format!("\"ids\" has {} entries; at most {MAX_IDS} are allowed.", ids.len())).into()
            );
        }
        futures_util::future::try_join_all(ids.iter().map(|id| find(operation, id))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_kind_and_row() {
        let row = Uuid::from_u128(7);
        for &kind in Kind::ALL {
            assert_eq!(parse(&kind.id(row)), Some((kind, row)));
            assert_eq!(kind.row(&kind.id(row)), row);
        }
    }

    #[test]
    fn another_kind_and_nonsense_name_nothing() {
        let id = Kind::User.id(Uuid::from_u128(7));
        assert!(Kind::Tenant.row(&id).is_nil());
        for nonsense in [
            "",
            "user",
            "user:",
            "user:7",
            "USER:00000000-0000-0000-0000-000000000007",
            "x:00000000-0000-0000-0000-000000000007",
        ] {
            assert_eq!(parse(&ID::from(nonsense)), None);
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(parse(&ID::from("user:00000000000000000000000000000007")), None);
        assert_eq!(parse(&ID::from("user:0198C0DE-0000-7000-8000-00000000000A")), None);
    }
}
