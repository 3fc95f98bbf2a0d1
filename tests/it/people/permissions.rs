//! The permission table: documented, and kept by the operations that stand for its rows.

use serde_json::{Value, json};
use vigia::auth::policy::{Act, Role, Who, matrix, may};

use crate::support::filled::filled;
use crate::support::{Caller, Tenant, World};

/// Operations and the acts they stand for: whoever may do one of them is let in. Nobody gets further than to a refusal.
const OPERATIONS: &[(&str, &[Act])] = &[
    ("{ tenants { nodes { id } } }", &[Act::ReadTenants]),
    (
        "mutation { createTenant(input: { name: \"\", slug: \"\", ownerName: \"\", ownerEmail: \"\", ownerPassword: \"\" }) { errors { code } } }",
        &[Act::ManageTenants],
    ),
    ("mutation { suspendTenant(input: { tenantId: \"x\" }) { errors { code } } }", &[Act::ManageTenants]),
    ("mutation { resumeTenant(input: { tenantId: \"x\" }) { errors { code } } }", &[Act::ManageTenants]),
    ("{ parkedItems { nodes { id } } }", &[Act::ReadParked]),
    ("mutation { replayParked(input: { ids: [\"x\"] }) { errors { code } } }", &[Act::ReplayParked]),
    ("{ channels { nodes { id } } }", &[Act::ReadChannels, Act::ManagePlatformChannels]),
    (
        "mutation { createChannel(input: { name: \"\", provider: META }) { errors { code } } }",
        &[Act::ManageChannels, Act::ManagePlatformChannels],
    ),
    (
        "mutation { rotateChannelSecrets(input: { channelId: \"x\", appSecret: \"y\" }) { errors { code } } }",
        &[Act::ManageChannels, Act::ManagePlatformChannels],
    ),
    ("{ numbers { nodes { id } } }", &[Act::ReadNumbers]),
    (
        "mutation { registerNumber(input: { channelId: \"x\", phone: \"+5511940000001\", label: \"X\", providerNumberId: \"7\" }) { errors { code } } }",
        &[Act::ManageNumbers, Act::BindPlatformNumbers],
    ),
    ("{ users { nodes { id } } }", &[Act::ReadUsers]),
    (
        "mutation { createUser(input: { name: \"\", email: \"\", password: \"\", role: AUDITOR }) { errors { code } } }",
        &[Act::ManageUsers],
    ),
    ("mutation { updateUser(input: { id: \"x\" }) { errors { code } } }", &[Act::ManageUsers]),
    ("mutation { disableUser(input: { id: \"x\" }) { errors { code } } }", &[Act::ManageUsers]),
    (
        "mutation { changePassword(input: { currentPassword: \"\", newPassword: \"\" }) { errors { code } } }",
        &[Act::ChangeOwnPassword],
    ),
    ("{ policies { nodes { id } } }", &[Act::ReadPolicies]),
    ("{ terms { nodes { id } } }", &[Act::ReadPolicies]),
    (
        "mutation { createPolicy(input: { name: \"\", purpose: \"\", legalBasis: CONTRACT }) { errors { code } } }",
        &[Act::ManagePolicies],
    ),
    ("mutation { updatePolicy(input: { id: \"x\" }) { errors { code } } }", &[Act::ManagePolicies]),
    ("mutation { createTerm(input: { pattern: \"\" }) { errors { code } } }", &[Act::ManagePolicies]),
    ("mutation { updateTerm(input: { id: \"x\" }) { errors { code } } }", &[Act::ManagePolicies]),
    ("mutation { deleteTerm(input: { id: \"x\" }) { errors { code } } }", &[Act::ManagePolicies]),
    ("{ previewTerm(input: { pattern: \"x\" }) { historyHits } }", &[Act::PreviewTerms]),
    ("mutation { previewHistory(input: { pattern: \"\" }) { errors { code } } }", &[Act::PreviewTerms]),
    ("{ historyScans { nodes { id } } }", &[Act::ReadHistoryScans]),
    ("mutation { scanHistory(input: { policyId: \"x\" }) { errors { code } } }", &[Act::ScanHistory]),
    ("mutation { cancelHistoryScan(input: { id: \"x\" }) { errors { code } } }", &[Act::ScanHistory]),
    ("{ conversations { nodes { id } } }", &[Act::ReadConversations]),
    ("{ conversations(filter: { contactPhone: \"+5511940000001\" }) { nodes { id } } }", &[Act::ReadContent]),
    ("{ alerts { nodes { id } } }", &[Act::ReadAlerts]),
    ("subscription { alertEvents(after: \"x\") { kind } }", &[Act::SubscribeAlerts]),
];

#[test]
fn the_documentation_prints_the_permission_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/permissions.md");
    let page = std::fs::read_to_string(path).expect("docs/permissions.md");
    let printed =
        page.split_once("<!-- permissions -->\n").and_then(|(_, rest)| rest.split_once("<!-- /permissions -->"));
    let (printed, _) =
        printed.expect("the two marks <!-- permissions --> and <!-- /permissions --> in docs/permissions.md");
    let table = matrix();
    assert!(
        printed == table,
        "the table of src/auth/policy.rs has changed: put this between the marks in docs/permissions.md\n\n{table}"
    );
}

fn everybody<'t>(world: &'t World, tenant: &'t Tenant) -> [(Who, &'t Caller); 5] {
    [
        (Who::Operator, &world.operator),
        (Who::User(Role::Owner), &tenant.owner),
        (Who::User(Role::DataManager), &tenant.manager),
        (Who::User(Role::Reviewer), &tenant.reviewer),
        (Who::User(Role::Auditor), &tenant.auditor),
    ]
}

/// The codes of everything that went wrong; a subscription goes over a socket.
async fn codes(caller: &Caller, document: &str) -> Vec<String> {
    let errors = if document.starts_with("subscription") {
        let mut socket = caller.socket().await;
        socket.subscribe("s", document, json!({})).await;
        let message = socket.hear().await;
        if message["type"] == "error" { message["payload"].clone() } else { message["payload"]["errors"].clone() }
    } else {
        caller.send(document, json!({})).await.body["errors"].clone()
    };
    let code = |error: &Value| error["extensions"]["code"].as_str().expect("a code").to_owned();
    errors.as_array().map(|errors| errors.iter().map(code).collect()).unwrap_or_default()
}

on_both_engines! {
    async fn every_operation_lets_in_whom_the_permission_table_lets_in(world: World) {
        for act in Act::ALL {
            assert!(
                OPERATIONS.iter().any(|(_, acts)| acts.contains(act)),
                "You added {act:?} or its operation: name the operation in OPERATIONS (tests/it/people/permissions.rs)."
            );
        }
        let tenant = world.tenant("quadro").await;
        for (document, acts) in OPERATIONS {
            for (who, caller) in everybody(&world, &tenant) {
                let codes = codes(caller, document).await;
                let is_let_in = acts.iter().any(|act| may(who, *act));
                let expected = match is_let_in {
                    false => vec!["FORBIDDEN"],
                    // It gets as far as to be told what is wrong with what it asks for.
                    true if document.starts_with("subscription") => vec!["BAD_USER_INPUT"],
                    true => vec![],
                };
                assert_eq!(codes, expected, "{who:?}: {document}");
            }
            if !document.starts_with("subscription") {
            assert_eq!(codes(&world.anonymous(), document).await.first().map(String::as_str), Some("UNAUTHENTICATED"), "{document}");
            }
        }
    }

    async fn owners_auditors_and_operators_read_no_content(world: World) {
        let tenant = filled(&world, "silencio", "pardal", "5511970001234").await;
        let document = "{ alerts { nodes { conversation { contact { contentState name phone } messages { nodes { contentState text providerId
            sender { name phone contentState } versions { text } reactions { emoji } media { fileName sha256 } } } }
            matches { nodes { sourceText spans { text } version { text } message { text } } } } } }";
        let content = ["cantou", "5511970001234", "Contato pardal", "wamid.", "pardal.pdf", "e3b0c442", "👍"];
        for (who, caller) in everybody(&world, &tenant) {
            let answer = caller.send(document, json!({})).await;
            if who == Who::Operator {
                assert_eq!((answer.code(), &answer.body["data"]["alerts"]), ("FORBIDDEN", &json!(null)));
                continue;
            }
            let told = answer.data();
            let reads = may(who, Act::ReadContent);
            for marker in content {
                assert_eq!(told.to_string().contains(marker), reads, "{who:?} and {marker}: {told}");
            }
            let state = if reads { "AVAILABLE" } else { "FORBIDDEN" };
            let conversation = &told["alerts"]["nodes"][0]["conversation"];
            assert_eq!(conversation["contact"]["contentState"], state);
            for message in conversation["messages"]["nodes"].as_array().expect("messages") {
                assert_eq!((&message["contentState"], &message["sender"]["contentState"]), (&json!(state), &json!(state)), "{who:?}");
            }
        }
        let ids = tenant.manager.read("{ conversations { nodes { id contact { id } messages { nodes { id media { id } } } } } alerts { nodes { id matches { nodes { id } } } } }").await;
        let mut nodes = Vec::new();
        collect(&ids, &mut nodes);
        assert!(nodes.len() >= 6, "{nodes:?}");
        let seen = world.operator.send("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": nodes })).await.data();
        assert!(seen["nodes"].as_array().expect("a list").iter().all(Value::is_null), "operators see none of it: {seen}");
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("id").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        _ => {}
    }
}
