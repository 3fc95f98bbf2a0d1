//! How each operation of the schema is tried on another company's things.
//!
//! In a document, `<kind>` is a hole: it is filled with the other company's id of that kind, then with one that nobody
//! has. `<*>` stands for every kind there is. Also `<email>`, `<slug>`, `<phone>` (a contact's), `<line>` (a number's),
//! `<provider>` (the provider's id of a number) and `<refresh>` (a refresh token with a changed proof). `<own-…>` is a
//! thing of the caller's company.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, Type, TypeDefinition, TypeKind, TypeSystemDefinition};

const NODE: &str = "__typename id ... on Tenant { name slug } ... on User { name email } ... on Channel { name webhookUrl } \
    ... on MonitoredNumber { phone label } ... on Policy { name purpose } ... on WatchedTerm { pattern } ... on Contact { name phone } \
    ... on Conversation { lastMessageAt } ... on Message { text providerId } ... on Media { fileName mimeType } \
    ... on Match { pattern sourceText } ... on Alert { sequence } ... on HistoryScan { pattern hits } ... on ParkedItem { reason }";

/// The documents of every operation. `signOut` comes last: it ends the session that the others need.
const CASES: &[(&str, &[&str])] = &[
    ("Query.viewer", &["{ viewer { isOperator role user { id name email } tenant { id name slug } } }"]),
    ("Query.node", &["{ node(id: \"<*>\") { NODE } }"]),
    ("Query.nodes", &["{ nodes(ids: [\"<*>\"]) { NODE } }"]),
    ("Query.tenants", &["{ tenants { totalCount nodes { id name slug } } }"]),
    ("Query.users", &["{ users { totalCount nodes { id name email } } }"]),
    ("Query.channels", &["{ channels { nodes { id name webhookUrl } } }"]),
    ("Query.numbers", &["{ numbers { totalCount nodes { id phone label channel { id name } } } }"]),
    ("Query.policies", &["{ policies { totalCount nodes { id name purpose } } }"]),
    (
        "Query.terms",
        &[
            "{ terms { totalCount nodes { id pattern } } }",
            "{ terms(policyId: \"<policy>\") { totalCount nodes { id pattern } } }",
        ],
    ),
    (
        "Query.conversations",
        &[
            "{ conversations { totalCount nodes { id contact { name phone } messages { nodes { id text } } } } }",
            "{ conversations(filter: { numberId: \"<number>\" }) { totalCount nodes { id } } }",
            "{ conversations(filter: { contactPhone: \"<phone>\" }) { totalCount nodes { id } } }",
        ],
    ),
    (
        "Query.alerts",
        &[
            "{ alerts { totalCount nodes { id sequence conversation { id } matches { nodes { id pattern sourceText } } } } }",
            "{ alerts(filter: { policyId: \"<policy>\" }) { totalCount nodes { id } } }",
            "{ alerts(filter: { numberId: \"<number>\" }) { totalCount nodes { id } } }",
            "{ alerts(filter: { conversationId: \"<conversation>\" }) { totalCount nodes { id } } }",
            "{ alerts(filter: { assigneeId: \"<user>\" }) { totalCount nodes { id } } }",
        ],
    ),
    (
        "Query.previewTerm",
        &[
            "{ previewTerm(input: { pattern: \"canarinho\", sampleText: \"x\" }) { historyHits historyTotal examples { sourceText message { id text } } ERRORS } }",
        ],
    ),
    ("Query.historyScans", &["{ historyScans { totalCount nodes { id pattern hits policy { id } } } }"]),
    ("Query.parkedItems", &["{ parkedItems { totalCount nodes { id channel { id name } } } }"]),
    (
        "Mutation.signIn",
        &[
            "mutation { signIn(input: { email: \"<email>\", password: \"nao e esta senha\", tenantSlug: \"<slug>\" }) { accessToken viewer { isOperator } ERRORS } }",
        ],
    ),
    (
        "Mutation.refreshSession",
        &[
            "mutation { refreshSession(input: { refreshToken: \"<refresh>\" }) { accessToken viewer { isOperator } ERRORS } }",
        ],
    ),
    (
        "Mutation.createTenant",
        &[
            "mutation { createTenant(input: { name: \"X\", slug: \"<slug>\", ownerName: \"X\", ownerEmail: \"<email>\", ownerPassword: \"uma senha bem comprida 9\" }) { tenant { name } ERRORS } }",
        ],
    ),
    (
        "Mutation.suspendTenant",
        &["mutation { suspendTenant(input: { tenantId: \"<tenant>\" }) { tenant { id name } ERRORS } }"],
    ),
    (
        "Mutation.resumeTenant",
        &["mutation { resumeTenant(input: { tenantId: \"<tenant>\" }) { tenant { id name } ERRORS } }"],
    ),
    ("Mutation.replayParked", &["mutation { replayParked(input: { ids: [\"<parked>\"] }) { replayed ERRORS } }"]),
    (
        "Mutation.createUser",
        &[
            "mutation { createUser(input: { name: \"X\", email: \"<email>\", password: \"uma senha bem comprida 9\", role: AUDITOR }) { user { name role } ERRORS } }",
        ],
    ),
    (
        "Mutation.updateUser",
        &[
            "mutation { updateUser(input: { id: \"<user>\", name: \"Invasora\" }) { user { id name } ERRORS } }",
            "mutation { updateUser(input: { id: \"<user>\", role: AUDITOR }) { user { id name } ERRORS } }",
        ],
    ),
    ("Mutation.disableUser", &["mutation { disableUser(input: { id: \"<user>\" }) { user { id name } ERRORS } }"]),
    (
        "Mutation.changePassword",
        &[
            "mutation { changePassword(input: { currentPassword: \"nao e esta\", newPassword: \"uma senha bem comprida 9\" }) { ERRORS } }",
        ],
    ),
    (
        "Mutation.createChannel",
        &[
            "mutation { createChannel(input: { name: \"X\", provider: META, appSecret: \"outro-segredo\", verifyToken: \"ola\" }) { channel { name } ERRORS } }",
        ],
    ),
    (
        "Mutation.registerNumber",
        &[
            "mutation { registerNumber(input: { channelId: \"<channel>\", phone: \"+5511940000001\", label: \"X\", providerNumberId: \"7001\" }) { number { id } ERRORS } }",
            "mutation { registerNumber(input: { channelId: \"<channel>\", phone: \"+5511940000001\", label: \"X\", providerNumberId: \"7001\", tenantId: \"<own-tenant>\" }) { number { id } ERRORS } }",
            "mutation { registerNumber(input: { channelId: \"<own-channel>\", phone: \"+5511940000001\", label: \"X\", providerNumberId: \"7001\", tenantId: \"<tenant>\" }) { number { id } ERRORS } }",
            "mutation { registerNumber(input: { channelId: \"<own-channel>\", phone: \"<line>\", label: \"X\", providerNumberId: \"<provider>\" }) { number { label } ERRORS } }",
        ],
    ),
    (
        "Mutation.rotateChannelSecrets",
        &[
            "mutation { rotateChannelSecrets(input: { channelId: \"<channel>\", appSecret: \"tomado\" }) { channel { id name } ERRORS } }",
        ],
    ),
    (
        "Mutation.createPolicy",
        &[
            "mutation { createPolicy(input: { name: \"X\", purpose: \"Y\", legalBasis: CONTRACT }) { policy { name } ERRORS } }",
        ],
    ),
    (
        "Mutation.updatePolicy",
        &[
            "mutation { updatePolicy(input: { id: \"<policy>\", name: \"tomada\", state: PAUSED }) { policy { id name } ERRORS } }",
        ],
    ),
    (
        "Mutation.createTerm",
        &[
            "mutation { createTerm(input: { policyId: \"<policy>\", pattern: \"intrusa\" }) { term { id pattern } ERRORS } }",
        ],
    ),
    (
        "Mutation.updateTerm",
        &["mutation { updateTerm(input: { id: \"<term>\", pattern: \"intrusa\" }) { term { id pattern } ERRORS } }"],
    ),
    ("Mutation.deleteTerm", &["mutation { deleteTerm(input: { id: \"<term>\" }) { deletedId ERRORS } }"]),
    (
        "Mutation.previewHistory",
        &["mutation { previewHistory(input: { pattern: \"sabia\" }) { scan { pattern } ERRORS } }"],
    ),
    (
        "Mutation.scanHistory",
        &["mutation { scanHistory(input: { policyId: \"<policy>\" }) { scan { id policy { name } } ERRORS } }"],
    ),
    (
        "Mutation.cancelHistoryScan",
        &["mutation { cancelHistoryScan(input: { id: \"<scan>\" }) { scan { id pattern } ERRORS } }"],
    ),
    (
        "Subscription.alertEvents",
        &[
            "subscription { alertEvents(filter: { policyId: \"<policy>\" }) { alertId } }",
            "subscription { alertEvents(filter: { numberId: \"<number>\" }) { alertId } }",
            "subscription { alertEvents(filter: { conversationId: \"<conversation>\" }) { alertId } }",
        ],
    ),
    ("Mutation.signOut", &["mutation { signOut { ERRORS } }"]),
];

/// One document of an operation.
#[derive(Clone)]
pub struct Case {
    /// As `Query.node`.
    pub operation: &'static str,
    /// The document, with its holes.
    pub document: String,
}

impl Case {
    /// The document with its holes filled.
    pub fn fill(&self, filling: &dyn Fn(&str) -> String) -> String {
        let mut filled = String::new();
        let mut rest = self.document.as_str();
        while let Some((before, after)) = rest.split_once('<') {
            let (hole, after) = after.split_once('>').expect("a hole has an end");
            filled.push_str(before);
            filled.push_str(&filling(hole));
            rest = after;
        }
        filled + rest
    }

    /// Whether it names anything of the other company.
    pub fn has_holes(&self) -> bool {
        self.document.replace("<own-", "").contains('<')
    }

    /// Whether platform staff do this on any company: there it is no crossing.
    pub fn is_the_operators(&self) -> bool {
        ["<tenant>", "<parked>", "<slug>"].iter().any(|hole| self.document.contains(hole))
            || ["Query.tenants", "Query.parkedItems"].contains(&self.operation)
    }
}

/// All documents, `<*>` made one a kind.
pub fn all() -> Vec<Case> {
    let kinds = vigia::graphql::node::Kind::ALL;
    let whole = |document: &str| document.replace("NODE", NODE).replace("ERRORS", "errors { code message path }");
    let mut cases = Vec::new();
    for (operation, documents) in CASES {
        for document in documents.iter().map(|document| whole(document)) {
            if document.contains("<*>") {
                cases.extend(kinds.iter().map(|kind| Case { operation, document: document.replace('*', kind.word()) }));
            } else {
                cases.push(Case { operation, document });
            }
        }
    }
    cases
}

fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

/// The names of all arguments of type `ID` below a type, inputs within inputs included.
fn ids_below(types: &[TypeDefinition], name: &str, of: &str, found: &mut BTreeSet<String>) {
    if of == "ID" {
        found.insert(name.to_owned());
    }
    let input = types.iter().find(|definition| definition.name.node == *of);
    if let Some(TypeKind::InputObject(input)) = input.map(|definition| &definition.kind) {
        for field in &input.fields {
            ids_below(types, &field.node.name.node, named(&field.node.ty.node), found);
        }
    }
}

/// The operations of the schema, each with the names of its arguments that are ids.
fn operations() -> Vec<(String, BTreeSet<String>)> {
    let document = parse_schema(vigia::graphql::sdl()).expect("the schema");
    let types: Vec<TypeDefinition> = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        })
        .collect();
    let mut operations = Vec::new();
    for root in ["Query", "Mutation", "Subscription"] {
        let definition = types.iter().find(|definition| definition.name.node == root).expect("a root type");
        let TypeKind::Object(object) = &definition.kind else { panic!("{root} is an object") };
        for field in &object.fields {
            let mut ids = BTreeSet::new();
            for argument in &field.node.arguments {
                ids_below(&types, &argument.node.name.node, named(&argument.node.ty.node), &mut ids);
            }
            operations.push((format!("{root}.{}", field.node.name.node), ids));
        }
    }
    operations
}

#[test]
fn every_operation_of_the_schema_is_tried_on_another_companys_things() {
    let operations = operations();
    assert!(operations.len() > 30, "the schema was read");
    for (operation, ids) in &operations {
        let documents: Vec<Case> = all().into_iter().filter(|case| case.operation == operation).collect();
        assert!(
            !documents.is_empty(),
            "You added {operation}: say in CASES (tests/it/tenancy/cases.rs) how somebody would try it on another \
             company's things. Without that, nobody knows that it keeps companies apart."
        );
        for id in ids {
            let is_tried = documents.iter().any(|case| {
                [format!("{id}: \"<"), format!("{id}: [\"<")].iter().any(|hole| case.document.contains(hole))
            });
            assert!(
                is_tried,
                "You added the argument {id} to {operation}: add a document to its entry in CASES \
                 (tests/it/tenancy/cases.rs) that puts another company's id there, like {id}: \"<user>\"."
            );
        }
    }
    for (operation, _) in CASES {
        assert!(
            operations.iter().any(|(name, _)| name == operation),
            "The schema has no {operation} any more: take it out of CASES."
        );
    }
}
