//! Jobs: work that is written down with what asked for it, and done by whoever claims it.
//!
//! Whoever claims a job has it until its lease ends, and moves the end on in the transaction of each step: a step whose
//! lease was lost meanwhile is not committed, so that nothing is done twice however many nodes there are. Leases
//! compare the nodes' clocks: these must agree within a good part of a lease.

use entity::{JobId, Timestamp, job};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement};
use uuid::Uuid;

use crate::db::{Claimed, Db, Engine, TenantTx};
use crate::error::Result;

/// The first due job of each tenant and kind that has none running: a tenant with many waits behind one with few.
const DUE: &str = "select j.id from job j where j.due_at <= $1 and (j.leased_until is null or j.leased_until <= $1)
    and not exists (select 1 from job o where o.tenant_id = j.tenant_id and o.kind = j.kind and o.id <> j.id
        and (o.leased_until > $1 or (o.due_at, o.id) < (j.due_at, j.id)))
    order by j.due_at, j.id limit $3";

impl Db {
    /// Claims jobs that are due, at most `limit`, until the lease ends. One of a tenant and kind runs at a time.
    ///
    /// # Errors
    /// What the database says; so for all functions here.
    pub async fn claim_jobs(&self, now: Timestamp, until: Timestamp, limit: u64) -> Result<Vec<Claimed>> {
        // Most looks find nothing: they do not trouble the one writer of the embedded database.
        self.count();
        if job::Entity::find().filter(job::Column::DueAt.lte(now)).limit(1).one(&self.read).await?.is_none() {
            return Ok(Vec::new());
        }
        let returning = "id, tenant_id, kind, subject_id, due_at, leased_until, attempts, created_at";
        let sql = match self.engine {
            Engine::Postgres => format!(
                "with due as ({DUE} for update of j skip locked)
                 update job set leased_until = $2, attempts = attempts + 1 where id in (select id from due)
                 returning {returning}"
            ),
            Engine::Sqlite => format!(
                "update job set leased_until = $2, attempts = attempts + 1 where id in ({DUE}) returning {returning}"
            ),
        };
        let tx = self.begin_write().await?;
        self.count();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [now.0.into(), until.0.into(), limit.into()];
        let claim = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let rows = job::Entity::find().from_raw_sql(claim).all(&tx).await?;
        self.count();
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| Claimed::new(&row, until)).collect())
    }

    /// Lets a job go, to be taken up again from `due` on; `attempts` were made since it last got further. Does nothing
    /// where its lease was lost.
    pub async fn release_job(&self, claimed: Claimed, due: Timestamp, attempts: i32) -> Result<()> {
        self.count();
        job::Entity::update_many()
            .col_expr(job::Column::LeasedUntil, Expr::value(None::<i64>))
            .col_expr(job::Column::DueAt, Expr::value(due.0))
            .col_expr(job::Column::Attempts, Expr::value(attempts))
            .filter(job::Column::Id.eq(claimed.id))
            .filter(job::Column::LeasedUntil.eq(claimed.leased_until))
            .exec(&self.write)
            .await?;
        Ok(())
    }
}

impl TenantTx {
    /// Has something done once this transaction is committed. `subject` is what it is about, among the tenant's rows.
    pub async fn enqueue(&self, id: JobId, kind: job::Kind, subject: Uuid, now: Timestamp) -> Result<()> {
        self.db.count();
        let row = job::ActiveModel {
            id: Set(id),
            tenant_id: Set(self.tenant()),
            kind: Set(kind),
            subject_id: Set(subject),
            due_at: Set(now),
            leased_until: Set(None),
            attempts: Set(0),
            created_at: Set(now),
        };
        job::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Writes down that a job got further, and moves its lease on; answers whether it was still held. If not, the
    /// transaction must not be committed.
    pub async fn renew_job(&self, claimed: &mut Claimed, until: Timestamp) -> Result<bool> {
        self.db.count();
        let renewed = job::Entity::update_many()
            .col_expr(job::Column::LeasedUntil, Expr::value(until.0))
            .col_expr(job::Column::Attempts, Expr::value(0))
            .filter(job::Column::Id.eq(claimed.id))
            .filter(job::Column::TenantId.eq(self.tenant()))
            .filter(job::Column::LeasedUntil.eq(claimed.leased_until))
            .exec(&self.tx)
            .await?;
        let is_held = renewed.rows_affected == 1;
        if is_held {
            claimed.leased_until = until;
            claimed.attempts = 0;
        }
        Ok(is_held)
    }

    /// Takes a job that is done off the list; answers whether it was still held, as [`renew_job`](Self::renew_job).
    pub async fn end_job(&self, claimed: &Claimed) -> Result<bool> {
        self.db.count();
        let ended = job::Entity::delete_many()
            .filter(job::Column::Id.eq(claimed.id))
            .filter(job::Column::TenantId.eq(self.tenant()))
            .filter(job::Column::LeasedUntil.eq(claimed.leased_until))
            .exec(&self.tx)
            .await?;
        Ok(ended.rows_affected == 1)
    }

    /// Takes the jobs about something off the list, also from under who is doing them.
    pub async fn drop_jobs(&self, kind: job::Kind, subject: Uuid) -> Result<()> {
        self.db.count();
        job::Entity::delete_many()
            .filter(job::Column::TenantId.eq(self.tenant()))
            .filter(job::Column::Kind.eq(kind))
            .filter(job::Column::SubjectId.eq(subject))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}
