//! The command line.

mod commands;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::Output;

/// Watches a company's WhatsApp conversations the way Brazil's data-protection law (LGPD) asks for it.
///
/// Settings come from the environment (VIGIA_…) or a TOML file; see .env.example.
#[derive(Parser)]
#[command(name = "vigia", version, max_term_width = 100)]
struct Cli {
    /// A TOML file of settings; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON object on standard output; words for people go to standard error.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C, finish what was taken, and leave within ten seconds.
    Serve,
    /// Show it working: a throw-away company in a temporary directory, signed webhooks in, alerts out.
    Demo {
        /// Exit when every expected alert has arrived (0), or when one is missing (1).
        #[arg(long)]
        once: bool,
    },
    /// Platform staff.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Client companies.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Read WhatsApp's own "export chat" (.txt or .zip) into a registered number.
    Import(commands::import::Args),
    /// Look for terms in lines of JSON or in an exported chat, without a server.
    Scan(commands::scan::Args),
    /// Print the GraphQL schema.
    Schema {
        /// Exit 1 when schema.graphql differs.
        #[arg(long)]
        check: bool,
    },
    /// Bring the database's schema up to date (PostgreSQL: as the owner, VIGIA_MIGRATION_URL).
    Migrate,
    /// Walk the journals' chains and open every sealed value.
    Verify {
        /// One company instead of all.
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
    },
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Add an operator; the password is read from standard input, or asked for.
    Create {
        /// The person's name.
        #[arg(long)]
        name: String,
        /// The person's e-mail.
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
enum TenantCommand {
    /// Found a company; its owner's password is read from standard input, or asked for.
    Create(commands::people::TenantArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failed(&format!("The asynchronous runtime does not start: {error}.")),
    };
    let config = cli.config.as_deref();
    let done = runtime.block_on(async {
        match cli.command {
            Command::Serve => commands::serve::run(config, output).await,
            Command::Demo { once } => commands::demo::run(once, output).await,
            Command::Operator(OperatorCommand::Create { name, email }) => {
                commands::people::create_operator(config, output, &name, &email).await
            }
            Command::Tenant(TenantCommand::Create(args)) => commands::people::create_tenant(config, output, args).await,
            Command::Import(args) => commands::import::run(config, output, args).await,
            Command::Scan(args) => commands::scan::run(output, args),
            Command::Schema { check } => commands::schema::run(output, check),
            Command::Migrate => commands::migrate::run(config, output).await,
            Command::Verify { tenant } => commands::verify::run(config, output, tenant.as_deref()).await,
        }
    });
    // What still runs in the background (a hash, a look-up) does not hold the process up.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(error) => output.failed(&commands::sentence(&error)),
    }
}
