//! Passwords at the door: signing in, and changing one's own.

use std::net::IpAddr;

use entity::{TenantId, login};
use zeroize::Zeroizing;

use super::email::sixteen;
use super::users::{open_user, weak};
use super::{Accounts, Email, SignedIn};
use crate::auth::password::{self, Password};
use crate::auth::throttle::{Key, Wait, address_key};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::journal::{Chain, Entry, Kind};
use crate::keys;
use crate::policies::finish;
use crate::refusal::{Outcome, Refusal, RefusalCode, lawful};
use crate::tenants;

/// What somebody typed to come in. Holds a password: no `Debug`.
pub struct SignIn {
    /// The address, in whatever case.
    pub email: String,
    /// The password, byte for byte.
    pub password: String,
    /// At which company; needed by who has sign-ins at several.
    pub tenant_slug: Option<String>,
}

impl Accounts {
    /// Signs a person in.
    ///
    /// Unknown address, wrong password, shut out and wrong company get the same answer, after the same one hash.
    ///
    /// # Errors
    /// FORBIDDEN when the password was right and the tenant is suspended; RATE_LIMITED when too many people sign in at
    /// once; when the database is away.
    pub async fn sign_in(&self, typed: SignIn, address: IpAddr) -> Outcome<SignedIn> {
        let email = Email::typed(&typed.email);
        let index = email.index(&self.core);
        let (account, address) = (sixteen(&index), address_key(address));
        lawful!(self.throttle.check(account, address, self.core.clock.now().0).map_err(throttled));
        // Too long is wrong for everybody: it tells nothing, and costs nothing.
        let Some(password) = Password::presented(typed.password) else { return Ok(Err(self.wrong(account, address))) };
        let hash = self.hash(password, &email).await?;
        let mut candidates = Vec::new();
        for login in self.core.db.logins_by_email(&index).await? {
            if password::matches(&hash, &self.stored_hash(&login)?) && login.disabled_at.is_none() {
                candidates.push(login);
            }
        }
        if let Some(slug) = typed.tenant_slug.filter(|slug| !slug.trim().is_empty()) {
            let tenant = tenants::by_slug(&self.core, &slug).await?.map(|tenant| tenant.id);
            candidates.retain(|login| is_at(login, tenant));
        } else if candidates.iter().any(|login| login.operator_id.is_some()) {
            // No slug names the platform: without this, an operator with a tenant's account could not come in as such.
            candidates.retain(|login| login.operator_id.is_some());
        }
        let Some(login) = candidates.first() else { return Ok(Err(self.wrong(account, address))) };
        lawful!(self.throttle.succeeded(account, address, self.core.clock.now().0).map_err(throttled));
        if candidates.len() > 1 {
            return Ok(Err(Refusal::field(
                RefusalCode::TenantRequired,
                "tenantSlug",
                "You have sign-ins at several companies: say at which you want to sign in.",
            )));
        }
        self.begin_session(login).await
    }

    fn wrong(&self, account: Key, address: Key) -> Refusal {
        self.throttle.failed(account, address, self.core.clock.now().0).map_or_else(throttled, |()| bad_credentials())
    }

    /// Replaces the caller's own password and ends the caller's other sessions.
    ///
    /// # Errors
    /// RATE_LIMITED when too many passwords are hashed at once; when the database is away.
    pub async fn change_password(&self, caller: &Caller, current: String, new: String) -> Outcome<()> {
        let new = Zeroizing::new(new);
        let login = self.login_of(caller).await?;
        let email = self.email_of(caller).await?;
        let new = lawful!(Password::check(&new, email.as_str()).map_err(|why| weak("newPassword", why)));
        // Guesses with a stolen access token count for the account, and for the session in place of an address.
        let (account, place) = (sixteen(&login.email_index), caller.session().0.into_bytes());
        lawful!(self.throttle.check(account, place, self.core.clock.now().0).map_err(throttled));
        let is_right = match Password::presented(current) {
            Some(current) => password::matches(&*self.hash(current, &email).await?, &self.stored_hash(&login)?),
            None => false,
        };
        let now = self.core.clock.now();
        if !is_right {
            lawful!(self.throttle.failed(account, place, now.0).map_err(throttled));
            let message = "The current password is wrong.";
            return Ok(Err(Refusal::field(RefusalCode::BadCredentials, "currentPassword", message)));
        }
        lawful!(self.throttle.succeeded(account, place, now.0).map_err(throttled));
        let hash = self.seal_hash(login.id, &*self.hash(new, &email).await?)?;
        match caller {
            Caller::Operator { session, .. } => {
                self.core.db.change_operator_password(login.id, hash, *session, now).await?;
            }
            Caller::User { session, .. } => {
                let tx = self.core.db.scope(session).begin(Chain::Event).await?;
                tx.change_user_password(login.id, hash, session.id, now).await?;
                let entry = Entry::new(Kind::PasswordChanged, caller.actor(), session.user.0);
                finish(&self.core, tx, vec![entry]).await?;
            }
        }
        self.forget();
        Ok(Ok(()))
    }

    async fn login_of(&self, caller: &Caller) -> Result<login::Model> {
        let session = self.core.db.session(caller.session()).await?.ok_or_else(Error::unauthenticated)?;
        self.core.db.login(session.login_id).await?.ok_or_else(Error::unauthenticated)
    }

    async fn email_of(&self, caller: &Caller) -> Result<Email> {
        let text = match caller {
            Caller::Operator { operator, .. } => {
                let row = self.core.db.operator(*operator).await?.ok_or_else(Error::unauthenticated)?;
                self.core.platform.open_text("operator", row.id.0, "email", &row.email)?
            }
            Caller::User { session, .. } => {
                let row = self.user_of(session).await?.ok_or_else(Error::unauthenticated)?;
                let tx = self.core.db.scope(session).read().await?;
                open_user(&keys::of_tenant(&tx, &self.core.keyring).await?, &row)?.email
            }
        };
        Ok(Email::typed(&text))
    }
}

/// Whether a sign-in is one of this tenant's. There may be no tenant of that slug: operators' are not meant by it.
fn is_at(login: &login::Model, tenant: Option<TenantId>) -> bool {
    tenant.is_some() && login.tenant_id == tenant
}

pub(super) fn bad_credentials() -> Refusal {
    Refusal::whole(RefusalCode::BadCredentials, "E-mail address, password or company is wrong.")
}

fn throttled(wait: Wait) -> Refusal {
    Refusal::whole(RefusalCode::Throttled, wait.to_string())
}
