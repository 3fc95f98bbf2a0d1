//! The only lawful ways to create a table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// A column, with what it points at.
#[must_use]
pub struct Col {
    name: &'static str,
    kind: Type,
    nullable: bool,
    references: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Type {
    Id,
    Time,
    Bytes,
    Text,
    Small,
    Int,
    Big,
    Bool,
}

macro_rules! columns {
    ($($(#[doc = $doc:literal])* $name:ident $kind:ident)*) => {$(
        $(#[doc = $doc])*
        pub const fn $name(name: &'static str) -> Col {
            Col { name, kind: Type::$kind, nullable: false, references: None }
        }
    )*};
}

columns! {
    /// A uuid.
    id Id
    /// Microseconds since the epoch.
    time Time
    /// A sealed value, a blind index, a hash.
    bytes Bytes
    /// Text that is nobody's secret.
    text Text
    /// An enum.
    small Small
    /// A small count.
    int Int
    /// A large count.
    big Big
    /// Yes or no.
    boolean Bool
}

impl Col {
    /// May be absent.
    pub const fn optional(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Points at a row of `table`; in a tenant's table, at one of the same tenant.
    pub const fn to(mut self, table: &'static str) -> Self {
        self.references = Some(table);
        self
    }

    fn define(&self) -> ColumnDef {
        let mut column = ColumnDef::new(Alias::new(self.name));
        match self.kind {
            Type::Id => column.uuid(),
            Type::Time | Type::Big => column.big_integer(),
            Type::Bytes => column.binary(),
            Type::Text => column.text(),
            Type::Small => column.small_integer(),
            Type::Int => column.integer(),
            Type::Bool => column.boolean(),
        };
        if self.nullable {
            column.null()
        } else {
            column.not_null()
        };
        column
    }
}

/// Creates a table of the tenants': `tenant_id` first in its primary key, references only within the tenant, and on
/// PostgreSQL row-level security, enabled and forced.
///
/// # Errors
/// What the database says.
pub async fn tenant_table(
    m: &SchemaManager<'_>,
    name: &'static str,
    key: &[&'static str],
    columns: &[Col],
) -> Result<(), DbErr> {
    let mut table = Table::create();
    table.table(Alias::new(name)).col(id("tenant_id").define());
    let mut primary = Index::create();
    primary.col(Alias::new("tenant_id"));
    for column in key {
        primary.col(Alias::new(*column));
    }
    table.primary_key(&mut primary);
    table.foreign_key(
        ForeignKey::create().from(Alias::new(name), Alias::new("tenant_id")).to(Alias::new("tenant"), Alias::new("id")),
    );
    for column in columns {
        table.col(column.define());
        if let Some(target) = column.references {
            table.foreign_key(
                ForeignKey::create()
                    .from(Alias::new(name), (Alias::new("tenant_id"), Alias::new(column.name)))
                    .to(Alias::new(target), (Alias::new("tenant_id"), Alias::new("id"))),
            );
        }
    }
    m.create_table(table).await?;
    if m.get_database_backend() == DatabaseBackend::Postgres {
        // An unset tenant reads as '' once a connection was used: nullif makes it no tenant instead of a bad cast.
        let wall = "tenant_id = nullif(current_setting('vigia.tenant', true), '')::uuid";
        for statement in [
            format!(r#"ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY"#),
            format!(r#"ALTER TABLE "{name}" FORCE ROW LEVEL SECURITY"#),
            format!(r#"CREATE POLICY tenant_wall ON "{name}" USING ({wall}) WITH CHECK ({wall})"#),
        ] {
            m.get_connection().execute_unprepared(&statement).await?;
        }
    }
    Ok(())
}

/// Creates a table of the platform's: what must be read before a tenant is known. Nothing in it stands in clear.
///
/// # Errors
/// What the database says.
pub async fn platform_table(
    m: &SchemaManager<'_>,
    name: &'static str,
    key: &[&'static str],
    columns: &[Col],
) -> Result<(), DbErr> {
    let mut table = Table::create();
    table.table(Alias::new(name));
    let mut primary = Index::create();
    for column in key {
        primary.col(Alias::new(*column));
    }
    table.primary_key(&mut primary);
    for column in columns {
        table.col(column.define());
        if let Some(target) = column.references {
            table.foreign_key(
                ForeignKey::create()
                    .from(Alias::new(name), Alias::new(column.name))
                    .to(Alias::new(target), Alias::new("id")),
            );
        }
    }
    m.create_table(table).await
}

/// Creates an index named after its table and columns.
///
/// # Errors
/// What the database says.
pub async fn index(m: &SchemaManager<'_>, table: &str, columns: &[&'static str], unique: bool) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    if unique {
        index.unique();
    }
    m.create_index(index).await
}
