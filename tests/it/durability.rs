//! What was answered 200 outlives the process, whenever that is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::Tenant;
use crate::support::program::{Serving, run};
use crate::support::seeded::Seeded;

/// Deliveries at once for each company.
const WORKERS: usize = 4;
const SEED: u64 = 20_240_312;

fn rounds() -> usize {
    if std::env::var_os("VIGIA_TEST_FULL").is_some() { 50 } else { 5 }
}

/// What a company's provider has sent, by message id: the body, and whether it was answered 200.
type Sent = Mutex<BTreeMap<String, (String, bool)>>;

/// Every third message has the watched word.
fn is_due(number: usize) -> bool {
    number.is_multiple_of(3)
}

fn message(tenant: &Tenant, number: usize) -> (String, String) {
    let word = if is_due(number) { "e a propina?" } else { "bom dia" };
    let id = format!("wamid.{number:06}.{}", if is_due(number) { "due" } else { "plain" });
    let body = tenant.text(&id, &format!("55119{number:08}"), 1_760_000_000, word);
    (id, body)
}

/// A provider that sends on and on, some of it twice, until the server is gone. What it got no 200 for it sends again
/// later.
async fn send(tenant: &Tenant, sent: &Sent, next: &AtomicUsize, acknowledged: &AtomicUsize, progress: &Notify) {
    let again: Vec<String> = {
        let sent = sent.lock().expect("the list");
        sent.values().filter(|(_, done)| !done).map(|(body, _)| body.clone()).collect()
    };
    for body in again {
        if tenant.try_deliver(body).await.is_none() {
            return;
        }
    }
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        let (id, body) = message(tenant, number);
        sent.lock().expect("the list").insert(id.clone(), (body.clone(), false));
        let Some(status) = tenant.try_deliver(body.clone()).await else { return };
        if status == 200 {
            sent.lock().expect("the list").insert(id, (body.clone(), true));
            acknowledged.fetch_add(1, Ordering::SeqCst);
            progress.notify_one();
        }
        if number.is_multiple_of(5) && tenant.try_deliver(body).await.is_none() {
            return;
        }
    }
}

/// All nodes of a connection, page by page.
async fn all(tenant: &Tenant, list: &str, fields: &str) -> Vec<Value> {
    let query = format!(
        "query ($after: String) {{ {list}(first: 100, after: $after) {{ nodes {{ {fields} }} pageInfo {{ endCursor hasNextPage }} }} }}"
    );
    let (mut nodes, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = tenant.manager.send(&query, json!({ "after": after })).await.data()[list].clone();
        nodes.extend(page["nodes"].as_array().expect("nodes").iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return nodes;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

fn id_of(message: &Value) -> String {
    message["providerId"].as_str().expect("an id").to_owned()
}

/// Ids of stored messages and of messages with an alert, each as often as it is there.
async fn stored(tenant: &Tenant) -> (Vec<String>, Vec<String>) {
    let conversations = all(tenant, "conversations", "messages(first: 5) { nodes { providerId } }").await;
    let messages =
        conversations.iter().flat_map(|c| c["messages"]["nodes"].as_array().expect("messages")).map(id_of).collect();
    let alerts = all(tenant, "alerts", "matches(first: 5) { nodes { message { providerId } } }").await;
    let matches = alerts
        .iter()
        .flat_map(|a| a["matches"]["nodes"].as_array().expect("matches"))
        .map(|m| id_of(&m["message"]))
        .collect();
    (messages, matches)
}

/// Everything acknowledged is there, everything that is there is there once, and every alert due is.
async fn is_whole(tenant: &Tenant, sent: &Sent) -> usize {
    let (messages, matches) = stored(tenant).await;
    let unique: BTreeSet<&String> = messages.iter().collect();
    assert_eq!(unique.len(), messages.len(), "each message is there once");
    let acknowledged: Vec<String> =
        sent.lock().expect("the list").iter().filter(|(_, (_, done))| *done).map(|(id, _)| id.clone()).collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !unique.contains(id)).collect();
    assert!(lost.is_empty(), "answered 200 and lost: {lost:?}");
    let due: BTreeSet<&String> = unique.into_iter().filter(|id| id.ends_with("due")).collect();
    assert_eq!(matches.len(), due.len(), "each alert is there once");
    assert_eq!(matches.iter().collect::<BTreeSet<_>>(), due, "every alert due is there");
    acknowledged.len()
}

on_both_engines! {
    async fn what_was_answered_is_there_once_however_often_the_server_is_killed(world: World) {
        let mut tenants = Vec::new();
        for slug in ["um", "dois", "tres"] {
            let tenant = world.tenant(slug).await;
            tenant.watch("propina").await;
            tenants.push(tenant);
        }
        let settings = world.environment();
        // From here on the killed processes are the only ones that serve.
        let (_, database, folder) = world.stop().await;
        let sent: Vec<Sent> = tenants.iter().map(|_| Sent::default()).collect();
        let next: Vec<AtomicUsize> = tenants.iter().map(|_| AtomicUsize::new(1)).collect();
        let mut seeded = Seeded(SEED);
        for round in 0..rounds() {
            let server = Serving::start(&settings, folder.path()).await;
            tenants.iter_mut().for_each(|tenant| tenant.move_to(&server.url));
            let (acknowledged, progress) = (AtomicUsize::new(0), Notify::new());
            let enough = usize::try_from(5 + seeded.below(60)).expect("a small number");
            let moment = Duration::from_micros(seeded.below(10_000));
            let load = (0..WORKERS).flat_map(|_| tenants.iter().zip(&sent).zip(&next));
            let load = futures_util::future::join_all(load.map(|((tenant, sent), next)| send(tenant, sent, next, &acknowledged, &progress)));
            let kill = async {
                while acknowledged.load(Ordering::SeqCst) < enough {
                    progress.notified().await;
                }
                // Some moment in the middle of the next deliveries.
                tokio::time::sleep(moment).await;
                server.kill();
            };
            futures_util::join!(load, kill);
            let verified = run(&settings, folder.path(), &["verify", "--json"], "").await;
            assert_eq!((verified.code, &verified.json()["whole"]), (0, &json!(true)), "round {round}: {verified:?}");
        }
        let server = Serving::start(&settings, folder.path()).await;
        let mut total = 0;
        for (tenant, sent) in tenants.iter_mut().zip(&sent) {
            tenant.move_to(&server.url);
            total += is_whole(tenant, sent).await;
            let again: Vec<String> = sent.lock().expect("the list").values().map(|(body, _)| body.clone()).collect();
            for body in again {
                assert_eq!(tenant.deliver(body).await, 200);
            }
            sent.lock().expect("the list").values_mut().for_each(|(_, done)| *done = true);
            is_whole(tenant, sent).await;
        }
        server.kill();
        assert!(total >= rounds() * 5, "{total} deliveries were answered");
        drop((database, folder));
    }
}
