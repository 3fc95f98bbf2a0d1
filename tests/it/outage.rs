//! The database goes away or its disk is full: the provider is told to come again, and what it brings again is there once.

use std::time::Duration;

use sea_orm::ConnectionTrait;

use crate::support::client::sign;
#[cfg(target_os = "linux")]
use crate::support::program::Serving;
use crate::support::{Engine, World, postgres, world};

async fn away(world: World) {
    let a = world.tenant("alfa").await;
    a.watch("propina").await;
    a.receive("wamid.antes", "5511988887777", "bom dia").await;
    let name = world.database.as_ref().expect("a database").name().to_owned();
    let admin = postgres::superuser("postgres").await;
    let close = format!(
        "alter database {name} allow_connections false; \
         select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    );
    admin.execute_unprepared(&close).await.expect("the database is closed");

    let door = a.door();
    let body = a.text("wamid.durante", "5511988887777", 1_760_000_100, "a propina de sempre");
    let signature = sign(&a.app_secret, body.as_bytes());
    for _ in 0..3 {
        let began = tokio::time::Instant::now();
        let answer = door.post(body.clone(), &[&signature]).await;
        assert_eq!(answer.status().as_u16(), 503);
        let again = answer.headers().get("retry-after").expect("Retry-After").to_str().expect("text").parse::<u32>();
        assert!(again.is_ok_and(|seconds| (1..=60).contains(&seconds)));
        assert!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    }
    // A delivery that is nobody's is no less Meta's to repeat.
    assert_eq!(door.deliver("{}").await, 503);

    admin.execute_unprepared(&format!("alter database {name} allow_connections true")).await.expect("it is back");
    admin.close().await.expect("close");
    assert_eq!(door.deliver(body.clone()).await, 200, "at once, without a restart");
    assert_eq!(door.deliver(body).await, 200);
    assert_eq!(a.messages().await.len(), 2);
    assert_eq!(a.matches().await.len(), 1);
    assert!(world.parked().await.is_empty());
}

/// The disk is full in the middle of deliveries, and is given room again. A limit on the size of the program's files
/// stands for the disk: a write beyond it fails the same way.
#[cfg(target_os = "linux")]
async fn full(world: World) {
    let mut a = world.tenant("alfa").await;
    let settings = world.environment();
    let (_, database, folder) = world.stop().await;
    let server = Serving::start_on_a_small_disk(&settings, folder.path()).await;
    a.move_to(&server.url);
    let grown = std::fs::metadata(folder.path().join("vigia.db-wal")).map_or(0, |file| file.len());
    server.limit_files(Some(grown + 200_000));
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for number in 0.. {
        let id = format!("wamid.{number:04}");
        // Of differing sizes: what no longer fits may be followed by what does.
        let text = "x".repeat(1 + number % 7 * 1_000);
        let body = a.text(&id, &format!("55119{number:08}"), 1_760_000_000, &text);
        match a.deliver(body.clone()).await {
            200 => acknowledged.push(id),
            503 => refused.push((id, body)),
            status => panic!("{status} on a full disk"),
        }
        if refused.len() == 20 {
            break;
        }
    }
    server.limit_files(None);
    for (id, body) in refused {
        assert_eq!(a.deliver(body).await, 200, "there is room again");
        acknowledged.push(id);
    }
    server.kill();
    let server = Serving::start(&settings, folder.path()).await;
    a.move_to(&server.url);
    let stored = a.messages().await;
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} of {} answered 200 and lost: {lost:?}", lost.len(), acknowledged.len());
    server.kill();
    drop((database, folder));
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_answered_while_the_disk_was_full_is_there_after_a_restart() {
    world::run(Engine::Sqlite, full);
}

#[test]
fn a_delivery_is_turned_away_with_a_time_to_come_again_and_then_stored_once() {
    world::run(Engine::Postgres, away);
}
