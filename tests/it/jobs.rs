//! What waits to be done: claimed once, taken over, let go, tried again, and given up in words.

use std::collections::BTreeSet;
use std::time::Duration;

use entity::job::Kind;
use entity::term_version::{Mode, Strictness};
use entity::{TenantId, Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use vigia::db::system::appoint;
use vigia::history;
use vigia::journal::{Actor, Chain};
use vigia::policies::TrialTerm;
use vigia::refusal::{Refusal, RefusalCode};

use crate::history::flood;
use crate::support::program::Serving;
use crate::support::{Tenant, World};

const LEASE: Duration = Duration::from_secs(60);

/// Puts a run on the list as the server would.
async fn enqueue(world: &World, tenant: &Tenant) -> String {
    ask(world, tenant).await.expect("it is lawful")
}

async fn ask(world: &World, tenant: &Tenant) -> Result<String, Refusal> {
    let id = tenant.id.split_once(':').and_then(|(_, id)| id.parse().ok()).expect("an id");
    let pattern = Some("propina".to_owned());
    let trial = TrialTerm { pattern, detector: None, mode: Mode::Word, strictness: Strictness::Folded };
    let asked = history::preview_all(&world.core, &appoint(TenantId(id)), Actor::COMMAND_LINE, trial).await;
    asked.expect("the database answers").map(|id| format!("scan:{}", id.0))
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp(now.0 + i64::try_from(by.as_micros()).expect("a short time"))
}

/// Claims all that is due; answers what each job is about, and how often it was taken up.
async fn claim(world: &World) -> Vec<(String, i32)> {
    let now = world.clock.now();
    let claimed = world.core.db.claim_jobs(now, later(now, LEASE), 10).await.expect("the database answers");
    assert!(claimed.iter().all(|job| job.kind() == Kind::HistoryScan));
    claimed.iter().map(|job| (format!("scan:{}", job.subject()), job.attempts())).collect()
}

async fn start(tenant: &Tenant) -> Value {
    let input = json!({ "pattern": "propina" });
    tenant.manager.change("previewHistory", "PreviewTermInput", &input, "scan { id }").await["scan"]["id"].clone()
}

/// How much a run had looked at when it had begun and not ended.
async fn midway(tenant: &Tenant, id: &Value) {
    let run = tenant.scan_once(id, |scan| scan["scanned"].as_i64() > Some(0)).await;
    assert_eq!(run["state"], "RUNNING", "it is in the middle: {run}");
}

fn is_whole(run: &Value, count: u64) {
    let facts = json!([run["state"], run["scanned"], run["total"], run["hits"], run["alerts"]]);
    assert_eq!(facts, json!(["DONE", count, count, count, 1]), "each message was looked at once");
}

on_both_engines! {
    async fn one_job_of_a_company_runs_at_a_time_and_none_on_two_nodes(world: World) {
        let mut world = world;
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        world.close().await;
        let first = enqueue(&world, &a).await;
        let second = enqueue(&world, &a).await;
        let other = enqueue(&world, &b).await;
        let claims = futures_util::future::join_all((0..6).map(|_| claim(&world))).await;
        let claimed: Vec<(String, i32)> = claims.into_iter().flatten().collect();
        let once: BTreeSet<(String, i32)> = [(first.clone(), 1), (other.clone(), 1)].into();
        assert_eq!((claimed.len(), claimed.into_iter().collect()), (2, once), "the first of each company, once");
        world.clock.advance(LEASE - Duration::from_secs(5));
        assert_eq!(claim(&world).await, [], "their leases last");
        world.clock.advance(Duration::from_secs(6));
        let now = world.clock.now();
        let lapsed = world.core.db.claim_jobs(now, later(now, LEASE), 10).await.expect("the database answers");
        assert_eq!(lapsed.iter().map(|job| job.attempts()).collect::<Vec<_>>(), [2, 2]);
        for job in lapsed {
            let due = if format!("scan:{}", job.subject()) == first { later(now, LEASE) } else { now };
            world.core.db.release_job(job, due, 7).await.expect("the database answers");
        }
        let after: BTreeSet<(String, i32)> = claim(&world).await.into_iter().collect();
        assert_eq!(after, [(second, 1), (other, 8)].into(), "who failed waits behind its company's others");
    }

    async fn who_lost_the_lease_meanwhile_can_commit_nothing(world: World) {
        let mut world = world;
        let a = world.tenant("alfa").await;
        world.close().await;
        enqueue(&world, &a).await;
        let take = async || {
            let now = world.clock.now();
            let mut claimed = world.core.db.claim_jobs(now, later(now, LEASE), 1).await.expect("the database answers");
            claimed.pop().expect("a job that is due")
        };
        let mut slow = take().await;
        world.clock.advance(LEASE);
        let mut quick = take().await;
        let until = later(world.clock.now(), LEASE + LEASE);
        for (claimed, is_held) in [(&mut slow, false), (&mut quick, true)] {
            let tx = world.core.db.scope(&*claimed).begin(Chain::Event).await.expect("a transaction");
            assert_eq!(tx.renew_job(claimed, until).await.expect("an answer"), is_held);
            assert_eq!(tx.end_job(claimed).await.expect("an answer"), is_held);
            tx.rollback().await.expect("rolled back");
        }
        assert_eq!((slow.attempts(), quick.attempts()), (1, 0), "who got further begins to count anew");
    }

    async fn a_company_has_twenty_runs_waiting_and_no_more(world: World) {
        let mut world = world;
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        world.close().await;
        for _ in 0..20 {
            enqueue(&world, &a).await;
        }
        assert_eq!(ask(&world, &a).await.map_err(|refusal| refusal.code), Err(RefusalCode::LimitReached));
        enqueue(&world, &b).await;
        assert_eq!((world.count("job").await, world.count("history_scan").await), (21, 21));
    }

    async fn a_run_goes_on_on_another_node_where_a_killed_one_left_it(world: World) {
        let mut world = world;
        let mut a = world.tenant("alfa").await;
        flood(&a, 1_500, "a propina").await;
        world.close().await;
        let doomed = Serving::start(&world.environment(), world.folder.path()).await;
        a.move_to(&doomed.url);
        let id = start(&a).await;
        midway(&a, &id).await;
        doomed.kill();
        assert_eq!(claim(&world).await, [], "the dead node's lease still lasts");
        let (node, stop) = world.second_node().await;
        a.move_to(&node);
        let left = a.scan_once(&id, |_| true).await;
        assert!(left["state"] == "RUNNING" && left["scanned"].as_i64() < Some(1_500), "{left}");
        world.clock.advance(LEASE);
        is_whole(&a.scan_ended(&id).await, 1_500);
        stop.cancel();
    }

    async fn a_server_that_stops_lets_its_jobs_go_where_they_are(world: World) {
        let mut world = world;
        let mut a = world.tenant("alfa").await;
        flood(&a, 1_500, "a propina").await;
        let id = start(&a).await;
        midway(&a, &id).await;
        assert!(world.close().await < Duration::from_secs(8));
        assert_eq!(world.count_where("job", "leased_until is null").await, 1);
        let (node, stop) = world.second_node().await;
        a.move_to(&node);
        is_whole(&a.scan_ended(&id).await, 1_500);
        stop.cancel();
    }

    async fn a_job_that_fails_is_tried_again_later_and_given_up_in_words(world: World) {
        let mut world = world;
        let mut a = world.tenant("alfa").await;
        a.receive("1", "5511988880001", "a propina").await;
        world.close().await;
        let id = json!(enqueue(&world, &a).await);
        let raw = world.raw().await;
        let change = async |statement: &str| {
            assert_eq!(raw.execute_unprepared(statement).await.expect("changed").rows_affected(), 1, "{statement}");
        };
        // A row that makes no sense makes it fail.
        change("update history_scan set mode = null").await;
        let (node, stop) = world.second_node().await;
        a.move_to(&node);
        let failed_once = format!("attempts = 1 and leased_until is null and due_at > {}", world.clock.now().0);
        a.scan_once(&id, |scan| scan["state"] == "WAITING").await;
        while world.count_where("job", &failed_once).await == 0 {}
        change("update job set attempts = 10").await;
        world.clock.advance(Duration::from_secs(3));
        let run = a.scan_ended(&id).await;
        assert_eq!(run["state"], "FAILED");
        assert!(run["failure"].as_str().expect("words").contains("given up") && !run["finishedAt"].is_null(), "{run}");
        assert_eq!(world.count("job").await, 0);
        stop.cancel();
    }
}
