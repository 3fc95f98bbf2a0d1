//! The database goes away: the provider is told to come again, and what it brings again is there once.

use std::time::Duration;

use sea_orm::ConnectionTrait;

use crate::support::client::sign;
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

#[test]
fn a_delivery_is_turned_away_with_a_time_to_come_again_and_then_stored_once() {
    world::run(Engine::Postgres, away);
}
