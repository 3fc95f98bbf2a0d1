//! Settings: from the environment, or a TOML file of the same names; the environment wins.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::telemetry::LogFormat;

/// The settings that have an effect.
const SETTINGS: [&str; 11] = [
    "VIGIA_LISTEN",
    "VIGIA_PUBLIC_URL",
    "VIGIA_DATA_DIR",
    "VIGIA_DATABASE_URL",
    "VIGIA_MIGRATION_URL",
    "VIGIA_CORS_ORIGINS",
    "VIGIA_TRUSTED_PROXIES",
    "VIGIA_MASTER_KEY_FILE",
    "VIGIA_MASTER_KEY",
    "VIGIA_LOG",
    "VIGIA_LOG_FORMAT",
];
/// Settings of parts that are still to come: known, so that a file may hold them, and said to have no effect.
const LATER: [&str; 8] = [
    "VIGIA_S3_BUCKET",
    "VIGIA_S3_ENDPOINT",
    "VIGIA_NATS_URL",
    "VIGIA_META_API_URL",
    "VIGIA_SMTP_URL",
    "VIGIA_MAIL_FROM",
    "VIGIA_MEDIA_LINK_TTL",
    "VIGIA_ALLOW_LOOPBACK_FETCH",
];

/// Where the database is.
#[derive(Clone)]
pub enum DatabaseAt {
    /// Embedded, in this file.
    File(PathBuf),
    /// PostgreSQL, as the server's role. The URL holds a password.
    Postgres(Zeroizing<String>),
}

/// Where the master key is.
#[derive(Clone)]
pub enum MasterKeyAt {
    /// In a file.
    File(PathBuf),
    /// In the environment.
    Lines(Zeroizing<String>),
    /// To be made in the data directory, if it is not there yet.
    Generated(PathBuf),
}

/// The settings.
#[derive(Clone)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What addresses that others call begin with; from `listen` if absent.
    pub public_url: Option<String>,
    /// The database.
    pub database: DatabaseAt,
    /// The owner's URL, for `migrate`.
    pub migration_url: Option<Zeroizing<String>>,
    /// The master key.
    pub master_key: MasterKeyAt,
    /// Front ends' origins.
    pub cors_origins: Vec<String>,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Settings that are set and have no effect yet.
    pub without_effect: Vec<&'static str>,
    /// The log's filter.
    pub log: String,
    /// The log's form.
    pub log_format: LogFormat,
}

/// Everything that is wrong with the settings, together.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Config {
    /// Reads the settings out of the environment and a file.
    ///
    /// # Errors
    /// All faults together.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut values = BTreeMap::new();
        let mut faults = Vec::new();
        if let Some(path) = file {
            match std::fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|text| from_toml(&text)) {
                Ok(read) => values = read,
                Err(fault) => faults.push(format!("{} cannot be read: {fault}", path.display())),
            }
        }
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("VIGIA_")).map(str::to_owned) else {
                continue;
            };
            match value.into_string() {
                Ok(value) => drop(values.insert(name, value)),
                Err(_) => faults.push(format!("{name} is no UTF-8.")),
            }
        }
        Self::from_values(values, faults)
    }

    /// Settings out of names and values.
    ///
    /// # Errors
    /// All faults together.
    pub fn from_values(values: BTreeMap<String, String>, mut faults: Vec<String>) -> Result<Self, ConfigError> {
        let is_ours = |name: &&String| name.starts_with("VIGIA_") && !name.starts_with("VIGIA_TEST_");
        for name in values.keys().filter(is_ours) {
            if !SETTINGS.contains(&name.as_str()) && !LATER.contains(&name.as_str()) {
                faults.push(format!("{name} is no setting of Vigia's."));
            }
        }
        let without_effect =
            LATER.into_iter().filter(|name| values.get(*name).is_some_and(|value| !value.trim().is_empty())).collect();
        let mut read = Reader { values, faults };
        let listen = read
            .parsed("VIGIA_LISTEN", "an address and a port, like 127.0.0.1:8080")
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let public_url = read.text("VIGIA_PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned());
        if public_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            read.faults.push("VIGIA_PUBLIC_URL must begin with http:// or https://.".into());
        }
        let data = PathBuf::from(read.text("VIGIA_DATA_DIR").unwrap_or_else(|| "./vigia-data".into()));
        let database = match read.text("VIGIA_DATABASE_URL") {
            None => DatabaseAt::File(data.join("vigia.db")),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                DatabaseAt::Postgres(url.into())
            }
            Some(_) => {
                read.faults.push(
                    "VIGIA_DATABASE_URL must begin with postgres://; leave it out for the embedded database.".into(),
                );
                DatabaseAt::File(data.join("vigia.db"))
            }
        };
        let embedded = matches!(database, DatabaseAt::File(_));
        let master_key = match (read.text("VIGIA_MASTER_KEY_FILE"), read.text("VIGIA_MASTER_KEY")) {
            (Some(_), Some(_)) => {
                read.faults.push("Set VIGIA_MASTER_KEY_FILE or VIGIA_MASTER_KEY, not both.".into());
                MasterKeyAt::Generated(data.join("master.key"))
            }
            (Some(file), None) => {
                match std::fs::read_to_string(&file).map(Zeroizing::new) {
                    Ok(lines) => read.key_lines("VIGIA_MASTER_KEY_FILE", &lines),
                    Err(error) => read.faults.push(format!("VIGIA_MASTER_KEY_FILE cannot be read: {error}.")),
                }
                MasterKeyAt::File(file.into())
            }
            (None, Some(lines)) => {
                read.key_lines("VIGIA_MASTER_KEY", &lines);
                MasterKeyAt::Lines(lines.into())
            }
            (None, None) if embedded => MasterKeyAt::Generated(data.join("master.key")),
            (None, None) => {
                let fault = "There is no master key: set VIGIA_MASTER_KEY_FILE to a file of 32 bytes in base64 \
                             (head -c 32 /dev/urandom | base64).";
                read.faults.push(fault.into());
                MasterKeyAt::Generated(data.join("master.key"))
            }
        };
        let config = Self {
            listen,
            public_url,
            database,
            migration_url: read.text("VIGIA_MIGRATION_URL").map(Zeroizing::new),
            master_key,
            cors_origins: read.origins("VIGIA_CORS_ORIGINS"),
            trusted_proxies: read.parsed_list("VIGIA_TRUSTED_PROXIES", "addresses, separated by commas"),
            without_effect,
            log: read.log_filter("VIGIA_LOG"),
            log_format: match read.text("VIGIA_LOG_FORMAT").as_deref() {
                None | Some("text") => LogFormat::Text,
                Some("json") => LogFormat::Json,
                Some(_) => {
                    read.faults.push("VIGIA_LOG_FORMAT must be text or json.".into());
                    LogFormat::Text
                }
            },
        };
        if read.faults.is_empty() { Ok(config) } else { Err(ConfigError(read.faults)) }
    }
}

/// One flat table of the settings' own names.
fn from_toml(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    table
        .into_iter()
        .map(|(name, value)| match value {
            toml::Value::String(value) => Ok((name, value)),
            toml::Value::Integer(value) => Ok((name, value.to_string())),
            toml::Value::Boolean(value) => Ok((name, value.to_string())),
            _ => Err(format!("{name} must be text, a number, true or false")),
        })
        .collect()
}

struct Reader {
    values: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Reader {
    /// An empty value is as none: orchestrators set what they have nothing for to nothing.
    fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Exact origins: scheme, host and port, as browsers send them.
    fn origins(&mut self, name: &str) -> Vec<String> {
        let origins = self.list(name);
        for origin in &origins {
            let is_exact = url::Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin);
            if !is_exact {
                self.faults.push(format!(
                    "{name} must hold exact origins like https://painel.example.com, separated by commas."
                ));
                break;
            }
        }
        origins
    }

    fn log_filter(&mut self, name: &str) -> String {
        let filter = self.text(name).unwrap_or_else(|| "info".into());
        if tracing_subscriber::EnvFilter::try_new(&filter).is_err() {
            self.faults.push(format!("{name} must be a filter like info or info,vigia=debug."));
        }
        filter
    }

    /// A key that cannot be one is told with the other faults, before anything is opened.
    fn key_lines(&mut self, name: &str, lines: &str) {
        let is_key = |line: &str| STANDARD.decode(line.trim()).is_ok_and(|bytes| bytes.len() == 32);
        let mut keys = lines.lines().filter(|line| !line.trim().is_empty()).peekable();
        if keys.peek().is_none() || !keys.all(is_key) {
            self.faults.push(format!("{name} must hold 32 bytes in base64, one key a line."));
        }
    }

    fn parsed<T: FromStr>(&mut self, name: &str, form: &str) -> Option<T> {
        let parsed = self.text(name)?.parse();
        if parsed.is_err() {
            self.faults.push(format!("{name} must be {form}."));
        }
        parsed.ok()
    }

    fn parsed_list<T: FromStr>(&mut self, name: &str, form: &str) -> Vec<T> {
        let parsed: Result<Vec<T>, _> = self.list(name).iter().map(|part| part.parse()).collect();
        parsed.unwrap_or_else(|_| {
            self.faults.push(format!("{name} must be {form}."));
            Vec::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Config, String> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::from_values(values, Vec::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_embedded_default_on_loopback() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(matches!(config.database, DatabaseAt::File(path) if path.ends_with("vigia-data/vigia.db")));
        assert!(matches!(config.master_key, MasterKeyAt::Generated(_)));
    }

    #[test]
    fn all_faults_are_told_together() {
        let faults =
            read(&[("VIGIA_LISTEN", "here"), ("VIGIA_LOG_FORMAT", "xml"), ("VIGIA_LISTENN", "x")]).err().unwrap();
        assert_eq!(faults.lines().count(), 3, "{faults}");
    }

    #[test]
    fn origins_keys_and_filters_that_cannot_be_meant_are_faults() {
        for (name, value) in [
            ("VIGIA_CORS_ORIGINS", "*"),
            ("VIGIA_CORS_ORIGINS", "https://painel.example/"),
            ("VIGIA_CORS_ORIGINS", "painel.example"),
            ("VIGIA_MASTER_KEY", "curta"),
            ("VIGIA_MASTER_KEY_FILE", "/nowhere/at/all"),
            ("VIGIA_LOG", "!!=="),
        ] {
            assert!(read(&[(name, value)]).err().is_some_and(|fault| fault.contains(name)), "{name}={value}");
        }
        assert_eq!(
            read(&[("VIGIA_CORS_ORIGINS", "https://a.example, http://b.example:8080")]).unwrap().cors_origins.len(),
            2
        );
    }

    #[test]
    fn postgres_without_a_master_key_is_refused() {
        let fault = read(&[("VIGIA_DATABASE_URL", "postgres://vigia@localhost/vigia")]).err().unwrap();
        assert!(fault.contains("VIGIA_MASTER_KEY_FILE"), "{fault}");
    }

    #[test]
    fn what_is_still_to_come_is_said_to_have_no_effect() {
        assert_eq!(
            read(&[("VIGIA_S3_BUCKET", "media"), ("VIGIA_NATS_URL", "")]).unwrap().without_effect,
            ["VIGIA_S3_BUCKET"]
        );
    }

    #[test]
    fn a_file_of_settings_is_one_flat_table() {
        let values = from_toml("VIGIA_LISTEN = \"[::1]:1\"\nVIGIA_MEDIA_LINK_TTL = 60\n").unwrap();
        assert_eq!(values["VIGIA_MEDIA_LINK_TTL"], "60");
        assert!(from_toml("[server]\nlisten = 1").is_err());
    }
}
