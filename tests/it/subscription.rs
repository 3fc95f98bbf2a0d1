//! Alerts as they happen: in order, each once, to whoever may see them, for as long as they may.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Caller, Engine, Socket, Tenant, World, world};

const EVENTS: &str = "subscription ($after: String, $filter: AlertEventFilter) {
  alertEvents(after: $after, filter: $filter) { cursor kind alertId alert { sequence } }
}";
/// Rights are looked at every second; the law is five.
const SOON: Duration = Duration::from_secs(5);

/// Where a company's events stand now.
async fn now(caller: &Caller) -> Value {
    caller.read("{ alerts(first: 1) { eventCursor } }").await["alerts"]["eventCursor"].clone()
}

async fn follow(caller: &Caller, after: &Value, filter: Value) -> Socket {
    let mut socket = caller.socket().await;
    socket.subscribe("s", EVENTS, json!({ "after": after, "filter": filter })).await;
    socket
}

async fn next(socket: &mut Socket) -> Value {
    socket.event().await["alertEvents"].clone()
}

/// The alert `number` of a conversation of its own.
async fn raise(tenant: &Tenant, number: u64) {
    tenant.receive(&format!("wamid.{number}"), &format!("55119{number:08}"), "e a propina, como fica?").await;
}

/// A company that watches one word.
async fn watching(world: &World, slug: &str) -> Tenant {
    let tenant = world.tenant(slug).await;
    tenant.watch("propina").await;
    tenant
}

/// The code of the errors that a subscription is refused with.
async fn refused(caller: &Caller, after: &str) -> Value {
    let mut socket = follow(caller, &json!(after), Value::Null).await;
    let message = socket.hear().await;
    let errors = if message["type"] == "error" { &message["payload"] } else { &message["payload"]["errors"] };
    errors[0]["extensions"]["code"].clone()
}

async fn ends(mut socket: Socket, code: u16, began: Instant, what: &str) {
    let closed = tokio::time::timeout(SOON.saturating_sub(began.elapsed()), socket.close_code()).await;
    assert_eq!(closed.ok(), Some(code), "{what}: within {SOON:?}");
}

on_both_engines! {
    async fn what_happened_after_a_cursor_comes_first_and_then_what_happens(world: World) {
        let tenant = watching(&world, "fluxo").await;
        raise(&tenant, 1).await;
        let after = now(&tenant.reviewer).await;
        for number in 2..=6 {
            raise(&tenant, number).await;
        }
        let mut socket = follow(&tenant.reviewer, &after, Value::Null).await;
        for sequence in 2..=6 {
            let event = next(&mut socket).await;
            assert_eq!((&event["kind"], &event["alert"]["sequence"]), (&json!("RAISED"), &json!(sequence)));
        }
        for number in 7..=10 {
            raise(&tenant, number).await;
            assert_eq!(next(&mut socket).await["alert"]["sequence"], number);
        }
        tenant.receive("wamid.again", "5511900000010", "a propina de novo").await;
        let matched = next(&mut socket).await;
        assert_eq!((&matched["kind"], &matched["alert"]["sequence"]), (&json!("MATCHED"), &json!(10)));
    }

    async fn whoever_is_cut_off_twenty_times_gets_each_event_once_and_in_order(world: World) {
        const EVENTS: u64 = 60;
        let tenant = watching(&world, "cortes").await;
        let mut after = now(&tenant.reviewer).await;
        let listen = async {
            let (mut heard, mut cuts) = (Vec::new(), 0_u64);
            while heard.len() < EVENTS as usize {
                let mut socket = follow(&tenant.reviewer, &after, Value::Null).await;
                // The last connection stays; the others end in the middle of whatever comes.
                let most = if cuts < 20 { 1 + cuts % 4 } else { EVENTS };
                for _ in 0..most.min(EVENTS - heard.len() as u64) {
                    let event = next(&mut socket).await;
                    heard.push(event["alert"]["sequence"].as_u64().expect("a number"));
                    after = event["cursor"].clone();
                }
                cuts += 1;
            }
            assert!(cuts > 20, "{cuts} cut-offs");
            heard
        };
        let happen = async {
            for number in 1..=EVENTS {
                raise(&tenant, number).await;
            }
        };
        let (heard, ()) = futures_util::join!(listen, happen);
        assert_eq!(heard, (1..=EVENTS).collect::<Vec<_>>());
    }

    async fn without_a_cursor_events_come_from_now_on_without_a_gap(world: World) {
        let tenant = watching(&world, "agora").await;
        raise(&tenant, 1).await;
        let mut socket = tenant.reviewer.socket().await;
        socket.subscribe("s", EVENTS, json!({})).await;
        // When the server has begun to listen shows in nothing but its first event.
        let happen = async {
            for number in 2_u64.. {
                raise(&tenant, number).await;
            }
        };
        let listen = async {
            let first = next(&mut socket).await["alert"]["sequence"].as_u64().expect("a number");
            for sequence in first + 1..first + 5 {
                assert_eq!(next(&mut socket).await["alert"]["sequence"], sequence);
            }
            first
        };
        let first = tokio::select! { first = listen => first, () = happen => unreachable!("it happens for ever") };
        assert!(first > 1, "what happened before does not come");
    }

    async fn a_filter_lets_through_what_meets_all_of_it(world: World) {
        let tenant = watching(&world, "filtro").await;
        let other_number = tenant.register("+5511950000001", "519999").await;
        let after = now(&tenant.reviewer).await;
        let elsewhere = tenant.text("wamid.else", "5511922220000", 1_760_000_000, "propina aqui").replace(&tenant.provider_number_id, "519999");
        raise(&tenant, 1).await;
        assert_eq!(tenant.deliver(elsewhere).await, 200);
        tenant.receive("wamid.again", "5511900000001", "propina, propina").await;
        let found = tenant.reviewer.read("{ alerts { nodes { sequence policy { id } conversation { id number { id } } } } }").await;
        let of = |sequence: u64| found["alerts"]["nodes"].as_array().expect("alerts").iter().find(|a| a["sequence"] == sequence).expect("the alert").clone();
        let filters = [
            (json!({ "numberId": other_number }), vec![(2, "RAISED")]),
            (json!({ "numberId": tenant.number_id }), vec![(1, "RAISED"), (1, "MATCHED")]),
            (json!({ "kinds": ["MATCHED"] }), vec![(1, "MATCHED")]),
            (json!({ "kinds": ["RAISED"], "conversationId": of(2)["conversation"]["id"] }), vec![(2, "RAISED")]),
            (json!({ "policyId": of(1)["policy"]["id"] }), vec![(1, "RAISED"), (2, "RAISED"), (1, "MATCHED")]),
        ];
        for (filter, expected) in filters {
            let mut socket = follow(&tenant.reviewer, &after, filter.clone()).await;
            for (sequence, kind) in expected {
                let event = next(&mut socket).await;
                assert_eq!((&event["alert"]["sequence"], &event["kind"]), (&json!(sequence), &json!(kind)), "{filter}");
            }
        }
        let mut socket = follow(&tenant.reviewer, &after, json!({ "numberId": other_number, "kinds": ["RAISED"] })).await;
        assert_eq!(next(&mut socket).await["alert"]["sequence"], 2);
        raise(&tenant, 3).await;
        assert_eq!(tenant.deliver(tenant.text("wamid.more", "5511922220001", 1_760_000_000, "propina").replace(&tenant.provider_number_id, "519999")).await, 200);
        assert_eq!(next(&mut socket).await["alert"]["sequence"], 4, "what does not pass the filter is passed over");
        let input = json!({ "name": "Brindes", "purpose": "Testar", "legalBasis": "LEGITIMATE_INTEREST" });
        let policy = tenant.manager.change("createPolicy", "CreatePolicyInput", &input, "policy { id }").await["policy"]["id"].clone();
        tenant.manager.change("createTerm", "CreateTermInput", &json!({ "pattern": "brinde", "policyId": policy }), "term { id }").await;
        let mut socket = follow(&tenant.reviewer, &after, json!({ "policyId": policy })).await;
        tenant.receive("wamid.gift", "5511922220002", "um brinde").await;
        assert_eq!(next(&mut socket).await["alert"]["sequence"], 5, "another policy's");
    }

    async fn a_cursor_of_another_list_or_company_is_refused(world: World) {
        let (tenant, other) = (watching(&world, "cursor").await, watching(&world, "alheia").await);
        raise(&tenant, 1).await;
        let lists = tenant.manager.read("{ terms { pageInfo { endCursor } } alerts { pageInfo { endCursor } nodes { matches { pageInfo { endCursor } } } } }").await;
        let own = |list: &str| lists[list]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        let foreign = now(&other.manager).await.as_str().expect("a cursor").to_owned();
        // Of all lists, this one's cursors look most like an event's: their number is 0.
        let of_matches = lists["alerts"]["nodes"][0]["matches"]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        for cursor in [own("terms"), own("alerts"), of_matches, foreign, "x".into(), String::new()] {
            assert_eq!(refused(&tenant.manager, &cursor).await, "BAD_USER_INPUT", "{cursor:?}");
        }
    }

    async fn a_socket_ends_when_its_session_does(world: World) {
        let tenant = watching(&world, "fim").await;
        let user = async |caller: &Caller| caller.read("{ viewer { user { id } } }").await["viewer"]["user"]["id"].clone();

        let (socket, began) = (tenant.reviewer.socket().await, Instant::now());
        tenant.reviewer.send("mutation { signOut { errors { code } } }", json!({})).await.data();
        ends(socket, 4401, began, "signed out").await;

        let reviewer = world.signed_in("revisora@fim.example", "fim").await;
        let id = user(&reviewer).await;
        let (socket, began) = (follow(&reviewer, &Value::Null, Value::Null).await, Instant::now());
        tenant.owner.change("disableUser", "DisableUserInput", &json!({ "id": id }), "user { id }").await;
        ends(socket, 4401, began, "disabled").await;

        let id = user(&tenant.auditor).await;
        let (socket, began) = (tenant.auditor.socket().await, Instant::now());
        tenant.owner.change("updateUser", "UpdateUserInput", &json!({ "id": id, "role": "REVIEWER" }), "user { id }").await;
        ends(socket, 4401, began, "another role").await;

        let (socket, began) = (tenant.manager.socket().await, Instant::now());
        world.operator.change("suspendTenant", "TenantInput", &json!({ "tenantId": tenant.id }), "tenant { id }").await;
        ends(socket, 4401, began, "suspended").await;
    }

    async fn a_socket_ends_with_its_access_token(world: World) {
        let tenant = watching(&world, "prazo").await;
        // Tokens live for 600 seconds. The timer is the system's: it runs for the few seconds that are left.
        world.clock.advance(Duration::from_secs(597));
        ends(tenant.manager.socket().await, 4403, Instant::now(), "expired").await;
    }

    async fn a_socket_is_told_that_the_server_stops(world: World) {
        let tenant = watching(&world, "parada").await;
        let mut socket = follow(&tenant.manager, &Value::Null, Value::Null).await;
        let (stopped, code) = futures_util::join!(world.stop(), socket.close_code());
        assert_eq!(code, 1012);
        assert!(stopped.0 < SOON, "stopped after {:?}", stopped.0);
    }

    async fn an_owner_follows_alerts_without_their_content(world: World) {
        let tenant = watching(&world, "dona").await;
        let query = "subscription ($after: String) { alertEvents(after: $after) { kind alert { sequence severity
          conversation { contact { name phone contentState } }
          matches(first: 1) { nodes { sourceText spans { text } message { text contentState providerId sender { name phone } } } } } } }";
        let after = now(&tenant.owner).await;
        raise(&tenant, 1).await;
        let seen = async |caller: &Caller| {
            let mut socket = caller.socket().await;
            socket.subscribe("s", query, json!({ "after": after })).await;
            next(&mut socket).await
        };
        let (owners, managers) = (seen(&tenant.owner).await, seen(&tenant.manager).await);
        assert_eq!((&owners["kind"], &owners["alert"]["sequence"]), (&json!("RAISED"), &json!(1)));
        let found = &owners["alert"]["matches"]["nodes"][0];
        assert_eq!(found["message"], json!({ "text": null, "contentState": "FORBIDDEN", "providerId": null, "sender": { "name": null, "phone": null } }));
        assert_eq!((&found["sourceText"], &found["spans"]), (&Value::Null, &json!([{ "text": null }])));
        assert_eq!(owners["alert"]["conversation"]["contact"], json!({ "name": null, "phone": null, "contentState": "FORBIDDEN" }));
        assert_eq!(managers["alert"]["matches"]["nodes"][0]["sourceText"], "e a propina, como fica?");
        assert_eq!(managers["alert"]["conversation"]["contact"]["phone"], "+5511900000001");
    }

    async fn another_companys_events_never_arrive(world: World) {
        let (tenant, other) = (watching(&world, "minha").await, watching(&world, "outra").await);
        let mut socket = follow(&tenant.manager, &now(&tenant.manager).await, Value::Null).await;
        let mut live = tenant.owner.socket().await;
        live.subscribe("s", EVENTS, json!({ "after": now(&tenant.owner).await })).await;
        for number in 1..=5 {
            raise(&other, number).await;
        }
        for number in 6..=7 {
            raise(&tenant, number).await;
        }
        // The other's events stand at the same places in its journal: between these two.
        let own = tenant.manager.read("{ alerts { nodes { id } } }").await["alerts"]["nodes"].clone();
        for socket in [&mut socket, &mut live] {
            for sequence in 1..=2 {
                let event = next(socket).await;
                assert_eq!((&event["alertId"], &event["alert"]["sequence"]), (&own[2 - sequence]["id"], &json!(sequence)));
            }
        }
    }
}

#[test]
fn what_another_node_takes_in_arrives_within_the_slow_poll() {
    world::run(Engine::Postgres, async |world: World| {
        let mut tenant = watching(&world, "nos").await;
        let mut socket = follow(&tenant.reviewer, &now(&tenant.reviewer).await, Value::Null).await;
        let (url, stop) = world.second_node().await;
        tenant.move_to(&url);
        for number in 1..=3 {
            let began = Instant::now();
            raise(&tenant, number).await;
            assert_eq!(next(&mut socket).await["alert"]["sequence"], number);
            assert!(began.elapsed() < Duration::from_secs(3), "after {:?}", began.elapsed());
        }
        stop.cancel();
    });
}
