//! Who may do what: the one permission table.
//!
//! Nothing else decides about roles. Whether a thing exists for the caller at all is decided before, by the tenant.

pub use entity::user::Role;

/// Who is acting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Staff of the platform, outside every tenant.
    Operator,
    /// A user of the tenant in question.
    User(Role),
}

impl Who {
    /// Everybody, in the order of the matrix's columns.
    pub const ALL: [Who; 5] = [
        Who::Operator,
        Who::User(Role::Owner),
        Who::User(Role::DataManager),
        Who::User(Role::Reviewer),
        Who::User(Role::Auditor),
    ];

    /// The name in the matrix.
    pub fn title(self) -> &'static str {
        match self {
            Who::Operator => "Operator",
            Who::User(Role::Owner) => "Owner",
            Who::User(Role::DataManager) => "Data manager",
            Who::User(Role::Reviewer) => "Reviewer",
            Who::User(Role::Auditor) => "Auditor",
        }
    }
}

/// Declares the acts once, so that the list and the titles cannot fall behind the enum.
macro_rules! acts {
    ($($act:ident: $title:literal,)+) => {
        /// Something that needs a permission.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Act {
            $(#[doc = concat!("To ", $title, ".")] $act,)+
        }

        impl Act {
            /// Every act, in the order of the matrix's rows.
            pub const ALL: &[Act] = &[$(Act::$act),+];

            /// The act as a verb phrase in lower case, for the matrix and for the sentence that refuses it.
            pub fn title(self) -> &'static str {
                match self {
                    $(Act::$act => $title,)+
                }
            }
        }
    };
}

acts! {
    ReadTenants: "read tenants",
    ManageTenants: "create, suspend and resume tenants",
    ReadParked: "read the facts about parked items",
    ReplayParked: "replay parked items",
    ManagePlatformChannels: "read and keep the platform's channels",
    BindPlatformNumbers: "read and bind numbers on the platform's channels",
    ReadUsers: "read users",
    ManageUsers: "create, change and disable users",
    ChangeOwnPassword: "change one's own password",
    ReadChannels: "read the tenant's channels",
    ManageChannels: "create the tenant's channels and rotate their secrets",
    ReadNumbers: "read the tenant's numbers",
    ManageNumbers: "register the tenant's numbers",
    ReadPolicies: "read policies and terms",
    ManagePolicies: "create, change and delete policies and terms",
    PreviewTerms: "preview terms",
    ReadHistoryScans: "read scans of history, without content",
    ScanHistory: "run policies over history and cancel scans",
    ReadConversations: "read conversations, without content",
    ReadAlerts: "read alerts, without content",
    ReadContent: "read content: texts, names, phones, provider ids",
    SubscribeAlerts: "subscribe to alerts",
}

/// Says whether `who` may do `act`. The whole policy stands here.
pub fn may(who: Who, act: Act) -> bool {
    use Role::{DataManager, Owner, Reviewer};
    // No `_` over acts: a new one must not compile until somebody has decided whose it is.
    match act {
        Act::ReadTenants
        | Act::ManageTenants
        | Act::ReadParked
        | Act::ReplayParked
        | Act::ManagePlatformChannels
        | Act::BindPlatformNumbers => who == Who::Operator,

        Act::ChangeOwnPassword => true,

        Act::ReadUsers
        | Act::ReadChannels
        | Act::ReadNumbers
        | Act::ReadPolicies
        | Act::ReadHistoryScans
        | Act::ReadConversations
        | Act::ReadAlerts
        | Act::SubscribeAlerts => matches!(who, Who::User(_)),

        Act::ManageUsers | Act::ManageChannels | Act::ManageNumbers => who == Who::User(Owner),

        Act::ManagePolicies | Act::PreviewTerms | Act::ScanHistory => who == Who::User(DataManager),

        Act::ReadContent => matches!(who, Who::User(DataManager | Reviewer)),
    }
}

/// Prints the table in Markdown, for the documentation.
pub fn matrix() -> String {
    let row = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut table = row(std::iter::once("").chain(Who::ALL.map(Who::title)).collect());
    table.push_str(&format!("|---|{}\n", ":-:|".repeat(Who::ALL.len())));
    for &act in Act::ALL {
        let cells = Who::ALL.map(|who| if may(who, act) { "yes" } else { "–" });
        table.push_str(&row(std::iter::once(act.title()).chain(cells).collect()));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_the_one_agreed_upon() {
        let expected = "\
|  | Operator | Owner | Data manager | Reviewer | Auditor |
|---|:-:|:-:|:-:|:-:|:-:|
| read tenants | yes | – | – | – | – |
| create, suspend and resume tenants | yes | – | – | – | – |
| read the facts about parked items | yes | – | – | – | – |
| replay parked items | yes | – | – | – | – |
| read and keep the platform's channels | yes | – | – | – | – |
| read and bind numbers on the platform's channels | yes | – | – | – | – |
| read users | – | yes | yes | yes | yes |
| create, change and disable users | – | yes | – | – | – |
| change one's own password | yes | yes | yes | yes | yes |
| read the tenant's channels | – | yes | yes | yes | yes |
| create the tenant's channels and rotate their secrets | – | yes | – | – | – |
| read the tenant's numbers | – | yes | yes | yes | yes |
| register the tenant's numbers | – | yes | – | – | – |
| read policies and terms | – | yes | yes | yes | yes |
| create, change and delete policies and terms | – | – | yes | – | – |
| preview terms | – | – | yes | – | – |
| read scans of history, without content | – | yes | yes | yes | yes |
| run policies over history and cancel scans | – | – | yes | – | – |
| read conversations, without content | – | yes | yes | yes | yes |
| read alerts, without content | – | yes | yes | yes | yes |
| read content: texts, names, phones, provider ids | – | – | yes | yes | – |
| subscribe to alerts | – | yes | yes | yes | yes |
";
        assert_eq!(matrix(), expected);
    }

    #[test]
    fn owners_auditors_and_operators_read_no_content() {
        for who in [Who::Operator, Who::User(Role::Owner), Who::User(Role::Auditor)] {
            assert!(!may(who, Act::ReadContent));
        }
    }

    #[test]
    fn no_title_stands_for_two_acts() {
        let mut titles: Vec<_> = Act::ALL.iter().map(|act| act.title()).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), Act::ALL.len());
    }
}
