//! Who is who: phones however they are spelled, user ids, and people who change either.

use serde_json::{Value, json};

use crate::support::Tenant;

/// One text of somebody's, by whatever is known of them; empty is nothing.
async fn hear(tenant: &Tenant, id: &str, phone: &str, user_id: &str, at: u64) {
    let mut message =
        json!({ "id": id, "timestamp": at.to_string(), "type": "text", "text": { "body": format!("texto de {id}") } });
    for (name, value) in [("from", phone), ("from_user_id", user_id)] {
        if !value.is_empty() {
            message[name] = json!(value);
        }
    }
    assert_eq!(tenant.deliver(tenant.value(&json!({ "messages": [message] }))).await, 200, "{id}");
}

/// Who said it.
async fn sender(tenant: &Tenant, id: &str) -> Value {
    tenant.message(id).await["sender"].clone()
}

async fn sender_id(tenant: &Tenant, id: &str) -> String {
    sender(tenant, id).await["id"].as_str().expect("a contact").to_owned()
}

const T: u64 = 1_760_000_000;

on_both_engines! {
    async fn a_mobile_with_and_without_the_ninth_digit_is_one_person_and_a_landline_is_another(world: World) {
        let a = world.tenant("alfa").await;
        hear(&a, "com", "5531987654321", "", T).await;
        hear(&a, "sem", "553187654321", "", T + 1).await;
        hear(&a, "mais", "+55 31 98765-4321".replace('-', "").as_str(), "", T + 2).await;
        assert_eq!(sender_id(&a, "com").await, sender_id(&a, "sem").await);
        assert_eq!(sender_id(&a, "com").await, sender_id(&a, "mais").await);
        // A landline begins with 2 to 5, and has no ninth digit to lose.
        hear(&a, "fixo", "553132654321", "", T).await;
        hear(&a, "nove", "5531932654321", "", T).await;
        assert_ne!(sender_id(&a, "fixo").await, sender_id(&a, "nove").await);
        // Another country's numbers mean what they say.
        hear(&a, "fora", "351987654321", "", T).await;
        hear(&a, "fora2", "35187654321", "", T).await;
        assert_ne!(sender_id(&a, "fora").await, sender_id(&a, "fora2").await);
        // Germany's are as long as Brazil's, and may have a 9 in the same place.
        hear(&a, "fora3", "4915987654321", "", T).await;
        hear(&a, "fora4", "491587654321", "", T).await;
        assert_ne!(sender_id(&a, "fora3").await, sender_id(&a, "fora4").await);
        assert_eq!(a.conversations().await.len(), 7);
    }

    async fn either_spelling_of_a_phone_finds_the_conversation(world: World) {
        let a = world.tenant("alfa").await;
        hear(&a, "m", "553187654321", "", T).await;
        for phone in ["+5531987654321", "+553187654321"] {
            let query = format!("{{ conversations(filter: {{ contactPhone: \"{phone}\" }}) {{ nodes {{ id }} }} }}");
            let found = a.reviewer.read(&query).await;
            assert_eq!(found["conversations"]["nodes"].as_array().map(Vec::len), Some(1), "{phone}");
        }
    }

    async fn a_user_id_decides_and_a_phone_only_proposes(world: World) {
        let a = world.tenant("alfa").await;
        // Known by phone, then by both, then by the id alone, then under another phone: always the same.
        hear(&a, "1", "5511988880001", "", T).await;
        hear(&a, "2", "5511988880001", "BR.1", T + 1).await;
        hear(&a, "3", "", "BR.1", T + 2).await;
        hear(&a, "4", "5511988880002", "BR.1", T + 3).await;
        hear(&a, "5", "5511988880002", "", T + 4).await;
        for id in ["2", "3", "4", "5"] {
            assert_eq!(sender_id(&a, id).await, sender_id(&a, "1").await, "{id}");
        }
        assert_eq!(a.conversations().await.len(), 1);
    }

    async fn a_number_with_a_new_owner_makes_a_new_contact_and_leaves_the_old_one_his_messages(world: World) {
        let a = world.tenant("alfa").await;
        hear(&a, "velho", "5511988880001", "BR.1", T).await;
        hear(&a, "novo", "5511988880001", "BR.2", T + 100).await;
        hear(&a, "novo sem id", "5511988880001", "", T + 200).await;
        hear(&a, "velho sem fone", "", "BR.1", T + 300).await;
        let (old, new) = (sender(&a, "velho").await, sender(&a, "novo").await);
        assert_ne!(old["id"], new["id"]);
        assert_eq!((&old["phone"], &new["phone"]), (&Value::Null, &json!("+5511988880001")));
        assert_eq!(sender(&a, "novo sem id").await["id"], new["id"]);
        assert_eq!(sender(&a, "velho sem fone").await["id"], old["id"]);
        // Delivered late, said before the number changed hands: the old owner's.
        hear(&a, "velho atrasado", "5511988880001", "", T + 50).await;
        assert_eq!(sender(&a, "velho atrasado").await["id"], old["id"]);
        assert_eq!(a.conversations().await.len(), 2);
        // The new owner heard first.
        hear(&a, "novo antes", "5511988880003", "BR.4", T + 100).await;
        hear(&a, "velho depois", "5511988880003", "BR.3", T).await;
        hear(&a, "velho sem id", "5511988880003", "", T + 50).await;
        let (old, new) = (sender(&a, "velho depois").await, sender(&a, "novo antes").await);
        assert_eq!((&old["phone"], &new["phone"]), (&Value::Null, &json!("+5511988880003")));
        assert_eq!(sender(&a, "velho sem id").await["id"], old["id"]);
        assert_eq!(a.conversations().await.len(), 4);
    }

    async fn a_person_who_changes_the_number_stays_the_same_person(world: World) {
        let a = world.tenant("alfa").await;
        hear(&a, "antes", "5511988880001", "", T).await;
        let change = |id: &str, from: &str, to: &str, at: u64| json!({ "messages": [{ "from": from, "id": id, "timestamp": at.to_string(),
            "type": "system", "system": { "type": "user_changed_number", "wa_id": to, "body": format!("mudou de {from} para {to}") } }] });
        assert_eq!(a.deliver(a.value(&change("troca", "5511988880001", "5521977770001", T + 10))).await, 200);
        hear(&a, "depois", "5521977770001", "", T + 20).await;
        let person = sender(&a, "antes").await;
        assert_eq!(person["phone"], "+5521977770001");
        for id in ["troca", "depois"] {
            assert_eq!(sender(&a, id).await, person, "{id}");
        }
        assert_eq!(a.message("troca").await["kind"], "SYSTEM");
        // Said before the change and delivered after it: still the same person, who still has the new number.
        hear(&a, "atrasada", "5511988880001", "", T + 5).await;
        assert_eq!(sender(&a, "atrasada").await, person);
        // The number that was left is somebody else's from now on.
        hear(&a, "outra", "5511988880001", "", T + 1_000).await;
        assert_ne!(sender(&a, "outra").await["id"], person["id"]);
        assert_eq!(a.conversations().await.len(), 2);
    }

    async fn a_user_id_that_changes_keeps_the_person_even_if_the_change_is_heard_first(world: World) {
        let a = world.tenant("alfa").await;
        let update = |previous: &str, current: &str, phone: &str| json!({ "contacts": [{ "profile": { "name": "Ana" }, "wa_id": phone }],
            "user_id_update": [{ "wa_id": phone, "user_id": { "previous": previous, "current": current }, "timestamp": (T + 50).to_string() }] });
        hear(&a, "1", "5511988880001", "BR.1", T).await;
        assert_eq!(a.deliver(a.change("user_id_update", &update("BR.1", "BR.9", "5511988880001"))).await, 200);
        hear(&a, "2", "", "BR.9", T + 60).await;
        assert_eq!(sender_id(&a, "2").await, sender_id(&a, "1").await);
        assert_eq!(sender(&a, "1").await["name"], "Ana");

        assert_eq!(a.deliver(a.change("user_id_update", &update("BR.5", "BR.6", "5511988880005"))).await, 200);
        hear(&a, "3", "5511988880004", "BR.5", T + 1).await;
        hear(&a, "4", "", "BR.6", T + 60).await;
        assert_eq!(sender_id(&a, "3").await, sender_id(&a, "4").await);
        assert_eq!(a.conversations().await.len(), 2);
    }

    async fn two_contacts_that_turn_out_to_be_one_are_one_from_then_on(world: World) {
        let a = world.tenant("alfa").await;
        hear(&a, "fone", "5511988880001", "", T).await;
        hear(&a, "id", "", "BR.1", T + 1).await;
        assert_ne!(sender_id(&a, "fone").await, sender_id(&a, "id").await);
        hear(&a, "ambos", "5511988880001", "BR.1", T + 2).await;
        hear(&a, "só fone", "5511988880001", "", T + 3).await;
        hear(&a, "só id", "", "BR.1", T + 4).await;
        let conversation = a.message("ambos").await["conversation"]["id"].clone();
        for id in ["só fone", "só id"] {
            let message = a.message(id).await;
            assert_eq!(message["conversation"]["id"], conversation, "{id}");
            assert_eq!(message["sender"]["phone"], "+5511988880001", "{id}");
        }
        assert_eq!(sender(&a, "fone").await["phone"], "+5511988880001");
        assert_eq!(sender(&a, "id").await["phone"], "+5511988880001");
    }

    async fn a_message_of_whom_nothing_is_told_is_kept_by_itself(world: World) {
        let a = world.tenant("alfa").await;
        hear(&a, "1", "", "", T).await;
        hear(&a, "2", "", "", T).await;
        hear(&a, "1", "", "", T).await;
        let (one, two) = (a.message("1").await, a.message("2").await);
        assert_eq!((&one["text"], &one["sender"]["phone"], &one["sender"]["name"]), (&json!("texto de 1"), &Value::Null, &Value::Null));
        assert_ne!(one["conversation"]["id"], two["conversation"]["id"]);
        // Nor are they one person when they come together.
        let together = ["3", "4"].map(|id| json!({ "id": id, "timestamp": T.to_string(), "type": "text", "text": { "body": "oi" } }));
        assert_eq!(a.deliver(a.value(&json!({ "messages": together }))).await, 200);
        assert_eq!((a.messages().await.len(), a.conversations().await.len()), (4, 4));
    }

    async fn in_a_group_each_message_has_its_own_author(world: World) {
        let a = world.tenant("alfa").await;
        for (id, from, user) in [("1", "5511988880001", "BR.1"), ("2", "5511988880002", "BR.2"), ("3", "", "BR.1")] {
            let message = json!({ "id": id, "from": from, "from_user_id": user, "group_id": "grupo-1", "timestamp": T.to_string(),
                "type": "text", "text": { "body": "oi" } });
            assert_eq!(a.deliver(a.value(&json!({ "messages": [message] }))).await, 200);
        }
        hear(&a, "a sós", "5511988880001", "BR.1", T).await;
        let messages = a.messages().await;
        assert_eq!(messages["1"]["conversation"]["isGroup"], true);
        assert_eq!(messages["1"]["conversation"]["contact"], Value::Null);
        for id in ["2", "3"] {
            assert_eq!(messages[id]["conversation"]["id"], messages["1"]["conversation"]["id"], "{id}");
        }
        assert_ne!(messages["1"]["sender"]["id"], messages["2"]["sender"]["id"]);
        assert_eq!(messages["1"]["sender"], messages["3"]["sender"]);
        assert_eq!(messages["a sós"]["sender"], messages["1"]["sender"]);
        assert_eq!(messages["a sós"]["conversation"]["isGroup"], false);
        assert_eq!(a.conversations().await.len(), 2);
    }

    async fn companies_never_learn_of_one_another_who_writes_to_both(world: World) {
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        hear(&a, "1", "5511988880001", "BR.1", T).await;
        hear(&b, "1", "5511988880001", "", T).await;
        assert_ne!(sender_id(&a, "1").await, sender_id(&b, "1").await);
        assert_eq!((a.messages().await.len(), b.messages().await.len()), (1, 1));
    }
}
