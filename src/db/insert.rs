//! Inserting many rows at once, the way each engine likes it.

use sea_orm::sea_query::{ArrayType, ColumnType, Value};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, Iterable,
    Statement,
};

use super::Engine;

/// How many rows one statement of SQLite's takes: few sizes, so that few statements are prepared.
const SQLITE_CHUNKS: [usize; 4] = [64, 16, 4, 1];

/// Inserts rows that all set the same columns. Returns the number of statements it took.
///
/// PostgreSQL gets one statement whatever the number of rows, its columns as arrays: the same text is planned once
/// and sends each value in binary. SQLite gets `VALUES` in a few fixed sizes.
pub(super) async fn insert<E>(tx: &DatabaseTransaction, engine: Engine, rows: Vec<E::ActiveModel>) -> Result<u64, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    if rows.is_empty() {
        return Ok(0);
    }
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let values: Vec<Vec<Value>> = rows
        .into_iter()
        .map(|mut row| {
            columns
                .iter()
                .map(|column| match row.take(*column) {
                    ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Ok(value),
                    ActiveValue::NotSet => {
                        Err(DbErr::AttrNotSet(format!("{}.{}", E::default().table_name(), column_name(column))))
                    }
                })
                .collect()
        })
        .collect::<Result<_, _>>()?;
    let table = E::default().table_name().to_owned();
    let names: Vec<&str> = columns.iter().map(column_name).collect();
    match engine {
        Engine::Postgres => {
            let (sql, arrays) = unnest::<E>(&table, &columns, &names, values);
            tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, arrays)).await?;
            Ok(1)
        }
        Engine::Sqlite => {
            let mut statements = 0;
            let mut rest = &values[..];
            for size in SQLITE_CHUNKS {
                while rest.len() >= size {
                    let (chunk, after) = rest.split_at(size);
                    rest = after;
                    let row = format!("({})", vec!["?"; names.len()].join(","));
                    let sql = format!(
                        r#"INSERT INTO "{table}" ("{}") VALUES {}"#,
                        names.join(r#"",""#),
                        vec![row.as_str(); size].join(",")
                    );
                    let bound = chunk.iter().flatten().cloned();
                    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, bound)).await?;
                    statements += 1;
                }
            }
            Ok(statements)
        }
    }
}

fn column_name<C: ColumnTrait>(column: &C) -> &'static str {
    column.as_str()
}

/// Arrays cannot hold NULL here, so that an absent value travels as one that the column never holds (the nil uuid, no
/// bytes, the least number) and is turned back by `NULLIF`.
fn unnest<E: EntityTrait>(
    table: &str,
    columns: &[E::Column],
    names: &[&str],
    rows: Vec<Vec<Value>>,
) -> (String, Vec<Value>) {
    let mut selected = Vec::with_capacity(columns.len());
    let mut casts = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    let mut by_column: Vec<Vec<Value>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (values, value) in by_column.iter_mut().zip(row) {
            values.push(value);
        }
    }
    for (i, ((column, name), values)) in columns.iter().zip(names).zip(by_column).enumerate() {
        let definition = column.def();
        let (kind, cast, absent, absent_sql): (ArrayType, &str, Value, &str) = match definition.get_column_type() {
            ColumnType::Uuid => {
                (ArrayType::Uuid, "uuid", uuid::Uuid::nil().into(), "'00000000-0000-0000-0000-000000000000'::uuid")
            }
            ColumnType::BigInteger => (ArrayType::BigInt, "bigint", i64::MIN.into(), "(-9223372036854775808)::bigint"),
            ColumnType::Integer => (ArrayType::Int, "integer", i32::MIN.into(), "(-2147483648)::integer"),
            ColumnType::SmallInteger => (ArrayType::SmallInt, "smallint", i16::MIN.into(), "(-32768)::smallint"),
            ColumnType::Boolean => (ArrayType::Bool, "boolean", false.into(), "null::boolean"),
            ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => {
                (ArrayType::Bytes, "bytea", Vec::<u8>::new().into(), r"'\x'::bytea")
            }
            _ => (ArrayType::String, "text", String::new().into(), "''"),
        };
        let values = values.into_iter().map(|value| if is_null(&value) { absent.clone() } else { value }).collect();
        arrays.push(Value::Array(kind, Some(Box::new(values))));
        casts.push(format!("${}::{cast}[]", i + 1));
        selected.push(if definition.is_null() {
            format!(r#"NULLIF(u."{name}", {absent_sql})"#)
        } else {
            format!(r#"u."{name}""#)
        });
    }
    let list = names.join(r#"",""#);
    let sql = format!(
        r#"INSERT INTO "{table}" ("{list}") SELECT {} FROM UNNEST({}) AS u ("{list}")"#,
        selected.join(","),
        casts.join(",")
    );
    (sql, arrays)
}

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}
