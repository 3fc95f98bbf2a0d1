//! Everything from a webhook to an alert.

use sea_orm_migration::prelude::*;

use crate::law::{big, boolean, bytes, id, index, int, platform_table, small, tenant_table, text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        platform(m).await?;
        keys_and_people(m).await?;
        channels_and_contacts(m).await?;
        messages(m).await?;
        policies_and_alerts(m).await?;
        journal(m).await
    }
}

async fn platform(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    platform_table(
        m,
        "platform_key",
        &["id"],
        &[id("id"), small("kind"), bytes("wrapped"), text("wrapped_by"), time("created_at")],
    )
    .await?;
    platform_table(
        m,
        "tenant",
        &["id"],
        &[
            id("id"),
            bytes("slug_index"),
            bytes("slug"),
            bytes("name"),
            time("created_at"),
            time("suspended_at").optional(),
        ],
    )
    .await?;
    index(m, "tenant", &["slug_index"], true).await?;
    platform_table(m, "operator", &["id"], &[id("id"), bytes("name"), bytes("email"), time("created_at")]).await?;
    platform_table(
        m,
        "login",
        &["id"],
        &[
            id("id"),
            bytes("email_index"),
            bytes("password_hash"),
            id("tenant_id").optional().to("tenant"),
            id("user_id").optional(),
            id("operator_id").optional().to("operator"),
            time("disabled_at").optional(),
        ],
    )
    .await?;
    index(m, "login", &["email_index", "tenant_id"], true).await?;
    platform_table(
        m,
        "session",
        &["id"],
        &[
            id("id"),
            id("login_id").to("login"),
            id("tenant_id").optional().to("tenant"),
            id("user_id").optional(),
            id("operator_id").optional().to("operator"),
            int("generation"),
            bytes("refresh_hash"),
            time("rotated_at"),
            time("created_at"),
            time("expires_at"),
            time("revoked_at").optional(),
        ],
    )
    .await?;
    index(m, "session", &["login_id"], false).await?;
    platform_table(
        m,
        "signing_key",
        &["id"],
        &[id("id"), bytes("private"), bytes("public"), time("created_at"), time("retired_at").optional()],
    )
    .await?;
    platform_table(
        m,
        "platform_channel",
        &["id"],
        &[id("id"), small("provider"), bytes("name"), bytes("secrets"), time("created_at")],
    )
    .await?;
    platform_table(
        m,
        "route",
        &["id"],
        &[
            id("id"),
            id("channel_id"),
            small("provider"),
            bytes("number_index").optional(),
            id("tenant_id").optional().to("tenant"),
            id("number_id").optional(),
        ],
    )
    .await?;
    index(m, "route", &["channel_id", "number_index"], true).await?;
    platform_table(
        m,
        "delivery",
        &["id"],
        &[id("id"), id("channel_id"), time("received_at"), bytes("sha256"), int("byte_size"), int("item_count")],
    )
    .await?;
    platform_table(
        m,
        "parked",
        &["id"],
        &[
            id("id"),
            id("channel_id"),
            id("tenant_id").optional().to("tenant"),
            small("reason"),
            int("byte_size"),
            bytes("item"),
            time("parked_at"),
            time("replayed_at").optional(),
        ],
    )
    .await?;
    index(m, "parked", &["parked_at", "id"], false).await?;
    platform_table(
        m,
        "head",
        &["tenant_id", "chain"],
        &[
            id("tenant_id").to("tenant"),
            small("chain"),
            big("seq"),
            bytes("hash"),
            big("policy_epoch"),
            big("key_epoch"),
            int("alert_sequence"),
            time("suspended_at").optional(),
        ],
    )
    .await
}

async fn keys_and_people(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    tenant_table(
        m,
        "tenant_key",
        &["id"],
        &[id("id"), int("version"), bytes("wrapped"), text("wrapped_by"), time("created_at")],
    )
    .await?;
    tenant_table(
        m,
        "content_key",
        &["id"],
        &[
            id("id"),
            small("kind"),
            id("contact_id").optional(),
            id("conversation_id").optional(),
            bytes("wrapped").optional(),
            id("wrapped_by").to("tenant_key"),
            time("created_at"),
            time("destroyed_at").optional(),
        ],
    )
    .await?;
    index(m, "content_key", &["tenant_id", "conversation_id", "contact_id"], false).await?;
    index(m, "content_key", &["tenant_id", "contact_id"], false).await?;
    tenant_table(
        m,
        "user",
        &["id"],
        &[
            id("id"),
            bytes("name"),
            bytes("email"),
            bytes("email_index"),
            small("role"),
            time("created_at"),
            time("disabled_at").optional(),
        ],
    )
    .await?;
    index(m, "user", &["tenant_id", "email_index"], true).await
}

async fn channels_and_contacts(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    tenant_table(
        m,
        "channel",
        &["id"],
        &[id("id"), small("provider"), bytes("name"), bytes("secrets"), time("created_at")],
    )
    .await?;
    // A number's channel may be the platform's: no foreign key.
    tenant_table(
        m,
        "number",
        &["id"],
        &[
            id("id"),
            id("channel_id"),
            bytes("phone"),
            bytes("phone_index"),
            bytes("label"),
            bytes("provider_number_id"),
            boolean("capture_history"),
            time("created_at"),
        ],
    )
    .await?;
    index(m, "number", &["tenant_id", "phone_index"], false).await?;
    tenant_table(
        m,
        "contact",
        &["id"],
        &[id("id"), id("merged_into").optional().to("contact"), bytes("name").optional(), time("created_at")],
    )
    .await?;
    index(m, "contact", &["tenant_id", "merged_into"], false).await?;
    tenant_table(
        m,
        "alias",
        &["id"],
        &[
            id("id"),
            id("contact_id").to("contact"),
            small("kind"),
            bytes("value_index"),
            bytes("value"),
            time("valid_from"),
            time("valid_to").optional(),
        ],
    )
    .await?;
    index(m, "alias", &["tenant_id", "value_index"], false).await?;
    index(m, "alias", &["tenant_id", "contact_id"], false).await?;
    tenant_table(
        m,
        "conversation",
        &["id"],
        &[
            id("id"),
            id("number_id").to("number"),
            id("contact_id").optional().to("contact"),
            bytes("group_index").optional(),
            bytes("group_provider_id").optional(),
            time("last_message_at"),
            time("created_at"),
        ],
    )
    .await?;
    index(m, "conversation", &["tenant_id", "number_id", "contact_id"], true).await?;
    index(m, "conversation", &["tenant_id", "number_id", "group_index"], true).await?;
    index(m, "conversation", &["tenant_id", "contact_id"], false).await?;
    index(m, "conversation", &["tenant_id", "last_message_at", "id"], false).await
}

async fn messages(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    tenant_table(
        m,
        "message",
        &["id"],
        &[
            id("id"),
            id("conversation_id").to("conversation"),
            bytes("provider_index"),
            bytes("provider_id"),
            id("sender_id").optional().to("contact"),
            small("direction"),
            small("origin"),
            small("kind"),
            time("sent_at"),
            time("received_at"),
            bytes("reply_index").optional(),
            boolean("is_forwarded"),
            small("delivery").optional(),
            text("error_codes").optional(),
            time("edited_at").optional(),
            time("deleted_at").optional(),
            int("version_count"),
        ],
    )
    .await?;
    index(m, "message", &["tenant_id", "provider_index"], true).await?;
    index(m, "message", &["tenant_id", "conversation_id", "sent_at", "id"], false).await?;
    tenant_table(
        m,
        "message_version",
        &["id"],
        &[
            id("id"),
            id("message_id").to("message"),
            int("number"),
            small("kind"),
            time("at"),
            small("source").optional(),
            bytes("text").optional(),
            bytes("referral").optional(),
            bytes("raw"),
        ],
    )
    .await?;
    index(m, "message_version", &["tenant_id", "message_id", "number"], true).await?;
    tenant_table(
        m,
        "media",
        &["id"],
        &[
            id("id"),
            id("message_id").to("message"),
            small("state"),
            text("mime_type"),
            big("byte_size").optional(),
            bytes("sha256").optional(),
            bytes("provider_media_id").optional(),
            bytes("file_name").optional(),
            time("created_at"),
        ],
    )
    .await?;
    index(m, "media", &["tenant_id", "message_id"], true).await?;
    tenant_table(
        m,
        "reaction",
        &["id"],
        &[
            id("id"),
            id("message_id").to("message"),
            id("sender_id").optional().to("contact"),
            bytes("emoji").optional(),
            time("at"),
        ],
    )
    .await?;
    index(m, "reaction", &["tenant_id", "message_id", "sender_id"], true).await?;
    tenant_table(
        m,
        "held",
        &["id"],
        &[
            id("id"),
            id("number_id").to("number"),
            bytes("target_index"),
            small("provider"),
            bytes("item"),
            time("held_at"),
        ],
    )
    .await?;
    index(m, "held", &["tenant_id", "target_index"], false).await
}

async fn policies_and_alerts(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    tenant_table(m, "policy", &["id"], &[id("id"), int("version"), boolean("is_default"), time("created_at")]).await?;
    tenant_table(
        m,
        "policy_version",
        &["id"],
        &[
            id("id"),
            id("policy_id").to("policy"),
            int("version"),
            bytes("name"),
            bytes("purpose"),
            small("legal_basis"),
            small("severity"),
            small("state"),
            int("grouping_minutes"),
            time("created_at"),
        ],
    )
    .await?;
    index(m, "policy_version", &["tenant_id", "policy_id", "version"], true).await?;
    tenant_table(
        m,
        "term",
        &["id"],
        &[
            id("id"),
            id("policy_id").to("policy"),
            int("version"),
            bytes("canonical_index"),
            time("created_at"),
            time("deleted_at").optional(),
        ],
    )
    .await?;
    index(m, "term", &["tenant_id", "policy_id", "canonical_index"], false).await?;
    tenant_table(
        m,
        "term_version",
        &["id"],
        &[
            id("id"),
            id("term_id").to("term"),
            int("version"),
            bytes("pattern").optional(),
            small("detector").optional(),
            small("mode"),
            small("strictness"),
            time("created_at"),
        ],
    )
    .await?;
    index(m, "term_version", &["tenant_id", "term_id", "version"], true).await?;
    tenant_table(
        m,
        "alert",
        &["id"],
        &[
            id("id"),
            int("sequence"),
            id("policy_id").to("policy"),
            id("policy_version_id").to("policy_version"),
            id("conversation_id").to("conversation"),
            id("number_id").to("number"),
            small("status"),
            small("verdict").optional(),
            small("severity"),
            boolean("found_afterwards"),
            time("raised_at"),
            time("last_match_at"),
            int("version"),
            id("assignee_id").optional().to("user"),
        ],
    )
    .await?;
    index(m, "alert", &["tenant_id", "raised_at", "id"], false).await?;
    index(m, "alert", &["tenant_id", "sequence"], true).await?;
    index(m, "alert", &["tenant_id", "conversation_id", "policy_version_id"], false).await?;
    tenant_table(
        m,
        "match",
        &["id"],
        &[
            id("id"),
            id("alert_id").to("alert"),
            id("term_id").to("term"),
            id("term_version_id").to("term_version"),
            id("message_id").to("message"),
            id("version_id").to("message_version"),
            small("source"),
            bytes("spans"),
            small("steps"),
        ],
    )
    .await?;
    index(m, "match", &["tenant_id", "alert_id", "id"], false).await?;
    index(m, "match", &["tenant_id", "message_id"], false).await
}

async fn journal(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    tenant_table(
        m,
        "journal",
        &["chain", "seq"],
        &[
            small("chain"),
            big("seq"),
            time("at"),
            small("kind"),
            small("actor_kind"),
            id("actor_id").optional(),
            id("subject_id").optional(),
            bytes("detail"),
            bytes("prev_hash"),
            bytes("hash"),
        ],
    )
    .await?;
    // Subscribers and an alert's own events read these two; other rows do not pay for them.
    // Kinds 100 to 199 are the alerts' (`entity::journal::Kind`).
    for (name, columns) in [("alert_seq", "tenant_id, seq"), ("alert_subject", "tenant_id, subject_id, seq")] {
        m.get_connection()
            .execute_unprepared(&format!(
                "CREATE INDEX journal_{name} ON journal ({columns}) WHERE chain = 0 AND kind BETWEEN 100 AND 199"
            ))
            .await?;
    }
    Ok(())
}
