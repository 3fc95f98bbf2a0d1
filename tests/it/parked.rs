//! What has no home or makes no sense: answered 200, kept sealed, shown to operators alone, and taken up again.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use vigia::inbox::Inbox;
use vigia::telemetry::Metrics;

use crate::support::{Door, Tenant, World};

const UNBOUND: &str = "Its number is not bound to this channel.";
const SUSPENDED: &str = "Its company is suspended.";
const REFUSED: &str = "The database would not take it.";
const MALFORMED: &str = "It lacks what makes it an item.";

async fn reasons(world: &World) -> Vec<String> {
    world.parked().await.into_iter().map(|(_, reason)| reason).collect()
}

async fn ids(world: &World) -> Vec<String> {
    world.parked().await.into_iter().map(|(id, _)| id).collect()
}

/// A delivery for a number, whoever it belongs to.
fn for_number(tenant: &Tenant, number: &str, id: &str) -> String {
    tenant.text(id, "5511988887777", 1_760_000_000, "oi").replace(&tenant.provider_number_id, number)
}

on_both_engines! {
    async fn what_is_authentic_but_makes_no_sense_is_answered_200_and_parked(world: World) {
        let a = world.tenant("alfa").await;
        let door = a.door();
        let not_json = ["", " ", "{", "olá", "\u{0}"];
        let unknown = ["null", "[]", "1", "{}", "{\"object\":\"page\",\"entry\":[]}", "{\"object\":\"whatsapp_business_account\"}",
            "{\"object\":\"whatsapp_business_account\",\"entry\":{}}"];
        for body in not_json.into_iter().chain(unknown) {
            assert_eq!(door.deliver(body).await, 200, "{body:?}");
        }
        assert_eq!(door.deliver(vec![0xFF, 0xFE, b'{']).await, 200, "no UTF-8");
        assert_eq!(door.deliver("{\"object\":\"whatsapp_business_account\",\"entry\":[]}").await, 200, "an empty one");
        let counted = reasons(&world).await;
        let count = |reason: &str| counted.iter().filter(|known| *known == reason).count();
        assert_eq!(count("The body is empty or no JSON."), 6);
        assert_eq!(count("It is JSON of a shape that is not known."), 7);
        assert_eq!(counted.len(), 13);
        assert_eq!(world.count("delivery").await, 14);
        // A person of the company's is told nothing of it.
        let answer = a.owner.send("{ parkedItems { nodes { id } } }", json!({})).await;
        assert_eq!(answer.code(), "FORBIDDEN");
        // What still makes no sense stays where it is.
        assert_eq!(world.replay(&ids(&world).await).await, 0);
        assert_eq!(world.parked().await.len(), 13);
        a.receive("wamid.boa", "5511988887777", "boa").await;
    }

    async fn one_broken_item_costs_its_neighbours_nothing(world: World) {
        let a = world.tenant("alfa").await;
        let text = |id: &str, body: Value| json!({ "from": "5511988887777", "id": id, "timestamp": "1760000000", "type": "text", "text": body });
        let broken = [
            Value::Null, json!(7), json!("texto"), json!([]), json!({}), text("sem corpo", json!({})), text("", json!({ "body": "oi" })),
            json!({ "id": "x", "from": "5511988887777", "type": "image" }), text("corpo estranho", json!({ "body": ["oi"] })),
            json!({ "id": "y", "from": "5511988887777", "type": "edit", "edit": {} }),
        ];
        let mut messages = vec![text("primeira", json!({ "body": "um" }))];
        messages.extend(broken.iter().cloned());
        messages.push(text("última", json!({ "body": "nul \u{0} no meio" })));
        let statuses = json!([{ "id": "primeira", "status": "read", "timestamp": "1760000001" }, { "status": "read" }]);
        let body = a.value(&json!({ "messages": messages, "statuses": statuses, "contacts": [null, { "wa_id": 5 }] }));
        assert_eq!(a.deliver(body).await, 200);
        let kept = a.messages().await;
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["primeira", "última"]);
        assert_eq!(kept["primeira"]["text"], "um");
        assert_eq!(kept["última"]["text"], "nul \u{0} no meio");
        let parked = ids(&world).await;
        assert_eq!((world.replay(&parked).await, ids(&world).await), (0, parked), "what is still broken stays as it is");
        assert_eq!(reasons(&world).await, vec![MALFORMED; broken.len() + 1]);
    }

    async fn an_item_for_a_number_of_another_channel_reaches_nobody(world: World) {
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        let (channel, platform) = world.platform_channel("segredo da plataforma").await;
        assert_eq!(a.deliver(for_number(&a, &b.provider_number_id, "de b por a")).await, 200);
        assert_eq!(a.deliver(for_number(&a, "999", "de ninguém")).await, 200);
        assert_eq!(platform.deliver(for_number(&a, &a.provider_number_id, "de a pela plataforma")).await, 200);
        assert_eq!(reasons(&world).await, [UNBOUND; 3]);
        assert!(a.messages().await.is_empty() && b.messages().await.is_empty());
        // As long as it has no home it stays parked, and is there once.
        assert_eq!(world.replay(&ids(&world).await).await, 0);
        assert_eq!(reasons(&world).await, [UNBOUND; 3]);
        // Once the number is bound to that channel, it goes to whom it is bound.
        world.bind(&channel, &b, "+5511950000009", &a.provider_number_id).await;
        assert_eq!(world.replay(&ids(&world).await).await, 1);
        assert_eq!(b.message("de a pela plataforma").await["text"], "oi");
        assert!(a.messages().await.is_empty());
        assert_eq!(reasons(&world).await, [UNBOUND; 2]);
        let again = json!({ "channelId": channel, "tenantId": a.id, "phone": "+5511950000009", "label": "De novo", "providerNumberId": a.provider_number_id });
        let refused = world.operator.attempt("registerNumber", "RegisterNumberInput", &again, "number { id }").await;
        assert_eq!(refused["errors"][0]["code"], "DUPLICATE");
    }

    async fn a_suspended_company_gets_what_came_meanwhile_when_it_is_resumed(world: World) {
        let (mut a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        let (channel, platform) = world.platform_channel("segredo da plataforma").await;
        world.bind(&channel, &a, "+5511950000008", "71").await;
        world.bind(&channel, &b, "+5511950000009", "72").await;
        a.watch("oi").await;
        a.receive("antes", "5511988887777", "olá").await;
        world.operator.change("suspendTenant", "TenantInput", &json!({ "tenantId": a.id }), "tenant { suspendedAt }").await;
        assert_eq!(a.deliver(for_number(&a, &a.provider_number_id, "própria")).await, 200);
        assert_eq!(a.deliver(a.value(&json!({ "statuses": [{ "id": "própria", "status": "read", "timestamp": "1760000009" }] }))).await, 200);
        // One delivery for both: the other company loses nothing.
        let both = |number: &str| serde_json::from_str::<Value>(&for_number(&a, number, number)).expect("JSON")["entry"][0].clone();
        let body = json!({ "object": "whatsapp_business_account", "entry": [both("71"), both("72")] }).to_string();
        assert_eq!(platform.deliver(body).await, 200);
        assert_eq!(b.message("72").await["text"], "oi");
        assert_eq!(reasons(&world).await, [SUSPENDED; 3]);
        assert_eq!(world.count("delivery").await, 4, "what was parked whole is a delivery too");
        assert_eq!(a.reviewer.send("{ conversations { nodes { id } } }", json!({})).await.code(), "FORBIDDEN");
        assert_eq!(world.replay(&ids(&world).await).await, 0);

        world.operator.change("resumeTenant", "TenantInput", &json!({ "tenantId": a.id }), "tenant { suspendedAt }").await;
        let parked = ids(&world).await;
        assert_eq!(world.replay(&parked).await, 3);
        assert_eq!(world.replay(&parked).await, 0, "once");
        assert!(world.parked().await.is_empty());
        a.reviewer = world.signed_in("revisora@alfa.example", "alfa").await;
        let messages = a.messages().await;
        assert_eq!(messages.keys().collect::<Vec<_>>(), ["71", "antes", "própria"]);
        assert_eq!(messages["própria"]["text"], "oi");
        assert_eq!(a.matches().await.len(), 2);
    }

    async fn what_the_database_would_not_take_is_parked_and_its_neighbours_and_its_delivery_are_kept(world: World) {
        let a = world.tenant("alfa").await;
        a.receive("antes", "5511988887777", "olá").await;
        // One person's keys are broken, which a node notices that does not have them in memory.
        let database = world.raw().await;
        let broken = "update content_key set wrapped = (select wrapped from content_key where kind = 1) where kind in (2, 3)";
        database.execute_unprepared(broken).await.expect("the keys are broken");
        database.close().await.expect("close");
        let (node, stop) = world.second_node().await;
        let door = a.door().at(&node);
        let text = |id: &str, from: &str| json!({ "from": from, "id": id, "timestamp": "1760000000", "type": "text", "text": { "body": "oi" } });
        let three = [text("um", "5511911112222"), text("estragada", "5511988887777"), text("dois", "5511911112222")];
        assert_eq!(door.deliver(a.value(&json!({ "messages": three }))).await, 200);
        assert_eq!(reasons(&world).await, [REFUSED]);
        assert_eq!(door.deliver(a.text("sozinha", "5511988887777", 1_760_000_001, "oi")).await, 200);
        assert_eq!(reasons(&world).await, [REFUSED; 2]);
        assert_eq!(a.messages().await.keys().collect::<Vec<_>>(), ["antes", "dois", "um"]);
        assert_eq!(world.count("delivery").await, 3);
        stop.cancel();
    }

    async fn what_waited_too_long_is_purged_and_nothing_else(world: World) {
        let a = world.tenant("alfa").await;
        a.receive("fica", "5511988887777", "oi").await;
        let orphan = a.value(&json!({ "statuses": [{ "id": "nunca vem", "status": "read", "timestamp": "1760000009" }] }));
        assert_eq!(a.deliver(orphan).await, 200);
        assert_eq!(a.deliver(for_number(&a, "999", "sem casa")).await, 200);
        let left = async || (world.count("held").await, world.count("parked").await, world.count("delivery").await);
        assert_eq!(left().await, (1, 1, 3));
        let inbox = Inbox::new(world.core.clone(), Arc::default(), Metrics::default());
        let day = Duration::from_secs(86_400);
        for (days, expected) in [(7, (1, 1, 3)), (2, (0, 1, 3)), (20, (0, 1, 3)), (2, (0, 0, 0))] {
            world.clock.advance(day * days);
            inbox.purge().await.expect("the database answers");
            assert_eq!(left().await, expected, "after {days} more days");
        }
        assert_eq!(world.count("message").await, 1);
        let signed_in = world.count("session").await;
        world.clock.advance(day * 120);
        inbox.purge().await.expect("the database answers");
        assert!(signed_in > 0 && world.count("session").await == 0, "sessions that ran out long ago are gone");
    }

    async fn every_sort_of_item_survives_being_parked(world: World) {
        let a = world.tenant("alfa").await;
        let door: Door = a.door();
        let lost = "999";
        let posted = |field: &str, lists: Value| a.change(field, &lists).replace(&a.provider_number_id, lost);
        let text = |id: &str, at: u64| json!({ "from": "5511988887777", "from_user_id": "BR.7", "id": id, "timestamp": at.to_string(),
            "type": "text", "text": { "body": format!("texto {id}") } });
        let contacts = json!([{ "wa_id": "5511988887777", "user_id": "BR.7", "profile": { "name": "Sete" } }]);
        let later = |id: &str, kind: &str, what: Value| json!({ "from": "5511988887777", "id": id, "timestamp": "1760000050", "type": kind, kind: what });
        for body in [
            posted("messages", json!({ "contacts": contacts, "messages": [text("viva", 1_760_000_000), text("apagada", 1_760_000_001)] })),
            posted("smb_message_echoes", json!({ "message_echoes": [{ "from": "5511950000000", "to": "5511988887777", "id": "eco",
                "timestamp": "1760000002", "type": "text", "text": { "body": "eco" } }] })),
            posted("history", json!({ "history": [{ "threads": [{ "id": "5511988887777", "messages": [text("velha", 1_750_000_000),
                { "from": "5511950000000", "to": "5511988887777", "id": "enviada", "timestamp": "1750000001", "type": "text",
                  "text": { "body": "ida" }, "history_context": { "status": "READ" } }] }] }] })),
            posted("messages", json!({ "messages": [
                later("e", "edit", json!({ "original_message_id": "viva", "message": { "type": "text", "text": { "body": "mudada" } } })),
                later("r", "revoke", json!({ "original_message_id": "apagada" })),
                later("g", "reaction", json!({ "message_id": "eco", "emoji": "👍" }))] })),
            posted("messages", json!({ "statuses": [{ "id": "eco", "status": "read", "timestamp": "1760000051" }] })),
            posted("user_id_update", json!({ "user_id_update": [{ "user_id": { "previous": "BR.7", "current": "BR.8" }, "wa_id": "5511988887777", "timestamp": "1760000060" }] })),
        ] {
            assert_eq!(door.deliver(body).await, 200);
        }
        assert_eq!(reasons(&world).await, [UNBOUND; 10]);
        a.register("+5511950000005", lost).await;
        // The newest first: each waits for what it is about.
        let mut parked = ids(&world).await;
        parked.reverse();
        for id in &parked {
            assert_eq!(world.replay(std::slice::from_ref(id)).await, 1);
        }
        let messages = a.messages().await;
        assert_eq!(messages.keys().collect::<Vec<_>>(), ["apagada", "eco", "enviada", "velha", "viva"]);
        assert_eq!(messages["viva"]["text"], "mudada");
        assert_eq!((&messages["viva"]["sender"]["name"], &messages["viva"]["sender"]["phone"]), (&json!("Sete"), &json!("+5511988887777")));
        assert!(messages["apagada"]["deletedAt"].is_string());
        assert_eq!((&messages["eco"]["origin"], &messages["eco"]["deliveryStatus"]), (&json!("ECHO"), &json!("READ")));
        assert_eq!(messages["eco"]["reactions"][0]["emoji"], "👍");
        assert_eq!((&messages["velha"]["origin"], &messages["velha"]["direction"]), (&json!("HISTORY"), &json!("INBOUND")));
        assert_eq!((&messages["enviada"]["origin"], &messages["enviada"]["direction"]), (&json!("HISTORY"), &json!("OUTBOUND")));
        assert_eq!(messages["enviada"]["deliveryStatus"], "READ");
        assert_eq!(a.conversations().await.len(), 1);
    }
}
