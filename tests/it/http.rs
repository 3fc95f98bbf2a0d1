//! GraphQL over HTTP: what is answered to what, and what is refused before it costs anything.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::World;
use crate::support::world::PASSWORD;

const JSON: &str = "content-type: application/json\r\naccept: application/graphql-response+json\r\n";
/// Words of our insides, which no answer may hold.
const INSIDES: [&str; 12] = [
    "sql",
    "relation",
    "constraint",
    "sea-orm",
    "sea_orm",
    "sqlx",
    "serde",
    "async_graphql",
    "panicked",
    ".rs",
    "/src/",
    "Err(",
];

/// What a refused document may cost.
const AT_ONCE: Duration = Duration::from_millis(50);

/// An answer as it came over the wire.
struct Reply {
    status: u16,
    /// In lower case.
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }

    fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// A refusal in words, with the request's id in both places and nothing of our insides.
    fn is_clean(&self) {
        let id = self.json()["errors"][0]["extensions"]["requestId"].as_str().expect("a request id").to_owned();
        assert!(self.head.contains(&format!("x-request-id: {id}")), "{}", self.head);
        assert!(!self.message().is_empty());
        let body = self.body.to_lowercase();
        for word in INSIDES {
            assert!(!body.contains(&word.to_lowercase()), "{word} in {}", self.body);
        }
    }
}

async fn raw(world: &World, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.expect("a connection");
    stream.write_all(request).await.expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}{length}\r\n{body}")
}

async fn ask(world: &World, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    raw(world, request(method, path, headers, body).as_bytes()).await
}

fn as_holder(token: &str) -> String {
    format!("{JSON}authorization: Bearer {token}\r\n")
}

async fn post_as(world: &World, token: &str, query: &str) -> Reply {
    ask(world, "POST", "/graphql", &as_holder(token), &json!({ "query": query }).to_string()).await
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

const SIGN_OUT: &str = "mutation { signOut { errors { code } } }";
const VIEWER: &str = "{ viewer { isOperator } }";

on_both_engines! {
    async fn a_query_is_answered_by_post_and_by_get(world: World) {
        let token = world.operator.token.clone().expect("a token");
        let reply = post_as(&world, &token, VIEWER).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "data": { "viewer": { "isOperator": true } } })));
        assert!(reply.head.contains("x-request-id: ") && reply.head.contains("cache-control: no-store"), "{}", reply.head);
        assert!(reply.head.contains("content-type: application/graphql-response+json"), "{}", reply.head);
        let reply = ask(&world, "POST", "/graphql", "content-type: application/json\r\n", &json!({ "query": VIEWER }).to_string()).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "data": { "viewer": null } })), "signed out");
        assert!(reply.head.contains("content-type: application/json"), "{}", reply.head);
        let address = format!("/graphql?query={}&variables={}&operationName=A", encode("query A($id: ID!) { node(id: $id) { id } }"), encode("{\"id\":\"x\"}"));
        let reply = ask(&world, "GET", &address, &format!("authorization: Bearer {token}\r\n"), "").await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "data": { "node": null } })));
    }

    async fn the_schema_is_told_to_whoever_is_signed_in_and_to_nobody_else(world: World) {
        let token = world.operator.token.clone().expect("a token");
        for query in ["{ __schema { queryType { name } } }", "{ ...F } fragment F on Query { t: __type(name: \"Query\") { name } }"] {
            let reply = ask(&world, "POST", "/graphql", JSON, &json!({ "query": query }).to_string()).await;
            assert_eq!((reply.status, reply.code().as_str()), (401, "UNAUTHENTICATED"), "{query}");
            reply.is_clean();
            let reply = post_as(&world, &token, query).await;
            assert_eq!(reply.status, 200);
            assert!(reply.body.contains("\"name\":\"Query\""), "{}", reply.body);
        }
        let reply = ask(&world, "POST", "/graphql", JSON, &json!({ "query": "{ __typename }" }).to_string()).await;
        assert_eq!(reply.json(), json!({ "data": { "__typename": "Query" } }));
    }

    async fn fields_are_answered_in_the_order_they_are_asked_for_in(world: World) {
        let tenant = world.tenant("ordem").await;
        let token = tenant.manager.token.clone().expect("a token");
        // Lists take longer than what is known already.
        let query = "{ policies { nodes { name } } v: viewer { ...V } users { totalCount } __typename } fragment V on Viewer { role tenant { slug } isOperator }";
        let reply = post_as(&world, &token, query).await;
        let places: Vec<usize> = ["\"policies\"", "\"v\"", "\"role\"", "\"slug\"", "\"isOperator\"", "\"users\"", "\"__typename\""]
            .iter()
            .map(|key| reply.body.find(key).unwrap_or_else(|| panic!("{key} in {}", reply.body)))
            .collect();
        assert!(places.is_sorted(), "{}", reply.body);
    }

    async fn every_token_that_is_not_good_is_told_the_same_words(world: World) {
        let tenant = world.tenant("tokens").await;
        let mut gone = world.signed_in("auditora@tokens.example", "tokens").await;
        gone.send(SIGN_OUT, json!({})).await.data();
        let expired = tenant.owner.token.clone().expect("a token");
        let foreign = gone.token.take().expect("a token");
        let [head, payload, mac] = expired.split('.').collect::<Vec<_>>()[..] else { panic!("no JWT: {expired}") };
        let forged = format!("{head}.{payload}.{}", mac.chars().rev().collect::<String>());
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
        world.clock.advance(Duration::from_secs(700));
        let values = [
            format!("Bearer {foreign}"), format!("Bearer {expired}"), format!("Bearer {forged}"), format!("Bearer {unsigned}"),
            "Bearer x".into(), "Basic xyz".into(), "Bearer ".into(), "x".into(), "Bearer x\r\nauthorization: Bearer x".into(),
        ];
        let mut told = Vec::new();
        for value in values {
            for accept in ["application/json", "application/graphql-response+json"] {
                let headers = format!("content-type: application/json\r\naccept: {accept}\r\nauthorization: {value}\r\n");
                let reply = ask(&world, "POST", "/graphql", &headers, &json!({ "query": VIEWER }).to_string()).await;
                assert_eq!((reply.status, reply.code().as_str()), (401, "UNAUTHENTICATED"), "{value}");
                assert!(reply.json().get("data").is_none() && reply.head.contains("www-authenticate: bearer"), "{}", reply.head);
                reply.is_clean();
                told.push(reply.message());
            }
        }
        told.dedup();
        assert_eq!(told, ["The access token is not valid. Sign in again."]);
    }

    async fn what_changes_something_goes_by_post_alone_and_only_as_json(world: World) {
        let tenant = world.tenant("csrf").await;
        let before = tenant.manager.read("{ terms { totalCount } }").await;
        let token = format!("authorization: Bearer {}\r\n", tenant.manager.token.clone().expect("a token"));
        let mutation = "mutation { createTerm(input: { pattern: \"intruso\" }) { errors { code } } }";
        let body = json!({ "query": mutation }).to_string();
        for method in ["GET", "HEAD"] {
            let reply = ask(&world, method, &format!("/graphql?query={}", encode(mutation)), &format!("accept: application/graphql-response+json\r\n{token}"), "").await;
            assert_eq!(reply.status, 405);
            assert!(reply.head.contains("allow: post"), "{}", reply.head);
        }
        let several = encode(&format!("query A {{ __typename }} {}", mutation.replace("mutation", "mutation B")));
        assert_eq!(ask(&world, "GET", &format!("/graphql?operationName=B&query={several}"), &token, "").await.status, 405);
        let types = [
            "content-type: text/plain\r\n", "content-type: application/x-www-form-urlencoded\r\n", "content-type: multipart/form-data; boundary=x\r\n",
            "", "content-type: application/json; charset=utf-16\r\n", "content-type: application/json\r\ncontent-encoding: gzip\r\n",
        ];
        for headers in types {
            assert_eq!(ask(&world, "POST", "/graphql", &format!("{headers}{token}"), &body).await.status, 415, "{headers}");
        }
        for accept in ["multipart/mixed", "text/html", "application/json;q=0", "application/json;charset=latin1"] {
            let headers = format!("content-type: application/json\r\naccept: {accept}\r\n{token}");
            assert_eq!(ask(&world, "POST", "/graphql", &headers, &body).await.status, 406, "{accept}");
        }
        assert_eq!(ask(&world, "PUT", "/graphql", &token, &body).await.status, 405);
        let batches = [
            "[]".to_owned(), format!("[{body}]"), format!("[{body},{body}]"), format!("[[{body}]]"), format!("[{}]", vec![body.clone(); 1000].join(",")),
            "{".into(), "null".into(), "\"x\"".into(), r#"{"query":1}"#.into(), "{}".into(), format!("\u{feff}{body}"),
            body.replace("}\"}", "}\",\"variables\":[]}"), body.replace("}\"}", "}\",\"operationName\":1}"),
            format!("{},{}", body.trim_end_matches('}'), body.trim_start_matches('{')),
            format!(r#"{{"query":"{{__typename}}","variables":{{"a":{}1{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000)),
        ];
        for body in batches {
            let reply = ask(&world, "POST", "/graphql", &format!("{JSON}{token}"), &body).await;
            assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_USER_INPUT"), "{}", body.chars().take(80).collect::<String>());
            reply.is_clean();
        }
        let terms = tenant.manager.read("{ terms { totalCount } }").await;
        assert_eq!(terms, before, "nothing was done");
    }

    async fn what_is_too_large_is_refused_before_it_is_read(world: World) {
        let began = Instant::now();
        let announced = format!("POST /graphql HTTP/1.1\r\nhost: a\r\n{JSON}content-length: 10000000000\r\n\r\n{{");
        assert_eq!(raw(&world, announced.as_bytes()).await.status, 413);
        assert!(began.elapsed() < Duration::from_secs(2), "the rest is not waited for");
        let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.expect("a connection");
        stream.write_all(format!("POST /graphql HTTP/1.1\r\nhost: a\r\n{JSON}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.expect("a head");
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(65_536));
        let mut sent = 0;
        while sent < 1_600 && stream.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 1;
        }
        assert!(sent < 400, "{sent} chunks of 64 KiB were taken");
        let long = format!("GET /graphql HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(65_536));
        assert_eq!(raw(&world, long.as_bytes()).await.status, 431);
        let many: String = (0..1_000).map(|n| format!("x{n}: a\r\n")).collect();
        assert_eq!(raw(&world, format!("GET /graphql HTTP/1.1\r\nhost: a\r\n{many}\r\n").as_bytes()).await.status, 431);
        let large = json!({ "query": VIEWER, "extensions": { "x": "x".repeat(1_000_000) } }).to_string();
        assert_eq!(ask(&world, "POST", "/graphql", JSON, &large).await.status, 200, "1 MiB is allowed");
    }

    async fn a_query_that_asks_too_much_is_refused_at_once(world: World) {
        let tenant = world.tenant("bombas").await;
        let token = tenant.manager.token.clone().expect("a token");
        let fan: String = (0..28).map(|n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }} ", m = n + 1)).collect();
        let page = |inner: &str| format!("messages(first: 79) {{ edges {{ node {{ id conversation {{ {inner} }} }} }} }}");
        let deep = (0..6).fold("id".to_owned(), |inner, _| page(&inner));
        let guess = |n: usize| format!("signIn(input: {{ email: \"dona@bombas.example\", password: \"palpite {n}\" }}) {{ errors {{ code }} }}");
        let aliased = |n: usize, prefix: &str| format!("{prefix}{n}: {}", guess(n));
        let bombs = [
            ("fragments", format!("{{ ...F0 }} {fan} fragment F28 on Query {{ __typename }}")),
            ("connections", format!("{{ conversations(first: 79) {{ nodes {{ {deep} }} }} }}")),
            ("aliases", format!("{{ {} }}", (0..101).map(|n| format!("a{n}: __typename ")).collect::<String>())),
            ("depth", format!("{{ viewer {}", "{ tenant ".repeat(12)) + &"}".repeat(13)),
            ("nesting", "{ a ".repeat(10_000)),
            ("directives", format!("{{ __typename {} }}", "@include(if: true) ".repeat(5_000))),
            ("two guesses at a password", format!("mutation {{ {} {} }}", guess(1), aliased(2, "b"))),
            ("many guesses", format!("mutation {{ {} }}", (0..2_000).map(|n| aliased(n, "a")).collect::<String>())),
            ("two refreshes", "mutation { refreshSession(input: { refreshToken: \"x\" }) { errors { code } } b: refreshSession(input: { refreshToken: \"y\" }) { errors { code } } }".into()),
            ("root fields", format!("{{ {} }}", "__typename ".repeat(2_000))),
            ("variables", format!("query ({}) {{ __typename }}", (0..20_000).map(|n| format!("$v{n}: Int ")).collect::<String>())),
            ("operations", (0..20_000).map(|n| format!("query q{n} {{ __typename }} ")).collect()),
            ("ids", format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"x\" ".repeat(1_900)).replace("{ id }", "{ id ... on Conversation { messages(first: 100) { nodes { id } } } }")),
        ];
        for (what, query) in bombs {
            let request = request("POST", "/graphql", &as_holder(&token), &json!({ "query": query }).to_string());
            // The least of at most ten: what else the machine does can only add to it.
            let mut took = Duration::MAX;
            for _ in 0..10 {
                let began = Instant::now();
                let reply = raw(&world, request.as_bytes()).await;
                took = took.min(began.elapsed());
                assert_eq!((reply.status, reply.code().as_str()), (400, "QUERY_TOO_COMPLEX"), "{what}: {}", reply.body);
                assert!(reply.json().get("data").is_none());
                reply.is_clean();
                if took < AT_ONCE {
                    break;
                }
            }
            assert!(took < AT_ONCE, "{what} took {took:?}");
        }
        let circle = post_as(&world, &token, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }").await;
        assert_eq!((circle.status, circle.code().as_str()), (400, "BAD_USER_INPUT"));
        let mut owner = world.anonymous();
        owner.sign_in_at("dona@bombas.example", PASSWORD, "bombas").await;
    }

    async fn a_page_is_asked_for_in_bounds_and_with_a_cursor_of_its_list(world: World) {
        let (tenant, other) = (world.tenant("paginas").await, world.tenant("vizinha").await);
        for pattern in ["um", "dois", "três"] {
            tenant.watch(pattern).await;
        }
        let token = tenant.manager.token.clone().expect("a token");
        let cursor = |data: &Value, list: &str| data[list]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        let terms = tenant.manager.read("{ terms(first: 1) { pageInfo { endCursor } } policies { pageInfo { endCursor } } }").await;
        let (own, of_another_list) = (cursor(&terms, "terms"), cursor(&terms, "policies"));
        other.watch("um").await;
        let foreign = cursor(&other.manager.read("{ terms { pageInfo { endCursor } } }").await, "terms");
        let arguments = [
            ("first: 0", "\"first\""), ("first: -1", "\"first\""), ("first: 101", "\"first\""), ("first: 2147483647", "\"first\""),
            ("last: 0", "\"last\""), ("last: 101", "\"last\""), ("first: 1, last: 1", "both"), ("after: \"\"", "\"after\""),
            ("after: \"!!\"", "\"after\""), ("after: \"' OR 1=1 --\"", "\"after\""), ("before: \"AAAA\"", "\"before\""),
            (&*format!("after: \"{of_another_list}\""), "\"after\""), (&*format!("after: \"{foreign}\""), "\"after\""),
        ];
        for list in ["terms", "users", "channels", "numbers", "policies", "conversations", "alerts"] {
            for (argument, about) in arguments {
                if list == "policies" && argument.contains(&of_another_list) {
                    continue;
                }
                let reply = post_as(&world, &token, &format!("{{ {list}({argument}) {{ pageInfo {{ hasNextPage }} }} }}")).await;
                assert_eq!((reply.status, reply.code().as_str()), (200, "BAD_USER_INPUT"), "{list}({argument}): {}", reply.body);
                assert!(reply.message().contains(about), "{list}({argument}): {}", reply.message());
                assert_eq!(reply.json()["data"][list], Value::Null);
                reply.is_clean();
            }
        }
        let page = tenant.manager.read(&format!("{{ terms(first: 2, after: \"{own}\") {{ nodes {{ pattern }} pageInfo {{ hasNextPage }} }} }}")).await;
        assert_eq!(page["terms"]["nodes"], json!([{ "pattern": "dois" }, { "pattern": "um" }]));
    }

    async fn errors_have_a_code_and_tell_nothing_of_our_insides(world: World) {
        let tenant = world.tenant("erros").await;
        let token = tenant.manager.token.clone().expect("a token");
        let cases = [
            ("{ missing }", 400), ("{", 400), ("", 400), ("{ node }", 400), ("{ node(id: 1.5) { id } }", 400), ("{ node(id: \"x\") { nope } }", 400),
            ("{ terms(first: 99999999999) { totalCount } }", 200), ("{ terms(first: \"x\") { totalCount } }", 400),
            ("query A { viewer { role } } query B { viewer { role } }", 400), ("query ($n: ID!) { node(id: $n) { id } }", 400),
            ("subscription { alertEvents { kind } }", 405), ("{ conversations(filter: { contactPhone: \"não é\" }) { totalCount } }", 200),
            ("{ alerts(filter: { raisedAfter: \"999999-99-99\" }) { totalCount } }", 200),
        ];
        for (query, status) in cases {
            let reply = post_as(&world, &token, query).await;
            assert_eq!((reply.status, reply.code().as_str()), (status, "BAD_USER_INPUT"), "{query}: {}", reply.body);
            reply.is_clean();
        }
        for text in ["nul \u{0} aqui", "\u{fffe}", "' ; drop table tenant --"] {
            let input = json!({ "pattern": text });
            let body = json!({ "query": "mutation ($input: CreateTermInput!) { createTerm(input: $input) { term { pattern } errors { code message } } }", "variables": { "input": input } });
            let reply = ask(&world, "POST", "/graphql", &format!("{JSON}authorization: Bearer {token}\r\n"), &body.to_string()).await;
            assert_eq!(reply.status, 200, "{text:?}");
            assert!(!reply.body.contains("INTERNAL"), "{text:?}: {}", reply.body);
        }
    }
}
