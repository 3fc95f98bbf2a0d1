//! What is said in the demonstration.

use serde_json::json;

/// The company's number.
pub const PHONE: &str = "+5511950000000";
/// As the provider calls it.
pub const NUMBER_ID: &str = "510000000000001";
/// What is watched.
pub const TERMS: [&str; 3] = ["propina", "caixa 2", "me chama no telegram"];

/// One line of the dialogue.
pub struct Said {
    /// The contact's name.
    pub who: &'static str,
    /// The contact's phone, as WhatsApp has it.
    pub phone: &'static str,
    /// The words.
    pub text: &'static str,
    /// The term that must raise an alert.
    pub raises: Option<&'static str>,
}

/// The dialogue. Some lines disguise a term, and must raise an alert all the same; some hold its letters and not the
/// term, and must raise nothing.
pub const LINES: [Said; 8] = [
    Said {
        who: "Ana Souza", phone: "5511910010000", text: "Bom dia! O bolo de sábado já está pronto?", raises: None
    },
    Said {
        who: "Bruno Lima",
        phone: "553180020000",
        text: "Sem PROPINA essa licitação não sai, você sabe.",
        raises: Some("propina"),
    },
    Said {
        who: "Ana Souza", phone: "5511910010000", text: "As propinas da faculdade ficaram caras 😅", raises: None
    },
    Said {
        who: "Carla Reis",
        phone: "5521960050000",
        text: "Dá para pagar por fora, no Caixa\n2 mesmo?",
        raises: Some("caixa 2"),
    },
    Said { who: "Bruno Lima", phone: "553180020000", text: "Abre o caixa 20 minutos antes, por favor", raises: None },
    Said {
        who: "Davi Nunes",
        phone: "5511930030000",
        text: "Aqui não. Me ch@ma no T e l e g r a m que eu explico",
        raises: Some("me chama no telegram"),
    },
    Said { who: "Carla Reis", phone: "5521960050000", text: "Combinado, obrigada!", raises: None },
    Said {
        who: "Eva Prado",
        phone: "5511940040000",
        text: "Recebi a pr0p1na… digo, a proposta 👍",
        raises: Some("propina"),
    },
];

/// The delivery that brings a line, in Meta's shape.
pub fn delivery(line: usize, said: &Said, now: u64) -> Vec<u8> {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "410000000000001", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": PHONE.trim_start_matches('+'), "phone_number_id": NUMBER_ID },
            "contacts": [{ "profile": { "name": said.who }, "wa_id": said.phone }],
            "messages": [{
                "from": said.phone, "id": format!("wamid.demo{line}"), "timestamp": now.to_string(),
                "type": "text", "text": { "body": said.text },
            }],
        }}]}],
    })
    .to_string()
    .into_bytes()
}
