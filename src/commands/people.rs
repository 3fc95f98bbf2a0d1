//! `vigia operator create` and `vigia tenant create`.

use std::path::Path;

use serde_json::json;
use vigia::accounts::Accounts;
use vigia::error::Error;
use vigia::graphql::node::Kind;
use vigia::journal::Actor;
use vigia::refusal::Refusal;
use vigia::tenants::{self, NewTenant};

use super::{Done, Output, open, read_password};

/// A company to be founded.
#[derive(clap::Args)]
pub struct TenantArgs {
    /// The company's name.
    #[arg(long)]
    name: String,
    /// Its short name in addresses: lower-case letters, digits and hyphens.
    #[arg(long)]
    slug: String,
    /// The name of its first owner.
    #[arg(long)]
    owner_name: String,
    /// The owner's e-mail.
    #[arg(long)]
    owner_email: String,
}

fn refused(refusal: Refusal) -> Error {
    let field = refusal.path.first().map(|field| format!("{field}: ")).unwrap_or_default();
    Error::input(format!("{field}{}", refusal.message))
}

/// Adds an operator.
pub async fn create_operator(file: Option<&Path>, output: Output, name: &str, email: &str) -> Done {
    let (_, core) = open(file).await?;
    let password = read_password(email)?;
    let accounts = Accounts::load(core).await?;
    let id = accounts.create_operator(name, email, password.to_string()).await?.map_err(refused)?;
    Ok(output.done("The operator may sign in now.", &json!({ "operatorId": id.0 })))
}

/// Founds a company.
pub async fn create_tenant(file: Option<&Path>, output: Output, args: TenantArgs) -> Done {
    let (_, core) = open(file).await?;
    let password = read_password(&args.owner_email)?;
    let accounts = Accounts::load(core).await?;
    let new = NewTenant {
        name: args.name,
        slug: args.slug,
        owner_name: args.owner_name,
        owner_email: args.owner_email,
        owner_password: password.to_string(),
    };
    let founded = tenants::create(&accounts, Actor::COMMAND_LINE, new).await?.map_err(refused)?;
    let object = json!({
        "tenantId": Kind::Tenant.id(founded.tenant.0).as_str(),
        "ownerId": Kind::User.id(founded.owner.0).as_str(),
    });
    Ok(output.done("The company is founded, and its owner may sign in now.", &object))
}
