//! People: how they come in, stay in, and are put out.

mod permissions;
mod tokens;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Caller, Tenant, World};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ANOTHER: &str = "outra senha bem comprida 8";

/// One attempt to sign in: the payload without its tokens.
async fn attempt(world: &World, email: &str, password: &str, slug: Option<&str>) -> Value {
    let input = json!({ "email": email, "password": password, "tenantSlug": slug });
    world.anonymous().attempt("signIn", "SignInInput", &input, "viewer { role }").await
}

fn codes(payload: &Value) -> Vec<&str> {
    payload["errors"].as_array().expect("errors").iter().map(|error| error["code"].as_str().expect("a code")).collect()
}

/// Whether the caller's access token is still good.
async fn is_in(caller: &Caller) -> bool {
    let answer = caller.send("{ viewer { isOperator } }", json!({})).await;
    if answer.body["errors"].is_null() {
        return !answer.body["data"]["viewer"].is_null();
    }
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    false
}

/// Exchanges a refresh token: the next one, or none.
async fn refresh(caller: &Caller, token: &str) -> Option<String> {
    // Without the access token, which may be over.
    let caller = Caller::anonymous(&caller.url);
    let payload = caller
        .attempt("refreshSession", "RefreshSessionInput", &json!({ "refreshToken": token }), "accessToken refreshToken")
        .await;
    assert_eq!(payload["refreshToken"].is_null(), payload["accessToken"].is_null());
    match payload["refreshToken"].as_str() {
        Some(next) => Some(next.to_owned()),
        None => {
            assert_eq!(codes(&payload), ["BAD_CREDENTIALS"]);
            None
        }
    }
}

async fn user_id(tenant: &Tenant, who: &str) -> String {
    let users = tenant.owner.read("{ users { nodes { id email } } }").await;
    let users = users["users"]["nodes"].as_array().expect("users").clone();
    let found = users.iter().find(|user| user["email"] == format!("{who}@{}.example", tenant.slug));
    found.expect("the person")["id"].as_str().expect("an id").to_owned()
}

async fn disable(tenant: &Tenant, who: &str) {
    let id = user_id(tenant, who).await;
    tenant.owner.change("disableUser", "DisableUserInput", &json!({ "id": id }), "user { id }").await;
}

fn refresh_token(caller: &Caller) -> String {
    caller.refresh_token.clone().expect("a refresh token")
}

on_both_engines! {
    async fn whoever_may_not_come_in_is_told_the_same_whatever_the_cause(world: World) {
        let tenant = world.tenant("porta").await;
        let email = |who: &str| format!("{who}@porta.example");
        disable(&tenant, "auditora").await;
        assert_eq!(attempt(&world, " Dona@PORTA.example ", PASSWORD, None).await, json!({ "viewer": { "role": "OWNER" }, "errors": [] }));
        let refused = attempt(&world, &email("dona"), "nao e esta senha", None).await;
        assert_eq!(codes(&refused), ["BAD_CREDENTIALS"]);
        for (email, password, slug) in [
            (email("dona"), "nao e esta senha", Some("porta")),
            (email("dona"), "", None),
            (email("dona"), &*"x".repeat(2_000), None),
            (email("ninguem"), PASSWORD, None),
            ("nem endereco".to_owned(), PASSWORD, None),
            (email("auditora"), PASSWORD, None),
            (email("auditora"), PASSWORD, Some("porta")),
            (email("gestora"), PASSWORD, Some("outra")),
            ("operadora@vigia.example".to_owned(), PASSWORD, Some("porta")),
        ] {
            assert_eq!(attempt(&world, &email, password, slug).await, refused, "{email} {slug:?}");
        }
    }

    async fn who_has_sign_ins_at_several_companies_is_asked_at_which_after_the_right_password_alone(world: World) {
        let (first, second) = (world.tenant("primeira").await, world.tenant("segunda").await);
        for (tenant, password, role) in [(&first, PASSWORD, "AUDITOR"), (&second, PASSWORD, "REVIEWER")] {
            let input = json!({ "name": "Ana", "email": "ana@fora.example", "password": password, "role": role });
            tenant.owner.change("createUser", "CreateUserInput", &input, "user { id }").await;
        }
        let asked = attempt(&world, "ana@fora.example", PASSWORD, None).await;
        assert_eq!((codes(&asked), &asked["viewer"], &asked["errors"][0]["path"]), (vec!["TENANT_REQUIRED"], &json!(null), &json!(["tenantSlug"])));
        assert_eq!(codes(&attempt(&world, "ana@fora.example", ANOTHER, None).await), ["BAD_CREDENTIALS"]);
        for (slug, role) in [("primeira", "AUDITOR"), ("segunda", "REVIEWER")] {
            assert_eq!(attempt(&world, "ana@fora.example", PASSWORD, Some(slug)).await["viewer"]["role"], role);
        }
        let mut ana = world.signed_in("ana@fora.example", "segunda").await;
        ana.change("changePassword", "ChangePasswordInput", &json!({ "currentPassword": PASSWORD, "newPassword": ANOTHER }), "").await;
        ana.sign_in("ana@fora.example", ANOTHER).await;
        assert_eq!(ana.read("{ viewer { tenant { slug } } }").await["viewer"]["tenant"]["slug"], "segunda", "one password, one company: no question");
    }

    async fn a_weak_password_is_refused_wherever_one_is_chosen(world: World) {
        let tenant = world.tenant("fraca").await;
        for weak in ["curta", "aaaaaaaaaaaaaaab", "nova@fraca.example", "123456789012345", "password12345", "ab1!eab1!eab1!e", &"longa demais ".repeat(100)] {
            let input = json!({ "name": "N", "email": "nova@fraca.example", "password": weak, "role": "AUDITOR" });
            let made = tenant.owner.attempt("createUser", "CreateUserInput", &input, "user { id }").await;
            assert_eq!((codes(&made), &made["user"], &made["errors"][0]["path"]), (vec!["WEAK_PASSWORD"], &json!(null), &json!(["password"])), "{weak}");
            if weak.starts_with("nova") {
                continue;
            }
            let input = json!({ "currentPassword": PASSWORD, "newPassword": weak });
            assert_eq!(codes(&tenant.reviewer.attempt("changePassword", "ChangePasswordInput", &input, "").await), ["WEAK_PASSWORD"], "{weak}");
            let input = json!({ "name": "E", "slug": "nova-empresa", "ownerName": "N", "ownerEmail": "nova@fraca.example", "ownerPassword": weak });
            assert_eq!(codes(&world.operator.attempt("createTenant", "CreateTenantInput", &input, "tenant { id }").await), ["WEAK_PASSWORD"], "{weak}");
        }
    }

    async fn guessing_at_one_account_is_slowed_down_and_never_locks_it(world: World) {
        world.tenant("chute").await;
        for account in ["ninguem@chute.example", "dona@chute.example"] {
            for failure in 1..=9 {
                assert_eq!(codes(&attempt(&world, account, "nao e esta senha", None).await), ["BAD_CREDENTIALS"], "{account}: {failure}");
                // From the fifth on: one second, then two, four, eight, sixteen.
                world.clock.advance(Duration::from_secs(if failure < 9 { 20 } else { 0 }));
            }
            let slowed = attempt(&world, account, PASSWORD, None).await;
            assert_eq!((codes(&slowed), &slowed["viewer"], &slowed["errors"][0]["path"]), (vec!["THROTTLED"], &json!(null), &json!([])), "{account}");
            let words = slowed["errors"][0]["message"].as_str().expect("words").to_owned();
            let seconds = words.strip_prefix("There were too many failed attempts to sign in; try again in ").and_then(|rest| rest.strip_suffix(" seconds."));
            let seconds: u64 = seconds.expect("how long to wait").parse().expect("a number");
            assert!((9..=16).contains(&seconds), "{account}: {words}");
        }
        world.clock.advance(Duration::from_secs(8));
        assert_eq!(codes(&attempt(&world, "dona@chute.example", PASSWORD, None).await), ["THROTTLED"], "the right password too");
        world.clock.advance(Duration::from_secs(8));
        assert_eq!(codes(&attempt(&world, "dona@chute.example", PASSWORD, None).await), Vec::<&str>::new());
        for _ in 0..4 {
            assert_eq!(codes(&attempt(&world, "dona@chute.example", "nao e esta senha", None).await), ["BAD_CREDENTIALS"], "the count begins anew");
        }
    }

    async fn guessing_at_many_accounts_is_slowed_down_by_address(world: World) {
        world.tenant("muitas").await;
        // Too long for any password: counted like a wrong one, and never hashed.
        let guess = "x".repeat(2_000);
        for number in 0..100 {
            assert_eq!(codes(&attempt(&world, &format!("pessoa{number}@muitas.example"), &guess, None).await), ["BAD_CREDENTIALS"]);
        }
        assert_eq!(codes(&attempt(&world, "dona@muitas.example", PASSWORD, None).await), ["THROTTLED"]);
        let query = "mutation { signIn(input: { email: \"dona@muitas.example\", password: \"x\" }) { errors { code } } }";
        let forged = reqwest::Client::new().post(format!("{}/graphql", world.url)).header("content-type", "application/json").header("x-forwarded-for", "203.0.113.7");
        let told = forged.body(json!({ "query": query }).to_string()).send().await.expect("an answer").text().await.expect("a body");
        assert!(told.contains("THROTTLED"), "an address that the client claims is not believed: {told}");
        world.clock.advance(61 * MINUTE);
        assert_eq!(codes(&attempt(&world, "dona@muitas.example", PASSWORD, None).await), Vec::<&str>::new());
    }

    async fn a_refresh_token_is_good_once_and_a_second_use_ends_the_session(world: World) {
        let mut tenant = world.tenant("renova").await;
        let first = refresh_token(&tenant.manager);
        let second = refresh(&tenant.manager, &first).await.expect("the next");
        assert_ne!(first, second);
        assert_eq!(refresh(&tenant.manager, &first).await.as_ref(), Some(&second), "a repeated call gets the same one");
        assert_eq!(refresh(&tenant.manager, "").await, None);
        assert_eq!(refresh(&tenant.manager, tenant.manager.token.as_deref().expect("a token")).await, None, "an access token is no refresh token");
        world.clock.advance(Duration::from_secs(11));
        assert!(is_in(&tenant.manager).await);
        assert_eq!(refresh(&tenant.manager, &first).await, None);
        assert!(!is_in(&tenant.manager).await, "the access token ends with the session");
        assert_eq!(refresh(&tenant.manager, &second).await, None, "and so does the token that was good");
        assert!(is_in(&tenant.reviewer).await, "nobody else is put out");

        tenant.manager = world.signed_in("gestora@renova.example", "renova").await;
        world.clock.advance(7 * DAY + MINUTE);
        assert_eq!(refresh(&tenant.manager, &refresh_token(&tenant.manager)).await, None, "a week without a call");
        tenant.manager = world.signed_in("gestora@renova.example", "renova").await;
        let mut token = refresh_token(&tenant.manager);
        for _ in 0..4 {
            world.clock.advance(6 * DAY);
            token = refresh(&tenant.manager, &token).await.expect("the next");
        }
        world.clock.advance(6 * DAY + MINUTE);
        assert_eq!(refresh(&tenant.manager, &token).await, None, "thirty days, however often it is renewed");
    }

    async fn signing_out_ends_the_session_and_no_other(world: World) {
        let tenant = world.tenant("saida").await;
        let other = world.signed_in("gestora@saida.example", "saida").await;
        let mut socket = tenant.manager.socket().await;
        assert_eq!(tenant.manager.send("mutation { signOut { errors { code } } }", json!({})).await.data()["signOut"]["errors"], json!([]));
        assert!(!is_in(&tenant.manager).await);
        assert_eq!(refresh(&tenant.manager, &refresh_token(&tenant.manager)).await, None);
        assert_eq!(socket.close_code().await, 4401);
        assert!(is_in(&other).await);
    }

    async fn a_new_password_ends_all_other_sessions(world: World) {
        let tenant = world.tenant("troca").await;
        for (caller, email) in [(&tenant.manager, "gestora@troca.example"), (&world.operator, "operadora@vigia.example")] {
            let mut other = world.anonymous();
            other.sign_in(email, PASSWORD).await;
            let change = async |current: &str| {
                let input = json!({ "currentPassword": current, "newPassword": ANOTHER });
                caller.attempt("changePassword", "ChangePasswordInput", &input, "").await
            };
            let wrong = change("nao e esta senha").await;
            assert_eq!((codes(&wrong), &wrong["errors"][0]["path"]), (vec!["BAD_CREDENTIALS"], &json!(["currentPassword"])));
            assert!(is_in(&other).await);
            assert_eq!(codes(&change(PASSWORD).await), Vec::<&str>::new());
            assert!(is_in(caller).await && !is_in(&other).await, "{email}");
            assert_eq!(refresh(&other, &refresh_token(&other)).await, None);
            assert_eq!(codes(&attempt(&world, email, PASSWORD, None).await), ["BAD_CREDENTIALS"]);
            assert_eq!(codes(&attempt(&world, email, ANOTHER, None).await), Vec::<&str>::new());
        }
    }

    async fn who_is_shut_out_is_out_at_once_on_every_node(world: World) {
        let tenant = world.tenant("fora").await;
        let (second, stop) = world.second_node().await;
        let elsewhere = tenant.reviewer.at(&second);
        assert!(is_in(&elsewhere).await);
        let mut socket = tenant.reviewer.socket().await;
        disable(&tenant, "revisora").await;
        let began = Instant::now();
        assert!(!is_in(&tenant.reviewer).await);
        loop {
            let asked = began.elapsed();
            if !is_in(&elsewhere).await {
                break;
            }
            assert!(asked < Duration::from_secs(1), "another node finds out within a second");
        }
        assert_eq!(socket.close_code().await, 4401);
        assert_eq!(refresh(&tenant.reviewer, &refresh_token(&tenant.reviewer)).await, None);
        assert_eq!(codes(&attempt(&world, "revisora@fora.example", PASSWORD, None).await), ["BAD_CREDENTIALS"]);
        let shown = tenant.owner.read("{ users { nodes { email disabledAt } } }").await;
        let shown = shown["users"]["nodes"].as_array().expect("users").iter().filter(|user| !user["disabledAt"].is_null()).count();
        assert_eq!(shown, 1);
        stop.cancel();
    }

    async fn a_new_role_bites_at_once(world: World) {
        let tenant = world.tenant("papel").await;
        let mut socket = tenant.manager.socket().await;
        let id = user_id(&tenant, "gestora").await;
        let input = json!({ "id": id, "role": "AUDITOR" });
        let changed = tenant.owner.change("updateUser", "UpdateUserInput", &input, "user { role name }").await;
        assert_eq!(changed["user"], json!({ "role": "AUDITOR", "name": "gestora de papel" }));
        let refused = tenant.manager.send("mutation { createTerm(input: { pattern: \"abc\" }) { term { id } } }", json!({})).await;
        assert_eq!(refused.code(), "FORBIDDEN");
        assert_eq!(tenant.manager.read("{ viewer { role } }").await["viewer"]["role"], "AUDITOR");
        assert_eq!(socket.close_code().await, 4401, "a socket of the old role is closed");
    }

    async fn people_of_a_suspended_company_wait_until_it_is_resumed(world: World) {
        let tenant = world.tenant("suspensa").await;
        let id = json!({ "tenantId": tenant.id });
        let shown = world.operator.change("suspendTenant", "TenantInput", &id, "tenant { suspendedAt }").await;
        assert!(shown["tenant"]["suspendedAt"].is_string());
        for caller in [&tenant.owner, &tenant.manager, &tenant.reviewer, &tenant.auditor] {
            assert_eq!(caller.send("{ viewer { role } }", json!({})).await.code(), "FORBIDDEN");
        }
        let sign_in = "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken errors { code } } }";
        let input = json!({ "i": { "email": "dona@suspensa.example", "password": PASSWORD } });
        assert_eq!(world.anonymous().send(sign_in, input).await.code(), "FORBIDDEN");
        assert_eq!(codes(&attempt(&world, "dona@suspensa.example", "nao e esta senha", None).await), ["BAD_CREDENTIALS"], "only the right password is told why");
        let renew = "mutation ($t: String!) { refreshSession(input: { refreshToken: $t }) { accessToken } }";
        assert_eq!(world.anonymous().send(renew, json!({ "t": tenant.owner.refresh_token })).await.code(), "FORBIDDEN");
        world.operator.change("resumeTenant", "TenantInput", &id, "tenant { suspendedAt }").await;
        assert_eq!(tenant.owner.read("{ viewer { role } }").await["viewer"]["role"], "OWNER");
        assert!(refresh(&tenant.owner, &refresh_token(&tenant.owner)).await.is_some());
        assert_eq!(codes(&attempt(&world, "dona@suspensa.example", PASSWORD, None).await), Vec::<&str>::new());
    }

    async fn a_company_keeps_its_last_owner(world: World) {
        let tenant = world.tenant("dono").await;
        let (owner, manager) = (user_id(&tenant, "dona").await, user_id(&tenant, "gestora").await);
        let role = async |id: &str, role: &str| {
            codes(&tenant.owner.attempt("updateUser", "UpdateUserInput", &json!({ "id": id, "role": role }), "user { id }").await).join(" ")
        };
        let out = async |caller: &Caller, id: &str| {
            codes(&caller.attempt("disableUser", "DisableUserInput", &json!({ "id": id }), "user { id }").await).join(" ")
        };
        assert_eq!((role(&owner, "REVIEWER").await.as_str(), out(&tenant.owner, &owner).await.as_str()), ("CONFLICT", "CONFLICT"));
        assert_eq!(role(&manager, "OWNER").await, "");
        assert_eq!(out(&tenant.owner, &owner).await, "CONFLICT", "nobody shuts themselves out");
        assert_eq!(out(&tenant.manager, &owner).await, "");
        assert!(!is_in(&tenant.owner).await);
        let last = json!({ "id": manager, "role": "AUDITOR" });
        assert_eq!(codes(&tenant.manager.attempt("updateUser", "UpdateUserInput", &last, "user { id }").await), ["CONFLICT"], "one who is out does not count");
    }

    async fn an_unknown_address_takes_as_long_as_a_wrong_password(world: World) {
        world.tenant("tempo").await;
        let mut pairs = Vec::new();
        for number in 0..40 {
            let mut took = [0.0; 2];
            // Each goes first as often as the other.
            for which in [number % 2, 1 - number % 2] {
                let email = if which == 0 { "dona@tempo.example".to_owned() } else { format!("ninguem{number}@tempo.example") };
                let began = Instant::now();
                assert_eq!(codes(&attempt(&world, &email, "nao e esta senha", None).await), ["BAD_CREDENTIALS"]);
                took[which] = began.elapsed().as_secs_f64();
            }
            pairs.push(took);
            world.clock.advance(16 * MINUTE);
        }
        let sorted = |mut values: Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let known = sorted(pairs.iter().map(|[known, _]| *known).collect())[20];
        let apart = sorted(pairs.iter().map(|[known, unknown]| unknown - known).collect());
        let share = if std::env::var_os("VIGIA_TEST_FULL").is_some() { 0.05 } else { 0.15 };
        // Below five milliseconds nothing is told over a network.
        let limit = f64::max(share * known, 0.005);
        // The median of what they are apart lies between the 10th and the 31st of 40, 9,994 times in 10,000: a busy
        // machine widens that, and only what lies beyond the limit as a whole is the server's doing.
        assert!(apart[9] <= limit && apart[30] >= -limit, "known {known:.4} s, unknown {:.4} to {:.4} s longer", apart[9], apart[30]);
    }
}
