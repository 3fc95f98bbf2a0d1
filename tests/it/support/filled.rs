//! A company with something of every kind in it.

use serde_json::json;

use super::{Tenant, World};

/// Founds a company, watches a word, and lets a contact (a phone without `+`) write it: then there is a row in every
/// table of the company's. The word stands in every name, text, label and provider's id.
pub async fn filled(world: &World, slug: &str, word: &str, contact: &str) -> Tenant {
    let tenant = world.tenant(slug).await;
    tenant.watch(word).await;
    let input = json!({ "channelId": tenant.channel_id, "phone": line(contact), "label": format!("Linha {word}"), "providerNumberId": format!("99{contact}") });
    tenant.owner.change("registerNumber", "RegisterNumberInput", &input, "number { id }").await;
    let people = json!([{ "wa_id": contact, "profile": { "name": format!("Contato {word}") } }]);
    let message = |number: u32, kind: &str, content: serde_json::Value| {
        let id = format!("wamid.{word}.{number}");
        json!({ "from": contact, "id": id, "timestamp": (1_760_000_000 + number).to_string(), "type": kind, kind: content })
    };
    let messages = [
        message(1, "text", json!({ "body": format!("o {word} cantou") })),
        message(
            2,
            "document",
            json!({ "id": format!("midia-{word}"), "mime_type": "application/pdf", "filename": format!("{word}.pdf"), "sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }),
        ),
        message(3, "reaction", json!({ "message_id": format!("wamid.{word}.1"), "emoji": "👍" })),
        // Of a message that never came: it is held.
        message(4, "reaction", json!({ "message_id": format!("wamid.{word}.nunca"), "emoji": "👍" })),
    ];
    assert_eq!(tenant.deliver(tenant.value(&json!({ "contacts": people, "messages": messages }))).await, 200);
    assert_eq!(tenant.deliver("{}").await, 200);
    let scan =
        tenant.manager.change("previewHistory", "PreviewTermInput", &json!({ "pattern": word }), "scan { id }").await;
    tenant.scan_ended(&scan["scan"]["id"]).await;
    tenant
}

/// The company's second number.
pub fn line(contact: &str) -> String {
    format!("+{}", contact.replacen("1197", "1196", 1))
}
