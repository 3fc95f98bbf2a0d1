//! The walls between companies that the database itself keeps, read out of its catalogue and tried as its roles.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use vigia::clock::random;

use crate::support::filled::filled;
use crate::support::program::run;
use crate::support::{Engine, World, postgres, world};

/// Tables that name a company and have no row security, since they are read before a company is known. They hold
/// nothing in clear. A table that is new here needs a very good reason.
const READ_BEFORE_A_COMPANY_IS_KNOWN: [&str; 6] = ["head", "job", "login", "parked", "route", "session"];
/// Tables that belong to no company.
const THE_PLATFORMS: [&str; 7] =
    ["delivery", "operator", "platform_channel", "platform_key", "seaql_migrations", "signing_key", "tenant"];

/// The rows of a query whose columns are all text.
async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<Vec<String>> {
    let found = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let found = found.unwrap_or_else(|error| panic!("{sql}: {error}"));
    found
        .iter()
        .map(|row| {
            let columns = row.column_names();
            (0..columns.len()).map(|at| row.try_get_by_index(at).expect("text")).collect()
        })
        .collect()
}

async fn column(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    rows(db, sql).await.into_iter().flatten().collect()
}

async fn count(db: &DatabaseConnection, table: &str) -> i64 {
    let sql = format!("select cast(count(*) as text) from \"{table}\"");
    column(db, &sql).await[0].parse().expect("a number")
}

/// The columns of every table's primary key, in order.
async fn primary_keys(db: &DatabaseConnection, engine: Engine) -> BTreeMap<String, Vec<String>> {
    let sql = match engine {
        Engine::Sqlite => {
            "select m.name, p.name from sqlite_master m join pragma_table_info(m.name) p
             where m.type = 'table' and p.pk > 0 order by m.name, p.pk"
        }
        Engine::Postgres => {
            "select c.relname::text, a.attname::text
             from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
             cross join lateral unnest(i.indkey) with ordinality k(attnum, place)
             join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
             where i.indisprimary and n.nspname = 'public' order by c.relname, k.place"
        }
    };
    let mut keys = BTreeMap::<String, Vec<String>>::new();
    for row in rows(db, sql).await {
        keys.entry(row[0].clone()).or_default().push(row[1].clone());
    }
    keys
}

/// Every foreign key: its table, the table it points at, and its own columns.
async fn foreign_keys(db: &DatabaseConnection, engine: Engine) -> Vec<(String, String, Vec<String>)> {
    let sql = match engine {
        Engine::Sqlite => {
            r#"select m.name, f."table", group_concat(f."from", ' ') from sqlite_master m join pragma_foreign_key_list(m.name) f
             where m.type = 'table' group by m.name, f.id"#
        }
        Engine::Postgres => {
            "select conrelid::regclass::text, confrelid::regclass::text,
                 (select string_agg(a.attname, ' ') from unnest(conkey) k join pg_attribute a on a.attrelid = conrelid and a.attnum = k)
             from pg_constraint where contype = 'f'"
        }
    };
    let unquoted = |name: &String| name.trim_matches('"').to_owned();
    let keys = rows(db, sql).await;
    keys.iter()
        .map(|key| (unquoted(&key[0]), unquoted(&key[1]), key[2].split(' ').map(str::to_owned).collect()))
        .collect()
}

/// The tables that have a company's column, without those read before one is known.
async fn tenant_tables(db: &DatabaseConnection, engine: Engine) -> Vec<String> {
    let (all, with_tenant) = match engine {
        Engine::Sqlite => (
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name",
            "select m.name from sqlite_master m join pragma_table_info(m.name) p where m.type = 'table' and p.name = 'tenant_id' order by m.name",
        ),
        Engine::Postgres => (
            "select tablename::text from pg_tables where schemaname = 'public' order by tablename",
            "select table_name::text from information_schema.columns where table_schema = 'public' and column_name = 'tenant_id' order by table_name",
        ),
    };
    let with_tenant = column(db, with_tenant).await;
    for table in column(db, all).await {
        assert!(
            with_tenant.contains(&table) || THE_PLATFORMS.contains(&table.as_str()),
            "You added the table {table} without tenant_id: create it with law::tenant_table, or, where it belongs to no \
             company and holds nothing in clear, name it among THE_PLATFORMS."
        );
    }
    with_tenant.into_iter().filter(|table| !READ_BEFORE_A_COMPANY_IS_KNOWN.contains(&table.as_str())).collect()
}

async fn is_refused(db: &DatabaseConnection, statement: &str, because: &str) {
    let refused: Result<_, DbErr> = db.execute_unprepared(statement).await;
    let words = refused.map(|_| ()).expect_err(statement).to_string();
    assert!(words.contains(because), "{statement}: {words}");
    db.execute_unprepared("rollback").await.expect("rolled back");
}

on_both_engines! {
    async fn every_table_of_the_companies_is_keyed_by_company(world: World) {
        let db = world.raw().await;
        let tables = tenant_tables(&db, world.engine).await;
        assert!(tables.len() >= 20, "{tables:?}");
        let primary = primary_keys(&db, world.engine).await;
        for table in &tables {
            let expected: &[&str] = if table == "journal" { &["tenant_id", "chain", "seq"] } else { &["tenant_id", "id"] };
            assert_eq!(primary[table], expected, "create {table} with law::tenant_table");
        }
        let mut within = 0;
        for (table, target, columns) in foreign_keys(&db, world.engine).await {
            if tables.contains(&table) {
                assert!(columns.contains(&"tenant_id".to_owned()), "{table} {columns:?} may point at another company's {target}");
                within += usize::from(target != "tenant");
            } else {
                assert!(!tables.contains(&target), "{table} {columns:?} points at a company's {target} from outside");
            }
        }
        assert!(within >= 20, "{within} references within companies");
    }

    async fn no_row_may_point_at_another_companys(world: World) {
        let tenant = filled(&world, "canarinho", "canarinho", "5511970001234").await;
        let other = filled(&world, "pardal", "pardal", "5511970009999").await;
        let db = world.raw().await;
        if world.engine == Engine::Sqlite {
            db.execute_unprepared("pragma foreign_keys = on").await.expect("a pragma");
        }
        let uuid = |id: &str| {
            let hex = id.split_once(':').expect("an id").1.replace('-', "");
            if world.engine == Engine::Sqlite { format!("x'{hex}'") } else { format!("'{hex}'") }
        };
        for (whose, good) in [(&other, false), (&tenant, true)] {
            let sql = format!(
                "insert into policy_version select {}, {}, policy_id, version + 100, name, purpose, legal_basis, severity, state, \
                 grouping_minutes, created_at from policy_version where tenant_id = {} limit 1",
                uuid(&whose.id), uuid("x:00000000-0000-7000-8000-00000000000a"), uuid(&tenant.id)
            );
            let inserted = db.execute_unprepared(&sql).await;
            assert_eq!(inserted.is_ok(), good, "{inserted:?}");
            if let Err(error) = inserted {
                assert!(error.to_string().to_lowercase().contains("foreign key"), "{error}");
            }
        }
    }
}

#[test]
fn every_table_of_the_companies_has_row_security_enabled_and_forced() {
    world::run(Engine::Postgres, async |world: World| {
        let db = world.raw().await;
        let wall = "(tenant_id = (NULLIF(current_setting('vigia.tenant'::text, true), ''::text))::uuid)";
        for table in tenant_tables(&db, world.engine).await {
            let state = rows(&db, &format!("select relrowsecurity::text, relforcerowsecurity::text from pg_class where oid = '\"{table}\"'::regclass")).await;
            assert_eq!(
                state,
                [["true", "true"]],
                "row security of {table} is enabled and forced: use law::tenant_table"
            );
            let policies = rows(
                &db,
                &format!(
                    "select cmd, permissive, roles::text, qual, with_check from pg_policies where tablename = '{table}'"
                ),
            )
            .await;
            assert_eq!(policies, [["ALL", "PERMISSIVE", "{public}", wall, wall]], "the policies of {table}");
        }
        let around = "select relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' and relkind in ('v', 'm', 'f', 'p') union all
            select proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public'";
        assert_eq!(column(&db, around).await, Vec::<String>::new(), "no view or function steps over the wall");
    });
}

#[test]
fn the_servers_role_sees_no_row_without_a_company_and_no_others_with_one() {
    world::run(Engine::Postgres, async |world: World| {
        let tenant = filled(&world, "canarinho", "canarinho", "5511970001234").await;
        let other = filled(&world, "pardal", "pardal", "5511970009999").await;
        let all = world.raw().await;
        let role = postgres::connect(&world.database.as_ref().expect("a database").url).await;
        let row = |id: &str| id.split_once(':').expect("an id").1.to_owned();
        let (own, foreign) = (row(&tenant.id), row(&other.id));
        for table in tenant_tables(&all, world.engine).await {
            let there = count(&all, &table).await;
            assert!(there > 0, "there is something in {table}: add it to tests/it/support/filled.rs");
            assert_eq!(count(&role, &table).await, 0, "{table} without a company");
            is_refused(
                &role,
                &format!("begin; set local row_security = off; select * from \"{table}\""),
                "row-level security",
            )
            .await;
            is_refused(&role, &format!("begin; truncate \"{table}\""), "permission denied").await;
            is_refused(&role, &format!("begin; alter table \"{table}\" disable row level security"), "must be owner")
                .await;
            role.execute_unprepared(&format!("begin; set local vigia.tenant = '{own}'"))
                .await
                .expect("a company is set");
            let others =
                column(&role, &format!("select tenant_id::text from \"{table}\" where tenant_id <> '{own}'")).await;
            assert_eq!(others, Vec::<String>::new(), "{table}");
            assert!(count(&role, &table).await > 0, "{table} with a company");
            role.execute_unprepared("rollback").await.expect("rolled back");
            assert_eq!(count(&role, &table).await, 0, "{table} after a transaction with a company");
        }
        let set = format!("begin; set local vigia.tenant = '{own}'");
        for (statement, because) in [
            (
                format!("insert into contact (tenant_id, id, created_at) values ('{foreign}', gen_random_uuid(), 0)"),
                "row-level security",
            ),
            (format!("update contact set tenant_id = '{foreign}'"), "row-level security"),
            ("update journal set detail = detail".to_owned(), "permission denied"),
            ("delete from journal".to_owned(), "permission denied"),
            ("truncate journal".to_owned(), "permission denied"),
            (
                format!(
                    "set role {}",
                    column(&all, "select tableowner::text from pg_tables where tablename = 'journal'").await[0]
                ),
                "permission denied",
            ),
        ] {
            is_refused(&role, &format!("{set}; {statement}"), because).await;
        }
        let deleted =
            role.execute_unprepared(&format!("{set}; delete from contact where tenant_id = '{foreign}'")).await;
        assert_eq!(deleted.expect("done").rows_affected(), 0, "another company's rows are not there to be deleted");
        role.execute_unprepared("rollback").await.expect("rolled back");
    });
}

#[test]
fn the_server_refuses_a_role_that_could_step_over_the_wall_and_an_old_schema() {
    world::run(Engine::Postgres, async |world: World| {
        let database = world.database.as_ref().expect("a database");
        let admin = world.raw().await;
        let refused = async |url: &str, about: &str| {
            let mut settings = world.environment();
            settings.insert("VIGIA_DATABASE_URL".to_owned(), url.to_owned());
            settings.insert("VIGIA_LOG".to_owned(), "error".to_owned());
            let ended = run(&settings, world.folder.path(), &["serve"], "").await;
            assert_eq!((ended.code, ended.out.as_str(), ended.err.trim().lines().count()), (1, "", 1), "{ended:?}");
            assert!(ended.err.contains(about), "{}", ended.err);
        };
        let mighty = "give the server a role that owns nothing";
        refused(&postgres::superuser_at(database.name()), mighty).await;
        refused(&database.owner_url, mighty).await;
        let name =
            format!("vigia_mighty_{}", random::<6>().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let (_, rest) = database.url.split_once('@').expect("a URL");
        let url = format!("postgres://{name}:x@{rest}");
        let owner =
            column(&admin, "select tableowner::text from pg_tables where tablename = 'journal'").await.remove(0);
        for (made, given) in [
            ("bypassrls", String::new()),
            ("noinherit", format!("grant {owner} to {name}")),
            ("noinherit", format!("create role {name}_b bypassrls; grant {name}_b to {name}")),
        ] {
            let grants = format!("grant select, insert, update, delete on all tables in schema public to {name}");
            admin
                .execute_unprepared(&format!("create role {name} login password 'x' {made}; {grants}; {given}"))
                .await
                .expect("a role");
            refused(&url, mighty).await;
            admin
                .execute_unprepared(&format!("drop owned by {name}; drop role {name}; drop role if exists {name}_b"))
                .await
                .expect("dropped");
        }
        admin.execute_unprepared("delete from seaql_migrations").await.expect("an older schema");
        refused(&database.url, "run `vigia migrate` first").await;
    });
}
