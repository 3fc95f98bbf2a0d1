//! What docker-compose.yml sets up, as plain processes: the same roles, the same settings, secrets by file.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use vigia::clock::random;

use crate::support::postgres::superuser;
use crate::support::program::{Serving, run};
use crate::support::world::{MASTER_KEY, PASSWORD, block_on};

const COMPOSE: &str = include_str!("../../docker-compose.yml");

/// The statements with which the database container makes the owner and the database, under names of our own: roles
/// belong to the whole server, which other tests share.
fn statements(suffix: &str) -> Vec<String> {
    let made: Vec<String> = COMPOSE
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("create role") || line.starts_with("create database"))
        .map(|line| {
            line.replace("vigia_owner", &format!("vigia_owner_{suffix}"))
                .replace("database vigia ", &format!("database vigia_{suffix} "))
                .replace(":'password'", "'geheim'")
        })
        .collect();
    assert_eq!(made.len(), 2, "docker-compose.yml makes one role and one database");
    made
}

#[test]
fn the_settings_of_docker_compose_serve_as_plain_processes() {
    block_on(async {
        let suffix: String = random::<5>().iter().map(|byte| format!("{byte:02x}")).collect();
        let admin = superuser("postgres").await;
        for statement in statements(&suffix) {
            admin.execute_unprepared(&statement).await.expect("the container's statements run");
        }
        let base = std::env::var("VIGIA_TEST_POSTGRES_URL").expect("tests/run sets it");
        let host =
            base.rsplit_once('@').map_or(base.as_str(), |(_, host)| host).split('/').next().expect("a host").to_owned();
        let folder = tempfile::tempdir().expect("a folder");
        let key_file = folder.path().join("master_key");
        std::fs::write(&key_file, format!("{MASTER_KEY}\n")).expect("the secret is written");

        let mut settings = BTreeMap::from([
            ("VIGIA_MASTER_KEY_FILE", key_file.display().to_string()),
            ("VIGIA_DATABASE_URL", format!("postgres://vigia_{suffix}:servidor@{host}/vigia_{suffix}")),
            ("VIGIA_LISTEN", "127.0.0.1:0".to_owned()),
            ("VIGIA_DATA_DIR", folder.path().display().to_string()),
        ]);
        for name in ["VIGIA_MASTER_KEY_FILE", "VIGIA_DATABASE_URL", "VIGIA_MIGRATION_URL"] {
            assert!(COMPOSE.contains(name), "docker-compose.yml sets {name}");
        }
        let owned =
            |settings: &BTreeMap<&str, String>| settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        settings.insert("VIGIA_MIGRATION_URL", format!("postgres://vigia_owner_{suffix}:geheim@{host}/vigia_{suffix}"));
        let migrated = run(&owned(&settings), folder.path(), &["migrate"], "").await;
        assert_eq!(migrated.code, 0, "{migrated:?}");
        settings.remove("VIGIA_MIGRATION_URL");
        let made = run(
            &owned(&settings),
            folder.path(),
            &["operator", "create", "--name", "Ana", "--email", "ana@vigia.example"],
            PASSWORD,
        )
        .await;
        assert_eq!(made.code, 0, "{made:?}");
        let server = Serving::start(&owned(&settings), folder.path()).await;
        let ready = reqwest::get(format!("{}/health/ready", server.url)).await.expect("an answer");
        assert_eq!(ready.status().as_u16(), 200);
        server.kill();

        for statement in [
            format!("drop database vigia_{suffix} with (force)"),
            format!("drop role vigia_{suffix}"),
            format!("drop role vigia_owner_{suffix}"),
        ] {
            admin.execute_unprepared(&statement).await.expect("nothing is left behind");
        }
    });
}
