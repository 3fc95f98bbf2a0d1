//! The people of a tenant, and the platform's staff.

use entity::user::Role;
use entity::{LoginId, OperatorId, UserId, login, operator, user};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::ColumnTrait;
use serde_json::json;
use zeroize::Zeroizing;

use super::{Accounts, Email};
use crate::auth::password::{Password, Weak};
use crate::db::{Session, TenantTx};
use crate::error::Result;
use crate::journal::{Actor, Chain, Entry, Kind, role_word};
use crate::keys;
use crate::policies::finish;
use crate::refusal::{Outcome, Refusal, RefusalCode, checked_text, lawful};
use crate::vault::{Context, Purpose, TenantKeys};

/// Characters of a person's name.
const NAME: usize = 200;

/// A person to be added. Holds a password: no `Debug`.
pub struct NewUser {
    /// The name.
    pub name: String,
    /// The address to sign in with; unique within the tenant.
    pub email: String,
    /// The first password.
    pub password: String,
    /// What the person may do.
    pub role: Role,
}

/// What is to change in a person; the rest stays.
pub struct UserChange {
    /// The name.
    pub name: Option<String>,
    /// What the person may do.
    pub role: Option<Role>,
}

/// What stands sealed in a person's row.
pub struct UserText {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// How the input calls what is asked of a person.
pub(crate) struct Fields {
    pub name: &'static str,
    pub email: &'static str,
    pub password: &'static str,
}

const FIELDS: Fields = Fields { name: "name", email: "email", password: "password" };

/// A new person, checked, the password hashed.
pub(crate) struct Person {
    name: String,
    email: Email,
    hash: Zeroizing<[u8; 32]>,
}

impl Person {
    /// The rows of a person of a tenant.
    pub fn rows(
        &self,
        accounts: &Accounts,
        keys: &TenantKeys,
        role: Role,
    ) -> Result<(UserId, user::ActiveModel, login::ActiveModel)> {
        let id = UserId(accounts.core.clock.id());
        let seal = |column, value: &str| keys.company.seal(&place(keys, id, column), value.as_bytes());
        let row = user::ActiveModel {
            tenant_id: Set(keys.tenant),
            id: Set(id),
            name: Set(seal("name", &self.name)?),
            email: Set(seal("email", self.email.as_str())?),
            email_index: Set(email_index(keys, &self.email)),
            role: Set(role),
            created_at: Set(accounts.core.clock.now()),
            disabled_at: Set(None),
        };
        let mut login = self.login(accounts)?;
        login.tenant_id = Set(Some(keys.tenant));
        login.user_id = Set(Some(id));
        Ok((id, row, login))
    }

    fn login(&self, accounts: &Accounts) -> Result<login::ActiveModel> {
        let id = LoginId(accounts.core.clock.id());
        Ok(login::ActiveModel {
            id: Set(id),
            email_index: Set(self.email.index(&accounts.core)),
            password_hash: Set(accounts.seal_hash(id, &self.hash)?),
            tenant_id: Set(None),
            user_id: Set(None),
            operator_id: Set(None),
            disabled_at: Set(None),
        })
    }
}

fn place(keys: &TenantKeys, id: UserId, column: &'static str) -> Context {
    Context { tenant: keys.tenant.0, table: "user", row: id.0, column }
}

fn email_index(keys: &TenantKeys, email: &Email) -> entity::BlindIndex {
    keys.index.index(Purpose::Email, &[email.as_str().as_bytes()])
}

/// Opens a person's name and address.
///
/// # Errors
/// When they do not open.
pub fn open_user(keys: &TenantKeys, row: &user::Model) -> Result<UserText> {
    let open = |column, sealed| keys::text(keys.company.open(&place(keys, row.id, column), sealed)?);
    Ok(UserText { name: open("name", &row.name)?, email: open("email", &row.email)? })
}

pub(super) fn weak(field: &'static str, why: Weak) -> Refusal {
    Refusal::field(RefusalCode::WeakPassword, field, why.to_string())
}

impl Accounts {
    /// Checks what is said of a new person and hashes the password.
    pub(crate) async fn person(&self, fields: &Fields, name: &str, email: &str, password: String) -> Outcome<Person> {
        let password = Zeroizing::new(password);
        let name = lawful!(checked_text(fields.name, name, NAME));
        let email = lawful!(Email::checked(fields.email, email));
        let password = lawful!(Password::check(&password, email.as_str()).map_err(|why| weak(fields.password, why)));
        let hash = self.hash(password, &email).await?;
        Ok(Ok(Person { name, email, hash }))
    }

    /// Adds a person to the tenant.
    ///
    /// # Errors
    /// RATE_LIMITED when too many passwords are hashed at once; when the database is away.
    pub async fn create_user(&self, proof: &Session, actor: Actor, new: NewUser) -> Outcome<UserId> {
        let person = lawful!(self.person(&FIELDS, &new.name, &new.email, new.password).await?);
        let tx = self.core.db.scope(proof).begin(Chain::Event).await?;
        let keys = keys::of_tenant(&tx, &self.core.keyring).await?;
        let same = tx.rows::<user::Entity>().filter(user::Column::EmailIndex.eq(email_index(&keys, &person.email)));
        if same.one().await?.is_some() {
            let message = "Somebody of this company already signs in with this e-mail address.";
            return Ok(Err(Refusal::field(RefusalCode::Duplicate, FIELDS.email, message)));
        }
        let (id, row, login) = person.rows(self, &keys, new.role)?;
        tx.insert::<user::Entity>(vec![row]).await?;
        tx.keep_login(login).await?;
        let entry = Entry::new(Kind::UserCreated, actor, id.0).with(json!({ "role": role_word(new.role) }));
        finish(&self.core, tx, vec![entry]).await?;
        Ok(Ok(id))
    }

    /// Changes a person's name or role. The last owner stays one.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn update_user(&self, proof: &Session, actor: Actor, id: UserId, change: UserChange) -> Outcome<UserId> {
        let tx = self.core.db.scope(proof).begin(Chain::Event).await?;
        let Some(user) = find(&tx, id).await? else { return Ok(Err(Refusal::not_found("id"))) };
        let keys = keys::of_tenant(&tx, &self.core.keyring).await?;
        let mut row = user::ActiveModel { id: Unchanged(id), ..Default::default() };
        if let Some(name) = change.name {
            let name = lawful!(checked_text("name", &name, NAME));
            row.name = Set(keys.company.seal(&place(&keys, id, "name"), name.as_bytes())?);
        }
        let role = change.role.unwrap_or(user.role);
        if role != Role::Owner && is_last_owner(&tx, &user).await? {
            return Ok(Err(last_owner("role")));
        }
        row.role = Set(role);
        tx.update::<user::Entity>(row).await?;
        let entry = Entry::new(Kind::UserUpdated, actor, id.0).with(json!({ "role": role_word(role) }));
        finish(&self.core, tx, vec![entry]).await?;
        self.forget();
        Ok(Ok(id))
    }

    /// Shuts a person out: all sessions end at once. Neither oneself nor the last owner. Done before, it does nothing.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn disable_user(&self, proof: &Session, actor: Actor, id: UserId) -> Outcome<UserId> {
        let tx = self.core.db.scope(proof).begin(Chain::Event).await?;
        let Some(user) = find(&tx, id).await? else { return Ok(Err(Refusal::not_found("id"))) };
        if user.disabled_at.is_some() {
            return Ok(Ok(id));
        }
        if proof.user == id {
            return Ok(Err(Refusal::field(RefusalCode::Conflict, "id", "You cannot shut yourself out.")));
        }
        if is_last_owner(&tx, &user).await? {
            return Ok(Err(last_owner("id")));
        }
        let now = self.core.clock.now();
        let row = user::ActiveModel { id: Unchanged(id), disabled_at: Set(Some(now)), ..Default::default() };
        tx.update::<user::Entity>(row).await?;
        tx.shut_out(id, now).await?;
        finish(&self.core, tx, vec![Entry::new(Kind::UserDisabled, actor, id.0)]).await?;
        self.forget();
        Ok(Ok(id))
    }

    /// Adds platform staff. Only the command line does this.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn create_operator(&self, name: &str, email: &str, password: String) -> Outcome<OperatorId> {
        let person = lawful!(self.person(&FIELDS, name, email, password).await?);
        let logins = self.core.db.logins_by_email(&person.email.index(&self.core)).await?;
        if logins.iter().any(|login| login.operator_id.is_some()) {
            let message = "An operator already signs in with this e-mail address.";
            return Ok(Err(Refusal::field(RefusalCode::Duplicate, FIELDS.email, message)));
        }
        let id = OperatorId(self.core.clock.id());
        let seal = |column, value: &str| self.core.platform.seal("operator", id.0, column, value.as_bytes());
        let row = operator::ActiveModel {
            id: Set(id),
            name: Set(seal("name", &person.name)?),
            email: Set(seal("email", person.email.as_str())?),
            created_at: Set(self.core.clock.now()),
        };
        let mut login = person.login(self)?;
        login.operator_id = Set(Some(id));
        self.core.db.keep_operator(row, login).await?;
        Ok(Ok(id))
    }
}

async fn find(tx: &TenantTx, id: UserId) -> Result<Option<user::Model>> {
    tx.rows::<user::Entity>().filter(user::Column::Id.eq(id)).one().await
}

async fn is_last_owner(tx: &TenantTx, user: &user::Model) -> Result<bool> {
    if user.role != Role::Owner || user.disabled_at.is_some() {
        return Ok(false);
    }
    let owners = tx
        .rows::<user::Entity>()
        .filter(user::Column::Role.eq(Role::Owner))
        .filter(user::Column::DisabledAt.is_null())
        .count()
        .await?;
    Ok(owners <= 1)
}

fn last_owner(field: &'static str) -> Refusal {
    Refusal::field(RefusalCode::Conflict, field, "This is the company's last owner: make somebody else an owner first.")
}
