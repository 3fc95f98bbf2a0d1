//! Work that waits to be done, and runs over stored history.

use sea_orm_migration::prelude::*;

use crate::law::{big, bytes, id, index, int, platform_table, small, tenant_table, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        platform_table(
            m,
            "job",
            &["id"],
            &[
                id("id"),
                id("tenant_id").to("tenant"),
                small("kind"),
                id("subject_id"),
                time("due_at"),
                time("leased_until").optional(),
                int("attempts"),
                time("created_at"),
            ],
        )
        .await?;
        index(m, "job", &["due_at", "id"], false).await?;
        index(m, "job", &["tenant_id", "kind", "due_at"], false).await?;
        tenant_table(
            m,
            "history_scan",
            &["id"],
            &[
                id("id"),
                small("state"),
                small("failure").optional(),
                id("policy_id").optional().to("policy"),
                bytes("pattern").optional(),
                small("detector").optional(),
                small("mode").optional(),
                small("strictness").optional(),
                time("sent_after").optional(),
                time("sent_before").optional(),
                // Places in a walk, not references: what stood there may be gone when it goes on.
                id("at_conversation").optional(),
                time("at_sent").optional(),
                id("at_message").optional(),
                time("last_match_at").optional(),
                time("oldest_sent").optional(),
                time("newest_sent").optional(),
                big("total"),
                big("scanned"),
                big("not_scanned"),
                big("hits"),
                big("alerts"),
                time("created_at"),
                time("finished_at").optional(),
            ],
        )
        .await?;
        index(m, "history_scan", &["tenant_id", "created_at", "id"], false).await
    }
}
