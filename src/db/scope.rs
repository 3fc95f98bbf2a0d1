//! A tenant's rows, and no others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};

use entity::{TenantId, TenantTable, head, journal};
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, Func, IntoCondition, Order};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, Statement, TryGetable,
    UpdateMany, Value,
};

use sea_orm::IdenStatic;
use uuid::Uuid;

use super::{Db, Engine};
use crate::error::{Error, Result};

/// What somebody proved to speak for.
#[derive(Clone)]
pub struct TenantScope {
    db: Db,
    tenant: TenantId,
}

impl TenantScope {
    pub(super) fn new(db: Db, tenant: TenantId) -> Self {
        Self { db, tenant }
    }

    /// Whose scope it is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Begins a transaction that writes. Its first statement locks the head of the chain, so that the commits of one
    /// tenant are in order; tenants do not wait for one another on PostgreSQL.
    ///
    /// # Errors
    /// When the database is away, when the lock is not had within seconds, or when the tenant does not exist.
    pub async fn begin(&self, chain: journal::Chain) -> Result<TenantTx> {
        let tx = self.db.begin_write().await?;
        self.db.count();
        let tenant = self.tenant.0;
        let columns = "tenant_id, chain, seq, hash, policy_epoch, key_epoch, alert_sequence, suspended_at";
        let (sql, values): (String, Vec<Value>) = match self.db.engine {
            Engine::Postgres => (
                format!(
                    "select {columns}, set_config('vigia.tenant', $3, true) from head \
                     where tenant_id = $1 and chain = $2 for update"
                ),
                vec![tenant.into(), chain.into(), tenant.to_string().into()],
            ),
            Engine::Sqlite => (
                format!("select {columns} from head where tenant_id = ? and chain = ?"),
                vec![tenant.into(), chain.into()],
            ),
        };
        let head = head::Entity::find()
            .from_raw_sql(Statement::from_sql_and_values(tx.get_database_backend(), sql, values))
            .one(&tx)
            .await?
            .ok_or_else(|| Error::internal("A tenant has no head."))?;
        Ok(TenantTx {
            tx,
            db: self.db.clone(),
            tenant: self.tenant,
            head: Some(head),
            keeps_plans: AtomicBool::new(false),
        })
    }

    /// Begins the transaction that founds the tenant: it has no head to lock yet.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn found(&self) -> Result<TenantTx> {
        self.unlocked(self.db.begin_write().await?).await
    }

    /// Begins a transaction that reads: everything in it sees one moment.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn read(&self) -> Result<TenantTx> {
        self.unlocked(self.db.begin_read().await?).await
    }

    async fn unlocked(&self, tx: DatabaseTransaction) -> Result<TenantTx> {
        if self.db.engine == Engine::Postgres {
            self.db.count();
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                "select set_config('vigia.tenant', $1, true)",
                [self.tenant.0.to_string().into()],
            ))
            .await?;
        }
        Ok(TenantTx { tx, db: self.db.clone(), tenant: self.tenant, head: None, keeps_plans: AtomicBool::new(false) })
    }
}

/// A transaction on one tenant's rows. Dropped, it is rolled back.
pub struct TenantTx {
    pub(super) tx: DatabaseTransaction,
    pub(super) db: Db,
    tenant: TenantId,
    head: Option<head::Model>,
    keeps_plans: AtomicBool,
}

impl TenantTx {
    /// Whose rows.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The locked head.
    ///
    /// # Errors
    /// In a transaction that reads or founds: a fault of ours.
    pub fn head(&self) -> Result<&head::Model> {
        self.head.as_ref().ok_or_else(|| Error::internal("A transaction without a locked head was used to write."))
    }

    /// The head of a chain as this transaction sees it, not locked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn head_seen(&self, chain: journal::Chain) -> Result<head::Model> {
        self.db.count();
        let head = head::Entity::find_by_id((self.tenant, chain)).one(&self.tx).await?;
        head.ok_or_else(|| Error::internal("A tenant has no head."))
    }

    /// Takes the head that this transaction itself inserted: nobody else sees it yet, so that it is as good as locked.
    pub fn adopt_head(&mut self, head: head::Model) {
        self.head = Some(head);
    }

    /// Moves the locked head; written by [`commit`](Self::commit).
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub fn head_mut(&mut self) -> Result<&mut head::Model> {
        self.head.as_mut().ok_or_else(|| Error::internal("A transaction without a locked head was used to write."))
    }

    /// The tenant's rows of a table, to be narrowed.
    pub fn rows<E: TenantTable>(&self) -> Rows<'_, E> {
        Rows { select: E::find(), tx: self }
    }

    /// Inserts rows as the tenant's own, whatever they say. All set the same columns.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert<E>(&self, mut rows: Vec<E::ActiveModel>) -> Result<()>
    where
        E: TenantTable,
        E::ActiveModel: ActiveModelTrait<Entity = E>,
    {
        for row in &mut rows {
            row.set(E::TENANT, Value::from(self.tenant.0));
        }
        if !rows.is_empty() {
            self.keep_plans().await?;
        }
        let statements = super::insert::insert::<E>(&self.tx, self.db.engine, rows).await?;
        for _ in 0..statements {
            self.db.count();
        }
        Ok(())
    }

    /// From here on PostgreSQL keeps its plans, which a connection of ours otherwise makes anew for every statement
    /// (`connect.rs`): it looks each foreign key of each row up with a statement of its own, always by a primary key.
    async fn keep_plans(&self) -> Result<()> {
        if self.db.engine == Engine::Postgres && !self.keeps_plans.swap(true, Ordering::Relaxed) {
            self.db.count();
            self.tx.execute_unprepared("set local plan_cache_mode = auto").await?;
        }
        Ok(())
    }

    /// Changes one of the tenant's rows, found by its primary key; it stays the tenant's.
    ///
    /// # Errors
    /// What the database says; when there was not exactly one such row.
    pub async fn update<E>(&self, mut row: E::ActiveModel) -> Result<()>
    where
        E: TenantTable,
        E::Model: IntoActiveModel<E::ActiveModel> + ModelTrait<Entity = E>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
    {
        row.not_set(E::TENANT);
        let mut statement: UpdateMany<E> = E::update_many();
        let mut changes = false;
        for column in <E::Column as sea_orm::Iterable>::iter() {
            match row.get(column) {
                sea_orm::ActiveValue::Set(value) => {
                    statement = statement.col_expr(column, sea_orm::sea_query::Expr::value(value));
                    changes = true;
                }
                sea_orm::ActiveValue::Unchanged(value) => statement = statement.filter(column.eq(value)),
                sea_orm::ActiveValue::NotSet => {}
            }
        }
        if !changes {
            return Ok(());
        }
        self.db.count();
        let changed = statement.filter(E::TENANT.eq(self.tenant.0)).exec(&self.tx).await?.rows_affected;
        if changed == 1 { Ok(()) } else { Err(Error::internal(format!("An update of one row changed {changed}."))) }
    }

    /// Raises a number of several rows, each to its own value, and lowers none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn raise<E: TenantTable>(&self, id: E::Column, column: E::Column, to: Vec<(Uuid, i64)>) -> Result<()> {
        if to.is_empty() {
            return Ok(());
        }
        let (table, id, column) = (E::default().table_name().to_owned(), id.as_str(), column.as_str());
        let backend = self.tx.get_database_backend();
        match self.db.engine {
            Engine::Postgres => {
                self.db.count();
                let (ids, values): (Vec<Value>, Vec<Value>) =
                    to.into_iter().map(|(id, to)| (Value::from(id), Value::from(to))).unzip();
                let sql = format!(
                    r#"update "{table}" as t set "{column}" = u.v from unnest($1::uuid[], $2::bigint[]) as u (id, v)
                       where t.tenant_id = $3 and t."{id}" = u.id and t."{column}" < u.v"#
                );
                let arrays = [
                    Value::Array(ArrayType::Uuid, Some(Box::new(ids))),
                    Value::Array(ArrayType::BigInt, Some(Box::new(values))),
                    self.tenant.0.into(),
                ];
                self.tx.execute_raw(Statement::from_sql_and_values(backend, sql, arrays)).await?;
            }
            Engine::Sqlite => {
                let sql = format!(
                    r#"update "{table}" set "{column}" = ?1 where tenant_id = ?2 and "{id}" = ?3 and "{column}" < ?1"#
                );
                for (row, to) in to {
                    self.db.count();
                    let values = [to.into(), self.tenant.0.into(), row.into()];
                    self.tx.execute_raw(Statement::from_sql_and_values(backend, sql.clone(), values)).await?;
                }
            }
        }
        Ok(())
    }

    /// Deletes the tenant's rows that meet the condition; answers how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn delete<E: TenantTable>(&self, condition: impl IntoCondition) -> Result<u64> {
        self.db.count();
        let deleted = E::delete_many()
            .filter(condition.into_condition())
            .filter(E::TENANT.eq(self.tenant.0))
            .exec(&self.tx)
            .await?;
        Ok(deleted.rows_affected)
    }

    /// Writes the head, if it was moved, and commits.
    ///
    /// # Errors
    /// What the database says; nothing is kept then.
    pub async fn commit(self) -> Result<()> {
        self.db.count();
        if let Some(head) = self.head {
            self.db.count();
            let columns = ["seq", "hash", "policy_epoch", "key_epoch", "alert_sequence", "suspended_at"];
            let (sql, _) = match self.db.engine {
                Engine::Postgres => (
                    "update head set seq = $1, hash = $2, policy_epoch = $3, key_epoch = $4, alert_sequence = $5, \
                     suspended_at = $6 where tenant_id = $7 and chain = $8",
                    columns,
                ),
                Engine::Sqlite => (
                    "update head set seq = ?, hash = ?, policy_epoch = ?, key_epoch = ?, alert_sequence = ?, \
                     suspended_at = ? where tenant_id = ? and chain = ?",
                    columns,
                ),
            };
            let values: [Value; 8] = [
                head.seq.into(),
                head.hash.into(),
                head.policy_epoch.into(),
                head.key_epoch.into(),
                head.alert_sequence.into(),
                head.suspended_at.map(|at| at.0).into(),
                head.tenant_id.0.into(),
                head.chain.into(),
            ];
            self.tx.execute_raw(Statement::from_sql_and_values(self.tx.get_database_backend(), sql, values)).await?;
        }
        Ok(self.tx.commit().await?)
    }

    /// Gives the transaction up.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rollback(self) -> Result<()> {
        self.db.count();
        Ok(self.tx.rollback().await?)
    }
}

/// A tenant's rows of one table. The filter on the tenant is added last, at execution: nothing done here lifts it.
pub struct Rows<'t, E: TenantTable> {
    select: Select<E>,
    tx: &'t TenantTx,
}

impl<E: TenantTable> Rows<'_, E> {
    /// Only those that meet the condition.
    #[must_use]
    pub fn filter(mut self, condition: impl IntoCondition) -> Self {
        // As one condition: an `any` must not open up beside the tenant's filter.
        self.select = self.select.filter(sea_orm::Condition::all().add(condition.into_condition()));
        self
    }

    /// Only those whose column holds one of these values.
    ///
    /// One statement text however many values there are (or, on SQLite, one for each power of two), so that it is
    /// prepared once.
    #[must_use]
    pub fn among<V: Into<Value>>(mut self, column: E::Column, values: impl IntoIterator<Item = V>) -> Self {
        let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
        let Some(last) = values.last().cloned() else {
            self.select = self.select.filter(Expr::val(1).eq(0));
            return self;
        };
        self.select = match self.tx.db.engine {
            Engine::Postgres => {
                let kind = match last {
                    Value::Uuid(_) => ArrayType::Uuid,
                    Value::BigInt(_) => ArrayType::BigInt,
                    Value::SmallInt(_) => ArrayType::SmallInt,
                    _ => ArrayType::Bytes,
                };
                let array = Value::Array(kind, Some(Box::new(values)));
                self.select.filter(Expr::col(column).eq(Func::cust("ANY").arg(Expr::val(array))))
            }
            Engine::Sqlite => {
                values.resize(values.len().next_power_of_two(), last);
                self.select.filter(column.is_in(values))
            }
        };
        self
    }

    /// In this order.
    #[must_use]
    pub fn order_by(mut self, column: E::Column, order: Order) -> Self {
        self.select = self.select.order_by(column, order);
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.select = self.select.limit(limit);
        self
    }

    /// All of them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn all(self) -> Result<Vec<E::Model>> {
        self.tx.db.count();
        Ok(self.select.filter(E::TENANT.eq(self.tx.tenant.0)).all(&self.tx.tx).await?)
    }

    /// The first of them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn one(self) -> Result<Option<E::Model>> {
        self.tx.db.count();
        Ok(self.select.filter(E::TENANT.eq(self.tx.tenant.0)).one(&self.tx.tx).await?)
    }

    /// How many there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count(self) -> Result<u64>
    where
        E::Model: Send + Sync,
    {
        self.tx.db.count();
        Ok(self.select.filter(E::TENANT.eq(self.tx.tenant.0)).count(&self.tx.tx).await?)
    }

    /// How many there are for each value of a column; what has none is absent.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count_by<V>(self, column: E::Column) -> Result<HashMap<V, u64>>
    where
        V: TryGetable + Eq + Hash,
    {
        self.tx.db.count();
        let counts = self.select.filter(E::TENANT.eq(self.tx.tenant.0)).select_only().column(column);
        let counts = counts.column_as(column.count(), "rows").group_by(column).into_tuple::<(V, i64)>();
        let counts = counts.all(&self.tx.tx).await?;
        Ok(counts.into_iter().map(|(value, rows)| (value, u64::try_from(rows).unwrap_or_default())).collect())
    }
}
