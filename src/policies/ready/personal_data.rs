//! Personal data in chats.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Dados pessoais em conversas",
    purpose: "Reduzir a exposição de documentos, cartões, contas e dados de saúde enviados em conversas, como pedem os princípios da necessidade e da segurança (LGPD, arts. 6º e 46), orientando quem os envia e protegendo quem é o titular.",
    legal_basis: LegalBasis::LegalObligation,
    severity: Severity::Medium,
    grouping_minutes: 1440,
    terms: &[
        Watched::Detector(Detector::Cpf),
        Watched::Detector(Detector::PaymentCard),
        Watched::Detector(Detector::BankAccount),
        Watched::Pattern(
            r#""foto do rg" OR "foto da cnh" OR "foto do documento" OR "foto da identidade" OR "selfie com o documento" OR "selfie com documento" OR "frente e verso do rg" OR "foto do cartão""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"(cvv OR "código de segurança") NEAR/6 (cartão OR atrás OR verso OR validade)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""senha do cartão" OR "senha do gov.br" OR "senha do gov" OR "senha da conta do banco""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            "(laudo OR diagnóstico OR exame OR prontuário OR atestado OR CID) NEAR/5 (HIV OR câncer OR depressão OR esquizofrenia OR bipolar OR sífilis OR psiquiátric* OR aborto) UNLESS (outubro OR campanha OR palestra OR prevenção)",
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "meu CPF é 529.982.247-25, pode cadastrar",
        "cpf do titular 123.456.789-09",
        "passa no cartão 4111 1111 1111 1111, validade 12/28",
        "cartão 5555 5555 5555 4444, pode cobrar",
        "Bradesco, agência 1234 conta 56789-0",
        "manda a foto do RG e do comprovante",
        "preciso de uma selfie com o documento na mão",
        "o cvv é o número atrás do cartão, me passa?",
        "me diz a senha do cartão que eu faço o saque",
        "saiu o laudo dele, é depressão mesmo",
        "ela entregou um atestado psiquiátrico de 30 dias",
        "f0to do rg, por favor",
    ],
    #[cfg(test)]
    clear: &[
        "o pedido 12345678901 já foi despachado",
        "CPF 123.456.789-00 não confere, digita de novo",
        "CPF 111.111.111-11 não é aceito pelo sistema",
        "rastreio AA123456789BR, chega na quinta",
        "a nota 000.123.456 foi emitida em 10/05/2025",
        "valor total R$ 4.111,11 em 11 vezes",
        "preciso do CPF na nota?",
        "a agência abre às 10h e fecha às 16h",
        "nossa conta de luz veio 345,90",
        "mandei a foto do bolo no grupo",
        "o laudo da vistoria do prédio ficou pronto",
        "exame de direção remarcado para o dia 12",
        "a campanha de outubro é sobre exame e câncer de mama",
        "protocolo 20250918000123, guarde para consulta",
        "o código de rastreio chega por e-mail",
    ],
};
