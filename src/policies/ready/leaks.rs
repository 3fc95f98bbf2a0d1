//! Leaks of confidential things.

use super::*;

pub(super) const POLICY: ReadyMade = ReadyMade {
    name: "Vazamento de informações confidenciais",
    purpose: "Proteger segredos de negócio, credenciais e dados pessoais confiados à empresa contra vazamento. As conversas são usadas somente para conter e apurar incidentes de segurança.",
    legal_basis: LegalBasis::LegitimateInterest,
    severity: Severity::High,
    grouping_minutes: 1440,
    terms: &[
        Watched::Pattern(
            r#"("lista de clientes" OR "base de clientes" OR "carteira de clientes" OR "cadastro de clientes" OR "dados dos clientes" OR "tabela de preços" OR "folha de pagamento" OR "planilha de salários") NEAR/8 ("pro concorrente" OR "para o concorrente" OR "pra concorrência" OR "para a concorrência" OR "e-mail pessoal" OR "email pessoal" OR "meu gmail" OR pendrive OR vazar OR vazei OR vazou OR "por fora" OR escondido)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""vendo a lista de clientes" OR "vender a lista de clientes" OR "vendo a base de clientes" OR "vender a base de clientes" OR "vendo lista de clientes" OR "vendi a lista de clientes" OR "comprar a base de clientes""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("segredo industrial" OR "segredo de negócio" OR "informação privilegiada" OR "informações privilegiadas") UNLESS (cláusula OR curso OR treinamento OR política)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"(confidencial OR confidenciais OR sigiloso OR sigilosa OR sigilosos OR sigilosas) NEAR/6 ("não fala" OR "não conta" OR "não comenta" OR "entre nós" OR print OR "te mando" OR "te passo" OR "mandei pra" OR "passei pra" OR vazar OR vazou OR vazei)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("senha do sistema" OR "senha do servidor" OR "senha do admin" OR "senha do erp" OR "senha do banco" OR "login e senha") UNLESS (esqueci OR esqueceu OR trocar OR troca OR trocou OR redefinir OR recuperar OR resetar OR expirou OR bloquead* OR nova)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""usa a minha senha" OR "usa minha senha" OR "entra com a minha senha" OR "usa o meu login""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#""não era pra te mandar" OR "não podia te mandar" OR "não devia te mandar" OR "não podia te passar" OR "não devia te passar" OR "apaga depois de ler" OR "não mostra pra ninguém isso""#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("não pode vazar" OR "não podia vazar" OR "não era pra vazar") UNLESS (água OR cano OR torneira OR óleo OR gás OR válvula OR caixa)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"("antes do anúncio" OR "antes do balanço" OR "antes de divulgar" OR "antes do fato relevante") NEAR/10 (ação OR ações OR comprar OR compra OR vender OR vende)"#,
            Strictness::Disguised,
        ),
        Watched::Pattern(
            r#"(copiei OR copiar OR baixei OR baixar OR levei OR levar) NEAR/6 ("banco de dados" OR "código-fonte" OR "código fonte" OR "base de clientes" OR "lista de clientes" OR "projetos da empresa")"#,
            Strictness::Disguised,
        ),
    ],
    #[cfg(test)]
    matching: &[
        "mandei a lista de clientes pro concorrente ontem",
        "a base de clientes tá no pendrive azul, te entrego na sexta",
        "vendo a lista de clientes por 2 mil, ninguém vai saber",
        "tenho informação privilegiada da fusão, fica esperto",
        "é confidencial mas te mando um print",
        "isso é sigiloso, não comenta com o time",
        "a senha do sistema é a de sempre, entra e olha você mesmo",
        "usa o meu login que o teu não abre esse relatório",
        "não devia te mandar isso, apaga depois de ler",
        "esse projeto não pode vazar, segura aí",
        "compra antes do anúncio que as ações vão subir",
        "copiei o banco de dados inteiro antes de sair da empresa",
        "baixei o código-fonte todo no meu HD",
        "c0nfidencial hein, te passo mas fica entre nós",
    ],
    #[cfg(test)]
    clear: &[
        "me manda a lista de compras do mercado",
        "a lista de clientes para visitar amanhã está no CRM",
        "nossa base de clientes cresceu 12% no trimestre",
        "a tabela de preços nova já está no site",
        "esqueci a senha do sistema, quem reseta?",
        "a senha do wifi da sala de reunião mudou",
        "peguei a senha 47 e o painel está na 12",
        "o cano não pode vazar de novo, troca a vedação, tem água no chão",
        "assinei o contrato com a cláusula de segredo de negócio",
        "documento confidencial: abra somente no computador da empresa",
        "o segredo do bolo da vovó é a casca de laranja",
        "vou levar os projetos da escola na sexta",
        "baixei o aplicativo novo do banco",
        "vazou água no banheiro, chama o encanador",
        "o balanço do parque quebrou, avisa a prefeitura antes de sábado",
    ],
};
