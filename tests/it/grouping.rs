//! Which matches share an alert: those of one policy version in one conversation, close in the time they were sent.

use serde_json::{Value, json};

use crate::support::Tenant;

const T: u64 = 1_760_000_000;
const HOUR: u64 = 3_600;
const ANA: &str = "5511988880001";
const BIA: &str = "5511988880002";

async fn say(tenant: &Tenant, id: &str, from: &str, at: u64) {
    assert_eq!(tenant.deliver(tenant.text(id, from, at, "a propina de sempre")).await, 200, "{id}");
}

/// The messages each alert holds, oldest alert first.
async fn groups(tenant: &Tenant) -> Vec<Vec<String>> {
    let ids = |alert: &Value| {
        let matches = alert["matches"]["nodes"].as_array().expect("a list").iter();
        let mut ids: Vec<String> =
            matches.map(|found| found["message"]["providerId"].as_str().expect("an id").to_owned()).collect();
        ids.sort();
        ids
    };
    tenant.alerts().await.iter().map(ids).collect()
}

/// A term in a policy of its own that groups over so many minutes; answers the policy.
async fn watch_grouped(tenant: &Tenant, minutes: u32) -> Value {
    let input = json!({ "name": format!("Agrupa {minutes}"), "purpose": "Testar", "legalBasis": "LEGITIMATE_INTEREST", "groupingMinutes": minutes });
    let policy = tenant.manager.change("createPolicy", "CreatePolicyInput", &input, "policy { id version }").await["policy"]["id"].clone();
    tenant
        .manager
        .change("createTerm", "CreateTermInput", &json!({ "pattern": "propina", "policyId": policy }), "term { id }")
        .await;
    policy
}

fn history(tenant: &Tenant, id: &str, from: &str, at: u64) -> String {
    let message = json!({ "from": from, "id": id, "timestamp": at.to_string(), "type": "text", "text": { "body": "a propina antiga" },
        "history_context": { "status": "READ" } });
    tenant.change(
        "history",
        &json!({ "history": [{ "metadata": { "phase": 0 }, "threads": [{ "id": from, "messages": [message] }] }] }),
    )
}

on_both_engines! {
    async fn matches_within_the_grouping_time_before_or_after_share_an_alert(world: World) {
        let a = world.tenant("alfa").await;
        watch_grouped(&a, 60).await;
        say(&a, "a1", ANA, T).await;
        say(&a, "a2 no fim da hora", ANA, T + HOUR).await;
        say(&a, "a3 uma hora depois da última", ANA, T + 2 * HOUR).await;
        say(&a, "b1 um segundo a mais", ANA, T + 3 * HOUR + 1).await;
        // Sent before, delivered after.
        say(&a, "b2 atrasada", ANA, T + 2 * HOUR + 1).await;
        say(&a, "c1 cedo demais para qualquer um", ANA, T - 1).await;
        say(&a, "c2", ANA, T - 1 - HOUR).await;
        assert_eq!(
            groups(&a).await,
            [
                vec!["a1", "a2 no fim da hora", "a3 uma hora depois da última"],
                vec!["b1 um segundo a mais", "b2 atrasada"],
                vec!["c1 cedo demais para qualquer um", "c2"],
            ]
        );
        let alerts = a.alerts().await;
        let numbers: Vec<i64> = alerts.iter().map(|alert| alert["sequence"].as_i64().expect("a number")).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(alerts[0]["lastMatchAt"], "2025-10-09T10:53:20Z");
        assert_eq!(alerts[1]["lastMatchAt"], "2025-10-09T11:53:21Z");
    }

    async fn conversations_and_policies_never_share_an_alert(world: World) {
        let a = world.tenant("alfa").await;
        watch_grouped(&a, 60).await;
        watch_grouped(&a, 90).await;
        // Together: what is at hand at once might be mixed up.
        let both = [("1", ANA), ("2", BIA)].map(|(id, from)| json!({ "from": from, "id": id, "timestamp": T.to_string(),
            "type": "text", "text": { "body": "a propina de sempre" } }));
        assert_eq!(a.deliver(a.value(&json!({ "messages": both }))).await, 200);
        assert_eq!(a.alerts().await.len(), 4);
        say(&a, "3", ANA, T + 75 * 60).await;
        let mut groups = groups(&a).await;
        groups.sort();
        assert_eq!(groups, [vec!["1"], vec!["1", "3"], vec!["2"], vec!["2"], vec!["3"]]);
    }

    async fn a_new_version_of_the_policy_starts_a_new_alert(world: World) {
        let a = world.tenant("alfa").await;
        let policy = watch_grouped(&a, 60).await;
        say(&a, "1", ANA, T).await;
        a.manager.change("updatePolicy", "UpdatePolicyInput", &json!({ "id": policy, "severity": "CRITICAL" }), "policy { version }").await;
        say(&a, "2", ANA, T + 1).await;
        say(&a, "3", ANA, T + 2).await;
        let alerts = a.alerts().await;
        assert_eq!(groups(&a).await, [vec!["1"], vec!["2", "3"]]);
        let told: Vec<(&Value, &Value)> = alerts.iter().map(|alert| (&alert["policyVersion"], &alert["severity"])).collect();
        assert_eq!(told, [(&json!(1), &json!("MEDIUM")), (&json!(2), &json!("CRITICAL"))]);
    }

    async fn what_is_found_in_history_is_found_afterwards_and_apart_from_what_is_live(world: World) {
        let a = world.tenant("alfa").await;
        watch_grouped(&a, 60).await;
        say(&a, "viva 1", ANA, T).await;
        assert_eq!(a.deliver(history(&a, "velha 1", ANA, T + 1)).await, 200);
        say(&a, "viva 2", ANA, T + 2).await;
        assert_eq!(a.deliver(history(&a, "velha 2", ANA, T + 3)).await, 200);
        assert_eq!(groups(&a).await, [vec!["viva 1", "viva 2"], vec!["velha 1", "velha 2"]]);
        let afterwards: Vec<Value> = a.alerts().await.iter().map(|alert| alert["foundAfterwards"].clone()).collect();
        assert_eq!(afterwards, [json!(false), json!(true)]);
        // A history that repeats what is there already finds nothing anew.
        assert_eq!(a.deliver(history(&a, "viva 1", ANA, T)).await, 200);
        assert_eq!(a.matches().await.len(), 4);
    }

    async fn matches_that_come_at_once_share_one_alert_on_two_nodes_too(world: World) {
        let a = world.tenant("alfa").await;
        watch_grouped(&a, 60).await;
        let (node, stop) = world.second_node().await;
        let (here, there) = (a.door(), a.door().at(&node));
        let posts = (0..20).map(|at| {
            let door = if at % 2 == 0 { &here } else { &there };
            let body = a.text(&format!("m{at:02}"), ANA, T + at, "a propina de sempre");
            async move { door.deliver(body).await }
        });
        assert_eq!(futures_util::future::join_all(posts).await, [200; 20]);
        stop.cancel();
        assert_eq!(groups(&a).await.iter().map(Vec::len).collect::<Vec<_>>(), [20]);
    }

    async fn many_terms_of_one_policy_in_one_message_are_one_alert(world: World) {
        let a = world.tenant("alfa").await;
        for pattern in ["propina", "sempre", "propina de sempre"] {
            a.watch(pattern).await;
        }
        say(&a, "1", ANA, T).await;
        assert_eq!((a.alerts().await.len(), a.matches().await.len()), (1, 3));
    }
}
