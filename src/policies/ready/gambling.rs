//! Betting and gambling.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Apostas e jogos de azar",
    purpose: "Prevenir apostas e jogos de azar no ambiente e com recursos da empresa e os riscos de fraude e endividamento que trazem. As conversas são usadas somente para orientar e, se preciso, apurar.",
    legal_basis: LegalBasis::LegitimateInterest,
    severity: Severity::Medium,
    grouping_minutes: 4320,
    terms: &[
        Watched::Pattern(
            "tigrinho UNLESS (pelúcia OR fantasia OR desenho OR zoológico OR filhote OR pijama OR bebê OR mãe)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""fortune tiger" OR "fortune ox" OR "fortune rabbit" OR "fortune mouse""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""jogo do bicho" OR "banca do bicho" OR "banca de bicho" OR bicheiro OR bicheiros"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""casa de aposta" OR "casa de apostas" OR "casas de aposta" OR "casas de apostas" OR "site de aposta" OR "site de apostas" OR "grupo de apostas" OR "aposta esportiva" OR "apostas esportivas""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"betano OR sportingbet OR pixbet OR superbet OR betnacional OR "estrela bet""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(r#""bet365""#, Strictness::Folded),
        Watched::Pattern(
            "blaze NEAR/6 (aposta* OR saque OR sacar OR depósito OR crash OR double)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            "(aposta OR apostas OR apostar OR apostei OR apostando) NEAR/6 (pix OR grana OR reais OR salário OR odd OR odds OR bet OR roleta OR cassino OR múltipla OR bilhete) UNLESS (mega OR quina OR lotofácil OR lotérica OR loteria OR bolão)",
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"(cassino OR cassinos) UNLESS ("praia do cassino" OR balneário OR filme OR royale OR hotel)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"roleta NEAR/6 (aposta* OR bet OR cassino OR ganhei OR perdi OR saque OR "ao vivo") UNLESS (cupom OR brinde OR desconto OR catraca OR ônibus OR metrô OR loja OR prêmios)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""caça-níquel" OR "caça níquel" OR "caça-níqueis" OR "caça níqueis" OR "rinha de galo""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(r#""deu green" OR "bateu green" OR "pegou green" OR "bateu o green""#, Strictness::Disguised),
        Watched::Pattern(
            "(plataforma OR slot OR joguinho) NEAR/3 pagando UNLESS (banco OR boleto OR cliente OR fatura OR mensalidade)",
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "o tigrinho tá pagando muito hoje",
        "baixa o t1gr1nh0 aí, ganhei 200",
        "perdi o décimo terceiro no fortune tiger",
        "o bicheiro passa na portaria às 11h",
        "joguei no jogo do bicho, deu vaca",
        "abri conta em três casas de aposta",
        "fiz uma aposta de 100 reais no jogo de hoje",
        "apostei o salário todo na múltipla",
        "virei a noite no c4ss1no online",
        "ganhei na roleta ao vivo e já saquei",
        "deu green na entrada do grupo",
        "plataforma nova pagando no cadastro, quem quer o link?",
        "tem caça-níquel escondido no bar da esquina da fábrica",
        "c.a.s.s.i.n.o liberado no wifi da firma",
        "abre o cassino no celular, ninguém vê",
        "ganhei 80 na betano ontem",
        "coloquei o vale todo na bet365",
        "caiu o saque da blaze, sextou",
    ],
    #[cfg(test)]
    clear: &[
        "aposto que vai chover no churrasco",
        "a aposta da empresa é o mercado do Nordeste",
        "fiz o bolão da mega na lotérica, 10 reais a aposta",
        "a roleta do ônibus travou e perdi a hora",
        "ganhei um cupom na roleta de desconto da loja",
        "compramos um tigrinho de pelúcia pro bebê",
        "passamos o feriado na Praia do Cassino",
        "assino o contrato amanhã cedo",
        "bingo da paróquia domingo, cartela a 10 reais",
        "jogo do Flamengo hoje às 21h30",
        "o bicho tá pegando no setor de compras kkk",
        "a posta de bacalhau está em promoção",
        "rolê tá confirmado pra sábado",
        "sorteio de fim de ano: 5 8 12 33 41",
        "o cliente está pagando pela plataforma do banco",
    ],
};
