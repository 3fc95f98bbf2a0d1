//! The house has floors, and nothing reaches up: `main → app → edges → business → mechanisms → ground`.
//!
//! When this fails it is mostly the thing that stands in the wrong place, not the rule: move the thing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FLOORS: [(&str, &[&str]); 6] = [
    ("ground", &["clock", "config", "error", "telemetry"]),
    ("mechanisms", &["auth", "db", "detect", "doorbell", "providers", "vault"]),
    (
        "business",
        &[
            "accounts",
            "alerts",
            "caller",
            "core",
            "dialogue",
            "directory",
            "history",
            "import",
            "inbox",
            "jobs",
            "journal",
            "keys",
            "numbers",
            "policies",
            "refusal",
            "tenants",
            "verify",
        ],
    ),
    ("edges", &["graphql", "http"]),
    ("app", &["app"]),
    ("main", &["main", "commands", "lib"]),
];

/// Words that may stand only in these places, and what to do instead.
const PLACES: [(&str, &[&str], &str); 9] = [
    ("DatabaseConnection", &["src/db/"], "run statements through a TenantTx, or a named function in src/db/system/"),
    ("DatabaseTransaction", &["src/db/"], "take a TenantTx"),
    ("aws_sdk_s3", &["src/vault/bucket.rs"], "go through the bucket"),
    ("async_graphql", &["src/graphql/"], "return a business type and wrap it in src/graphql/"),
    ("axum", &["src/http/", "src/app.rs"], "return a business type and answer in src/http/"),
    ("StatusCode", &["src/http/"], "return an Error with its code"),
    ("tokio_tungstenite", &["src/commands/demo/", "src/http/graphql_ws/"], "the server speaks WebSocket through axum"),
    ("reqwest", &["src/commands/demo/"], "no network call has a place here yet"),
    ("sqlx::", &["src/db/", "src/error.rs"], "go through sea-orm, in src/db/"),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Every line of code below `src`, without comments, by file.
fn code() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).expect("below the root").display().to_string();
            let text = std::fs::read_to_string(&path).expect("a source");
            let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned()).collect();
            (name, lines)
        })
        .collect()
}

fn module(file: &str) -> &str {
    file.trim_start_matches("src/").split(['/', '.']).next().expect("a module")
}

fn floor(module: &str) -> usize {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module)).unwrap_or_else(|| {
        panic!("src/{module} stands on no floor: give it one in tests/it/floors.rs, and in the README's map")
    })
}

/// The modules of our own that a line names.
fn named(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, path) in line.match_indices("crate::") {
        let rest = &line[at + path.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split('}').next().unwrap_or_default();
            named.extend(group.split(',').filter_map(|part| part.trim().split("::").next()).map(str::to_owned));
        } else {
            named.extend(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned));
        }
    }
    named.retain(|name| !name.is_empty() && name.chars().all(|c| c.is_lowercase() || c == '_') && name != "self");
    named
}

#[test]
fn no_module_imports_from_a_floor_above_its_own() {
    let mut broken = Vec::new();
    for (file, lines) in code() {
        let own = module(&file);
        for name in lines.iter().flat_map(|line| named(line)) {
            let (from, to) = (floor(own), floor(&name));
            // Mechanisms know the ground and themselves, not each other.
            let sideways = FLOORS[from].0 == "mechanisms" && to == from && name != own;
            if to > from || sideways {
                broken.push(format!("{file} ({}) imports crate::{name} ({})", FLOORS[from].0, FLOORS[to].0));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "imports point downward only; move what is needed down, or the caller up:\n{}",
        broken.join("\n")
    );
}

#[test]
fn what_has_one_place_stands_nowhere_else() {
    let mut broken = Vec::new();
    for (file, lines) in code() {
        for (word, places, instead) in PLACES {
            let is_at_home = places.iter().any(|place| file.starts_with(place));
            if !is_at_home && lines.iter().any(|line| line.contains(word)) {
                broken.push(format!("{file} names {word}: {instead}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn detection_is_pure() {
    for (file, lines) in code().into_iter().filter(|(file, _)| file.starts_with("src/detect/")) {
        for word in ["async ", "tokio", "sea_orm", "std::fs", "std::net", "std::io", "crate::clock"] {
            assert!(
                !lines.iter().any(|line| line.contains(word)),
                "{file} names {word}: src/detect does no I/O and waits for nothing"
            );
        }
    }
}

#[test]
fn rows_know_sea_orm_alone() {
    let manifest =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/entity/Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let mut dependencies: Vec<&str> =
        manifest["dependencies"].as_table().expect("dependencies").keys().map(String::as_str).collect();
    dependencies.sort_unstable();
    assert_eq!(dependencies, ["sea-orm", "uuid"], "entity leaks into schemas and files once it can be serialised");
}
