//! Corruption and bribery.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Corrupção e suborno",
    purpose: "Prevenir e apurar oferta, pedido ou pagamento de vantagem indevida em nome da empresa, como pede o programa de integridade da Lei 12.846/2013. As conversas são usadas somente para essa apuração e lidas por pessoas designadas.",
    legal_basis: LegalBasis::LegitimateInterest,
    severity: Severity::Critical,
    grouping_minutes: 1440,
    terms: &[
        Watched::Pattern("propina*", Strictness::Disguised),
        Watched::Pattern("suborn*", Strictness::Disguised),
        Watched::Pattern("pixuleco*", Strictness::Disguised),
        Watched::Pattern("comissão por fora", Strictness::Disguised),
        Watched::Pattern(
            "rachadinha UNLESS (tela OR vidro OR parede OR celular OR pele OR boca)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("molhar a mão" OR "molha a mão" OR "molhou a mão" OR "molhei a mão" OR "molhando a mão") UNLESS (água OR pia OR torneira OR sabão OR massa)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""cafezinho do fiscal" OR "cafezinho pro fiscal" OR "cafezinho para o fiscal" OR "cafezinho do guarda" OR "cervejinha do guarda""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"(agrado OR agradinho OR presentinho) NEAR/4 (fiscal OR fiscais OR auditor OR vereador OR delegado OR policial OR secretário) UNLESS "nota fiscal""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"agrado NEAR/6 (liberar OR libera OR aprovar OR aprova OR "vista grossa")"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""vista grossa" NEAR/8 (fiscal OR fiscais OR fiscalização OR auditor OR vigilância)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern("(pagar OR pagou OR pago OR paga OR cobrar OR cobrou) NEAR/3 arrego", Strictness::Disguised),
        Watched::Pattern(
            r#"(licitação OR licitações OR edital OR pregão) NEAR/6 (direcionad* OR superfatur* OR fraud* OR "cartas marcadas" OR arranjad*)"#,
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "O fiscal pediu propina de 5 mil para assinar o alvará",
        "sem pr0pina a licença não sai, vc sabe",
        "p r o p i n a paga, pode seguir com a obra",
        "o conferente foi subornado, tenho o comprovante",
        "ofereceu sub*rno pro guarda na blitz",
        "minha comissão por fora é 3%, depois a gente combina",
        "tem que molhar a mão do pessoal do porto senão a carga fica parada",
        "leva o cafezinho do fiscal num envelope",
        "manda um agradinho pro auditor antes do relatório dele",
        "se der um agrado eles liberam? se ele libera hoje eu dou o agrado na hora",
        "o fiscal fez vista grossa e aprovou o telhado",
        "pagou arrego pra não ser multado",
        "edital direcionado, já sei quem ganha",
        "esse pregão é de cartas marcadas",
        "a rachadinha do gabinete continua igual",
        "o pixuleco do mês vem dobrado",
        "molhou a mão do síndico e a reforma passou",
    ],
    #[cfg(test)]
    clear: &[
        "a comissão do vendedor saiu hoje",
        "comissão de 5% sobre a venda, paga na folha",
        "lavei o carro por fora, por dentro fica pra amanhã",
        "a tela do meu celular está rachadinha mas funciona",
        "molha a mão na água antes de abrir a massa",
        "o fiscal da obra pediu a nota fiscal do cimento",
        "junto com a nota fiscal vai um agrado para a cliente",
        "comprei um agrado para a minha mãe no Dia das Mães",
        "tomei um cafezinho com o auditor e ele elogiou o estoque",
        "o edital da licitação sai na segunda, fica de olho",
        "pedi arrego na academia hoje kkk",
        "meu pai faz vista grossa pra bagunça dos netos",
        "a próxima reunião é com o Pina, na sexta",
        "suba o forno dois graus e deixa mais dez minutos",
        "caixinha de Natal dos entregadores na portaria",
    ],
};
