//! Companies never see, change or even notice one another, whatever they call and whatever ids they hold.

mod cases;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigia::clock::random;
use vigia::graphql::node::Kind;

use self::cases::Case;
use crate::support::filled::{filled, line};
use crate::support::{Answer, Caller, Tenant, World};

/// Stands in everything of the company that is tried: its name, people, numbers, terms, texts and files.
const CANARY: &str = "canarinho";
const CONTACT: &str = "5511970001234";

/// Fills a hole of a document.
type Filling<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// Everything of a company that somebody may get hold of.
struct Things {
    filling: BTreeMap<String, String>,
}

impl Things {
    fn get(&self, hole: &str) -> String {
        self.filling.get(hole).unwrap_or_else(|| panic!("nothing to fill <{hole}> with")).clone()
    }

    /// Whatever of the company must not stand in an answer to others.
    fn canaries(&self) -> Vec<String> {
        // Not its line: any company may watch the same phone.
        let mut canaries = vec![CANARY.to_owned(), CONTACT.to_owned()];
        canaries.extend(self.filling.values().filter_map(|id| Some(id.split_once(':')?.1.to_owned())));
        canaries
    }
}

/// A company with something of every kind, and what others may get hold of.
async fn founded(world: &World, slug: &str, word: &str, contact: &str) -> (Tenant, Things) {
    let tenant = filled(world, slug, word, contact).await;
    let things = things(world, &tenant, contact).await;
    (tenant, things)
}

async fn things(world: &World, tenant: &Tenant, contact: &str) -> Things {
    let alert = tenant
        .manager
        .read("{ alerts(last: 1) { nodes { id policy { id } conversation { id number { id } contact { id } messages { nodes { id media { id } } } } matches { nodes { id term { id } } } } } }")
        .await["alerts"]["nodes"][0]
        .clone();
    let media =
        alert["conversation"]["messages"]["nodes"].as_array().expect("messages").iter().find(|m| !m["media"].is_null());
    let users = tenant.owner.read("{ users { nodes { id role } } }").await;
    let reviewer = users["users"]["nodes"].as_array().expect("users").iter().find(|user| user["role"] == "REVIEWER");
    let parked = world.operator.read("{ parkedItems(first: 1) { nodes { id } } }").await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let scans = tenant.manager.read("{ historyScans(first: 1) { nodes { id } } }").await;
    let match_ = &alert["matches"]["nodes"][0];
    let ids = [
        (Kind::Tenant, tenant.id.clone()),
        (Kind::User, text(&reviewer.expect("a reviewer")["id"])),
        (Kind::Channel, tenant.channel_id.clone()),
        (Kind::Number, text(&alert["conversation"]["number"]["id"])),
        (Kind::Policy, text(&alert["policy"]["id"])),
        (Kind::Term, text(&match_["term"]["id"])),
        (Kind::Contact, text(&alert["conversation"]["contact"]["id"])),
        (Kind::Conversation, text(&alert["conversation"]["id"])),
        (Kind::Message, text(&alert["conversation"]["messages"]["nodes"][0]["id"])),
        (Kind::Media, text(&media.expect("a medium")["media"]["id"])),
        (Kind::Match, text(&match_["id"])),
        (Kind::Alert, text(&alert["id"])),
        (Kind::HistoryScan, text(&scans["historyScans"]["nodes"][0]["id"])),
        (Kind::Parked, text(&parked["parkedItems"]["nodes"][0]["id"])),
    ];
    for kind in Kind::ALL {
        assert!(
            ids.iter().any(|(known, _)| known == kind),
            "You added the node kind {kind:?}: make one in tests/it/support/filled.rs and name its id here (tests/it/tenancy.rs)."
        );
    }
    let mut filling: BTreeMap<String, String> = ids.map(|(kind, id)| (kind.word().to_owned(), id)).into();
    // Its proof begins at the twentieth byte: the session it names is the company's all the same.
    let mut refresh = tenant.auditor.refresh_token.clone().expect("a refresh token");
    let changed = if refresh.as_bytes()[40] == b'A' { "B" } else { "A" };
    refresh.replace_range(40..41, changed);
    filling.extend([
        ("slug".to_owned(), tenant.slug.clone()),
        ("phone".to_owned(), format!("+{contact}")),
        ("line".to_owned(), line(contact)),
        ("provider".to_owned(), format!("99{contact}")),
        ("refresh".to_owned(), refresh),
    ]);
    Things { filling }
}

fn digits(count: usize) -> String {
    random::<16>().iter().take(count).map(|byte| char::from(b'0' + byte % 10)).collect()
}

/// Something of the kind that nobody has.
fn nobodys(hole: &str) -> String {
    use base64::Engine;
    match hole {
        "slug" => format!("ninguem-{}", digits(8)),
        "email" => format!("ninguem{}@ninguem.example", digits(8)),
        "phone" | "line" => format!("+55119{}", digits(8)),
        "provider" => format!("88{}", digits(10)),
        "refresh" => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<52>()),
        kind => format!("{kind}:{}", uuid::Builder::from_random_bytes(random()).into_uuid()),
    }
}

/// Everything that can be told from an answer but the name of the request.
fn told(answer: &Answer) -> String {
    let mut body = answer.body.clone();
    for error in body["errors"].as_array_mut().into_iter().flatten() {
        let removed = error["extensions"].as_object_mut().and_then(|values| values.remove("requestId"));
        assert!(removed.is_some(), "every error has its request id: {error}");
    }
    format!("{} {body}", answer.status)
}

/// Everything of a company that its own people can see, and where its record of events stands.
async fn seen_by_itself(tenant: &Tenant) -> Value {
    let manager = tenant
        .manager
        .read(
            "{ alerts { eventCursor nodes { id sequence status version matches { nodes { id pattern sourceText } } } }
               conversations { nodes { id lastMessageAt messages { nodes { id text providerId } } } }
               policies { nodes { id name purpose version state } } terms { nodes { id pattern strictness deletedAt } } historyScans { nodes { id state pattern scanned hits finishedAt } } }",
        )
        .await;
    let owner = tenant
        .owner
        .read(
            "{ viewer { tenant { name slug suspendedAt } } users { nodes { id name email role disabledAt } }
               channels { nodes { id name webhookUrl } } numbers { nodes { id phone label } } }",
        )
        .await;
    json!([manager, owner])
}

/// Everybody outside the company: every role of the neighbour, platform staff, and strangers.
fn outsiders(world: &World, neighbour: &Tenant) -> [(&'static str, Caller); 6] {
    [
        ("gestora", neighbour.manager.clone()),
        ("revisora", neighbour.reviewer.clone()),
        ("auditora", neighbour.auditor.clone()),
        ("operadora", world.operator.clone()),
        ("estranha", world.anonymous()),
        // Last: an owner may add people under any address, and would show them to the others.
        ("dona", neighbour.owner.clone()),
    ]
}

struct Sweep<'w> {
    things: &'w Things,
    neighbour: &'w Things,
    canaries: Vec<String>,
}

impl Sweep<'_> {
    fn fill(&self, case: &Case, who: &str, filling: &dyn Fn(&str) -> String) -> String {
        // Each person of the neighbour's tries another person: nobody is slowed down for many wrong passwords.
        let person = ["dona", "gestora", "revisora", "auditora"].into_iter().find(|person| *person == who);
        case.fill(&|hole| match hole.strip_prefix("own-") {
            Some(own) => self.neighbour.get(own),
            None if hole == "email" && filling("slug") == CANARY => {
                format!("{}@{CANARY}.example", person.unwrap_or("dona"))
            }
            None => filling(hole),
        })
    }

    fn shows_nothing(&self, who: &str, case: &Case, told: &str) {
        let told = told.to_lowercase();
        for canary in &self.canaries {
            assert!(!told.contains(canary.as_str()), "{who} is shown {canary} by {}: {told}", case.document);
        }
    }

    async fn run(&self, who: &str, caller: &Caller, case: &Case) {
        let theirs = caller.send(&self.fill(case, who, &|hole| self.things.get(hole)), json!({})).await;
        self.shows_nothing(who, case, &told(&theirs));
        if !case.has_holes() {
            return;
        }
        let nodes = theirs.body["data"].as_object().and_then(|data| data.values().next()).map(|field| &field["nodes"]);
        if let Some(Value::Array(nodes)) = nodes {
            assert!(nodes.is_empty(), "{who} sees something through {}: {nodes:?}", case.document);
        }
        let random = told(&caller.send(&self.fill(case, who, &nobodys), json!({})).await);
        assert_eq!(told(&theirs), random, "{who} can tell another company's from nobody's by {}", case.document);
        let is_id = |hole: &str| Kind::ALL.iter().any(|kind| kind.word() == hole);
        if !["dona", "gestora"].contains(&who) || !self.document_has(case, &is_id) {
            return;
        }
        let another_kind = |hole: &str| {
            let kind = Kind::ALL.iter().map(|kind| kind.word()).find(|kind| *kind != hole).expect("another kind");
            // `node` takes every kind: there it names nobody's.
            if is_id(hole) && !case.operation.starts_with("Query.node") {
                self.neighbour.get(kind)
            } else {
                nobodys(hole)
            }
        };
        let nonsense =
            |words: &'static str| move |hole: &str| if is_id(hole) { words.to_owned() } else { nobodys(hole) };
        let fillings: [Filling<'_>; 4] = [
            Box::new(another_kind),
            Box::new(nonsense("")),
            Box::new(nonsense("' OR 1=1 --")),
            Box::new(nonsense("user:7")),
        ];
        for filling in &fillings {
            let document = self.fill(case, who, filling);
            let answer = told(&caller.send(&document, json!({})).await);
            assert_eq!(answer, random, "{who} can tell nonsense from what does not exist by {document}");
        }
    }

    fn document_has(&self, case: &Case, is_id: &dyn Fn(&str) -> bool) -> bool {
        case.document.split('<').skip(1).any(|part| part.split('>').next().is_some_and(is_id))
    }
}

on_both_engines! {
    async fn no_outsider_sees_changes_or_notices_anything_of_another_company(world: World) {
        let (neighbour, own) = founded(&world, "vizinha", "pardal", "5511970009999").await;
        let (tenant, things) = founded(&world, CANARY, CANARY, CONTACT).await;
        let before = seen_by_itself(&tenant).await;
        assert!(before.to_string().contains(CANARY), "there is something to be seen");
        let canaries = things.canaries();
        let sweep = Sweep { things: &things, neighbour: &own, canaries };
        for (who, caller) in outsiders(&world, &neighbour) {
            for case in cases::all() {
                let is_their_own = who == "operadora" && case.is_the_operators();
                if !case.operation.starts_with("Subscription.") && !is_their_own {
                    sweep.run(who, &caller, &case).await;
                }
            }
        }
        assert_eq!(seen_by_itself(&tenant).await, before, "nothing of the company changed, and nothing was recorded in it");
        let mut auditor = tenant.auditor.clone();
        let refresh = json!({ "refreshToken": auditor.refresh_token });
        auditor.change("refreshSession", "RefreshSessionInput", &refresh, "accessToken").await;
        auditor.sign_in_at(&format!("dona@{CANARY}.example"), crate::support::world::PASSWORD, CANARY).await;
    }

    async fn every_kind_of_thing_is_there_for_its_own_company(world: World) {
        let (tenant, things) = founded(&world, CANARY, CANARY, CONTACT).await;
        for kind in Kind::ALL {
            let caller = if *kind == Kind::Parked { &world.operator } else { &tenant.manager };
            let id = things.get(kind.word());
            let found = caller.send("query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }", json!({ "id": id })).await.data();
            assert_eq!(found, json!({ "node": { "id": id }, "nodes": [{ "id": id }] }), "{kind:?}");
        }
    }

    async fn no_outsider_hears_of_another_companys_alerts(world: World) {
        let (neighbour, _) = founded(&world, "vizinha", "pardal", "5511970009999").await;
        let (tenant, things) = founded(&world, CANARY, CANARY, CONTACT).await;
        let documents: Vec<Case> = cases::all().into_iter().filter(|case| case.operation == "Subscription.alertEvents").collect();
        for (who, caller) in outsiders(&world, &neighbour) {
            if who == "estranha" {
                continue;
            }
            let mut socket = caller.socket().await;
            for (number, case) in documents.iter().enumerate() {
                socket.subscribe(&format!("filter{number}"), &case.fill(&|hole| things.get(hole)), json!({})).await;
            }
            let theirs = tenant.manager.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
            let foreign = "subscription ($after: String) { alertEvents(after: $after) { alertId } }";
            if who == "operadora" {
                let mut ended = 0;
                while ended < documents.len() {
                    let message = socket.hear().await;
                    match message["type"].as_str() {
                        Some("complete") => ended += 1,
                        _ => assert!(message.to_string().contains("\"FORBIDDEN\""), "{message}"),
                    }
                }
                continue;
            }
            socket.subscribe("foreign", foreign, json!({ "after": theirs })).await;
            let refused = socket.hear().await;
            assert!(refused["id"] == "foreign" && refused.to_string().contains("BAD_USER_INPUT"), "{who}: {refused}");
            if refused["type"] == "next" {
                assert_eq!(socket.hear().await["type"], "complete");
            }
            let now = caller.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
            socket.subscribe("own", foreign, json!({ "after": now })).await;
            tenant.receive(&format!("wamid.{who}.a"), &format!("55119711{}", digits(5)), "outro canarinho").await;
            for round in 0..2 {
                neighbour.receive(&format!("wamid.{who}.{round}"), &format!("55119722{}", digits(5)), "outro pardal").await;
                let event = socket.hear().await;
                assert_eq!((&event["id"], &event["type"]), (&json!("own"), &json!("next")), "{who}: {event}");
                let id = event["payload"]["data"]["alertEvents"]["alertId"].clone();
                let node = caller.send("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await.data();
                assert_eq!(node["node"]["id"], id, "{who} hears of the own company's alerts alone");
            }
        }
    }

    async fn a_cursor_is_good_for_its_own_list_of_its_own_company_alone(world: World) {
        let (neighbour, _) = founded(&world, "vizinha", "pardal", "5511970009999").await;
        let (tenant, _) = founded(&world, CANARY, CANARY, CONTACT).await;
        let platform = json!({ "name": "Plataforma", "provider": "META", "appSecret": "segredo-da-plataforma", "verifyToken": "ola" });
        world.operator.change("createChannel", "CreateChannelInput", &platform, "channel { id }").await;
        let lists = ["users", "channels", "numbers", "policies", "terms", "conversations", "alerts", "historyScans"];
        let first = async |caller: &Caller, list: &str| {
            let found = caller.read(&format!("{{ {list}(first: 1) {{ edges {{ cursor }} }} }}")).await;
            found[list]["edges"][0]["cursor"].as_str().unwrap_or_else(|| panic!("{list} has an edge")).to_owned()
        };
        let refused = async |caller: &Caller, list: &str, argument: &str, cursor: &str| {
            let document = format!("query ($cursor: String) {{ {list}({argument}: $cursor) {{ edges {{ cursor }} }} }}");
            let answer = caller.send(&document, json!({ "cursor": cursor })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{list}({argument}: {cursor:?})");
            answer.body["errors"][0]["message"].as_str().expect("words").to_owned()
        };
        let mut callers: Vec<(&Caller, &str)> = lists.iter().map(|list| (&neighbour.manager, *list)).collect();
        callers.extend([(&world.operator, "tenants"), (&world.operator, "parkedItems"), (&world.operator, "channels")]);
        for (caller, list) in callers {
            let own = first(caller, list).await;
            let good = caller.send(&format!("query ($c: String) {{ {list}(after: $c) {{ edges {{ cursor }} }} }}"), json!({ "c": own })).await.data();
            assert!(!good[list]["edges"].to_string().contains(&own), "{list} goes on behind its cursor");
            let other = if list == "users" { "terms" } else { "users" };
            let mut foreign = vec![first(&neighbour.manager, other).await, first(&tenant.manager, other).await, String::new(), "AAAA".to_owned(), "' OR 1=1 --".to_owned()];
            foreign.push(format!("{own}A"));
            if lists.contains(&list) {
                foreign.push(first(&tenant.manager, list).await);
            }
            let mut words = Vec::new();
            for cursor in &foreign {
                for argument in ["after", "before"] {
                    words.push(refused(caller, list, argument, cursor).await.replace("before", "after"));
                }
            }
            words.dedup();
            assert_eq!(words.len(), 1, "the same words for all that is no cursor of {list}: {words:?}");
        }
    }
}
