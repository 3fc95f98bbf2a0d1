//! Moving to a channel that the company does not record.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Mudança para outro canal",
    purpose: "Identificar pedidos para continuar assuntos da empresa em canais que ela não registra, ou para apagar o registro deles, a fim de manter a guarda das comunicações de negócio. O conteúdo serve somente a essa verificação.",
    legal_basis: LegalBasis::LegitimateInterest,
    severity: Severity::Medium,
    grouping_minutes: 1440,
    terms: &[
        Watched::Pattern(
            r#"(chama OR chamar OR chame OR "fala comigo" OR falar OR fala OR vamos OR bora OR vem OR "vai pro" OR "me add" OR "me adiciona" OR migrar OR conversar OR conversamos OR continuar OR continuamos OR manda OR mandar OR responde) NEAR/5 (telegram OR discord OR "whats pessoal" OR "zap pessoal" OR "whatsapp pessoal" OR "número pessoal" OR "celular pessoal" OR "email pessoal" OR "e-mail pessoal" OR "meu particular" OR "whats particular" OR "número particular") UNLESS (canal OR oficial OR spam OR golpe)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"(chama OR chamar OR chame OR vamos OR bora OR vem OR "me add" OR conversar OR continuar) NEAR/4 ("no signal" OR "pro signal" OR "para o signal")"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""apaga a conversa" OR "apague a conversa" OR "apagar a conversa" OR "apaga essa conversa" OR "apagar essa conversa" OR "apaga o histórico" OR "apagar o histórico da conversa" OR "apaga tudo depois" OR "limpa a conversa""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("mensagem temporária" OR "mensagens temporárias" OR "mensagem que some" OR "visualização única") NEAR/5 (ativa OR ativar OR liga OR manda OR usa OR coloca)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""não escreve aqui" OR "não escreva aqui" OR "não fala por aqui" OR "não fale por aqui" OR "não falar por aqui" OR "não dá pra falar por aqui" OR "aqui não dá pra falar" OR "aqui não posso falar" OR "por aqui não posso falar" OR "não posso escrever aqui""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""aqui é monitorado" OR "aqui tá monitorado" OR "aqui é gravado" OR "esse número é monitorado" OR "esse zap é monitorado" OR "esse whats é monitorado" OR "fora do radar""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""por fora do sistema" OR "por fora do aplicativo" OR "por fora do app" OR "por fora da plataforma" OR "por fora do site""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""nada por escrito" OR "não deixa por escrito" OR "não deixe por escrito" OR "não quero por escrito" OR "sem deixar registro" OR "sem deixar rastro""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(r#""t.me" OR "discord.gg" OR "signal.me""#, Strictness::Folded),
    ],
    #[cfg(test)]
    matching: &[
        "me chama no Telegram que eu explico o desconto",
        "bora pro t3l3gr4m, lá é mais tranquilo",
        "vamos continuar no meu whats pessoal",
        "manda o comprovante no meu número particular",
        "me chama no signal quando sair",
        "depois apaga a conversa, por favor",
        "apaga tudo depois de ler",
        "ativa as mensagens temporárias antes de eu te contar",
        "não fala por aqui, te ligo em 5",
        "aqui é monitorado, cuidado com o que escreve",
        "fecha por fora da plataforma que sai sem taxa",
        "combina de boca, nada por escrito",
        "entra em t.me/grupodoze que o resto tá lá",
        "ch@ma no teleg.ram",
    ],
    #[cfg(test)]
    clear: &[
        "me chama quando chegar no portão",
        "chama o elevador pra mim, tô com caixa",
        "o sinal do celular pessoal dela estava ruim na estrada",
        "chegou um telegrama antigo na mudança da vovó",
        "discordo da proposta, mas vamos conversar",
        "apaga a luz antes de sair",
        "apaga essa mensagem, mandei no grupo errado kkk",
        "nosso canal oficial no Telegram manda as promoções toda terça",
        "por aqui não choveu nada",
        "fala por aqui mesmo que eu respondo rapidinho",
        "o sistema está fora do ar desde cedo",
        "manda por escrito no e-mail da empresa",
        "lavei o carro por fora",
        "a câmera da portaria é monitorada 24 horas",
        "o pedido está no aplicativo, é só confirmar",
    ],
};
