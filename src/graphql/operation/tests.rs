use super::*;

fn params(query: &str, operation_name: Option<&str>, variables: serde_json::Value) -> Params {
    Params {
        query: query.to_owned(),
        operation_name: operation_name.map(str::to_owned),
        variables: Some(Variables::from_json(variables)),
        extensions: None,
    }
}

fn kind(query: &str, name: Option<&str>) -> Option<Kind> {
    check(params(query, name, serde_json::json!({})), "r").ok().map(|checked| checked.kind())
}

fn error(message: &str, path: &[&str], code: Option<&str>) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.path = path.iter().map(|name| PathSegment::Field((*name).to_owned())).collect();
    if let Some(code) = code {
        error.extensions.get_or_insert_default().set("code", code);
    }
    error
}

fn answer(data: Value, errors: Vec<ServerError>) -> serde_json::Value {
    let mut response = Response::new(data);
    response.errors = errors;
    serde_json::to_value(Answer::of(response, "r")).unwrap()
}

#[test]
fn the_operation_meant_is_found_by_name() {
    let several = "query A { a } mutation B { b } subscription C { c }";
    assert_eq!(kind(several, Some("A")), Some(Kind::Query));
    assert_eq!(kind(several, Some("B")), Some(Kind::Mutation));
    assert_eq!(kind(several, Some("C")), Some(Kind::Subscription));
    assert_eq!(kind(several, Some("D")), None);
    assert_eq!(kind(several, None), None);
    assert_eq!(kind("mutation A { a }", None), Some(Kind::Mutation));
    assert_eq!(kind("{ a }", None), Some(Kind::Query));
    assert_eq!(kind("{ a }", Some("A")), None);
}

#[test]
fn a_variable_that_must_be_given_is_missed_before_execution() {
    let is_checked = |query, variables| check(params(query, None, variables), "r").is_ok();
    let needed = "query ($n: Int!) { a(n: $n) }";
    assert!(is_checked(needed, serde_json::json!({"n": 1})));
    assert!(!is_checked(needed, serde_json::json!({})));
    assert!(!is_checked(needed, serde_json::json!({"n": null})));
    let with_default = "query ($n: Int! = 3, $m: Int) { a(n: $n, m: $m) }";
    assert!(is_checked(with_default, serde_json::json!({})));
    assert!(!is_checked(with_default, serde_json::json!({"n": null})));
    let Err(refusal) = check(params(needed, None, serde_json::json!({})), "r") else { panic!("was let through") };
    assert_eq!(refusal.refusal_code(), Some("BAD_USER_INPUT"));
}

#[test]
fn an_error_found_before_execution_comes_without_data_and_is_the_clients() {
    assert_eq!(
        answer(Value::Null, vec![error("Unknown field", &[], None)]),
        serde_json::json!({"errors": [{"message": "Unknown field", "extensions": {"code": "BAD_USER_INPUT", "requestId": "r"}}]})
    );
    let many = answer(Value::Null, (0..2_000).map(|_| error("Unknown field", &[], None)).collect());
    assert_eq!(many["errors"].as_array().unwrap().len(), MAX_SHOWN_ERRORS);
}

#[test]
fn an_error_without_a_code_says_nothing_but_internal() {
    let told = answer(Value::Null, vec![error("relation \"x\" does not exist", &["a"], None)]);
    assert_eq!(
        told,
        serde_json::json!({"errors": [{"message": INTERNAL, "path": ["a"], "extensions": {"code": "INTERNAL", "requestId": "r"}}], "data": null})
    );
    let mut with_source = error("Failed to parse \"secret\"", &[], None);
    with_source.source = Some(Arc::new("a cause"));
    assert_eq!(answer(Value::Null, vec![with_source])["errors"][0]["message"], INTERNAL);
    let mut other_extensions = error("secret", &["a"], None);
    other_extensions.extensions.get_or_insert_default().set("detail", "secret");
    assert!(!answer(Value::Null, vec![other_extensions]).to_string().contains("secret"));
}

#[test]
fn an_error_with_a_code_keeps_its_words() {
    let data = async_graphql::value!({"a": null});
    let told = answer(data, vec![error("Not for you.", &["a"], Some("FORBIDDEN"))]);
    assert_eq!(
        told,
        serde_json::json!({
            "errors": [{"message": "Not for you.", "path": ["a"], "extensions": {"code": "FORBIDDEN", "requestId": "r"}}],
            "data": {"a": null}
        })
    );
}

#[test]
fn an_argument_that_cannot_be_read_is_the_clients_fault() {
    for message in ["Failed to parse \"Int\": Only integers", "Expected input type \"ID\", found true."] {
        let told = answer(Value::Null, vec![error(message, &["a"], None)]);
        assert_eq!(told["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(told["errors"][0]["message"], message);
    }
}

#[test]
fn an_answer_is_a_refusal_only_without_data() {
    assert_eq!(Answer::of(Response::new(Value::Null), "r").refusal_code(), None);
    assert_eq!(Answer::refused(Refused::Unauthenticated, "r").refusal_code(), Some("UNAUTHENTICATED"));
    let ok = serde_json::to_value(Answer::of(Response::new(async_graphql::value!({"a": 1})), "r")).unwrap();
    assert_eq!(ok, serde_json::json!({"data": {"a": 1}}));
}

#[test]
fn a_field_that_failed_is_null_and_takes_no_neighbour_with_it() {
    let completed = |data: Value, errors: Vec<Vec<PathSegment>>| {
        let mut response = Response::new(data);
        response.errors = errors.into_iter().map(|path| ServerError::new("x", None).with_path(path)).collect();
        complete(&mut response);
        serde_json::to_value(response.data).unwrap()
    };
    let field = |name: &str| PathSegment::Field(name.to_owned());
    use async_graphql::value;
    assert_eq!(completed(value!({"b": 1}), vec![vec![field("a")]]), serde_json::json!({"b": 1, "a": null}));
    assert_eq!(
        completed(Value::Null, vec![vec![field("a")], vec![field("b")]]),
        serde_json::json!({"a": null, "b": null})
    );
    assert_eq!(completed(Value::Null, vec![vec![]]), serde_json::Value::Null);
    let nested = || vec![vec![field("a"), PathSegment::Index(1), field("b")]];
    let neighbour = serde_json::json!({"a": null, "c": 1});
    assert_eq!(completed(value!({"a": [{"b": 1}, {"d": 1}], "c": 1}), nested()), neighbour);
    assert_eq!(completed(value!({"a": [{"b": 1}, null], "c": 1}), nested()), neighbour);
    let lawful = value!({"a": [{"b": 1}, {"b": null}], "c": 1});
    assert_eq!(completed(lawful.clone(), nested()), serde_json::to_value(lawful).unwrap());
}
