//! Sessions: beginning, knowing again, renewing, ending.

use entity::{LoginId, SessionId, Timestamp, login, session, user};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use serde_json::json;

use super::Accounts;
use super::sign_in::bad_credentials;
use crate::auth::refresh::{self, Presented, RefreshToken, Verdict};
use crate::auth::token::Claims;
use crate::caller::Caller;
use crate::db::Session;
use crate::db::system::{LiveSession, appoint};
use crate::error::{Error, ErrorCode, Result};
use crate::journal::{Actor, Chain, Entry, Kind};
use crate::policies::finish;
use crate::refusal::{Outcome, Refusal, RefusalCode};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// Microseconds from sign-in to the end, however often it is renewed (RFC 9700 §4.14; ASVS 7.3.2).
const LIFE: i64 = 30 * DAY;
/// Microseconds after which a session that was not renewed cannot be renewed any more.
const IDLE: i64 = 7 * DAY;

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated {
    /// The person.
    pub caller: Caller,
    /// When the access token ends.
    pub expires_at: Timestamp,
}

/// What a person gets who signed in or renewed a session. Holds tokens: no `Debug`.
pub struct SignedIn {
    /// Good for ten minutes.
    pub access_token: String,
    /// Good once, for the next pair.
    pub refresh_token: RefreshToken,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// The person.
    pub caller: Caller,
}

/// How a session stands.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    Live(Caller),
    /// Its tenant is suspended.
    Suspended,
    /// Ended, shut out, or never begun.
    Over,
}

impl Accounts {
    /// Who an access token speaks for, as things stand now (or half a second ago).
    ///
    /// # Errors
    /// UNAUTHENTICATED in the same words whatever is wrong with the token or its session; FORBIDDEN when the tenant is
    /// suspended.
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated> {
        let claims = self.signing.verify(&self.core, token).await?.ok_or_else(Error::unauthenticated)?;
        match self.standing(SessionId(claims.session)).await? {
            Standing::Live(caller) if speaks_for(&claims, &caller) => {
                Ok(Authenticated { caller, expires_at: Timestamp(claims.expires_at) })
            }
            Standing::Suspended => Err(suspended()),
            Standing::Live(_) | Standing::Over => Err(Error::unauthenticated()),
        }
    }

    /// Whether an open socket may stay open: the session lives and the person may do what it might when it was opened.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn is_live(&self, caller: &Caller) -> Result<bool> {
        Ok(matches!(self.standing(caller.session()).await?, Standing::Live(now) if now == *caller))
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        self.core.db.revoke_session(caller.session(), self.core.clock.now()).await?;
        self.forget();
        if let Caller::User { session, .. } = caller {
            let tx = self.core.db.scope(session).begin(Chain::Event).await?;
            finish(&self.core, tx, vec![Entry::new(Kind::SessionRevoked, caller.actor(), session.id.0)]).await?;
        }
        Ok(())
    }

    /// Renews a session: a new access token, and the next refresh token. Called again within ten seconds with the same
    /// token it answers with the same next one; a token used up longer ago ends the session.
    ///
    /// # Errors
    /// FORBIDDEN when the tenant is suspended; when the database is away.
    pub async fn refresh(&self, token: &str) -> Outcome<SignedIn> {
        let Some(presented) = refresh::parse(token) else { return Ok(Err(spent())) };
        let id = SessionId(presented.family);
        // Twice: where another call rotated first, this one's token is the one before, within the overlap.
        for _ in 0..2 {
            let now = self.core.clock.now();
            let Some(row) = self.core.db.session(id).await? else { break };
            let generation = generation(&row);
            let verdict = self.judge(&presented, &row, now);
            if verdict == Verdict::Reuse {
                self.end_family(&row, now).await?;
            }
            if matches!(verdict, Verdict::Reuse | Verdict::Forged) || now.0.saturating_sub(row.rotated_at.0) > IDLE {
                break;
            }
            let caller = match self.look_up(id).await? {
                Standing::Live(caller) => caller,
                Standing::Suspended => return Err(suspended()),
                Standing::Over => break,
            };
            if verdict == Verdict::PreviousWithinOverlap {
                return Ok(Ok(self.pair(caller, generation, now)?));
            }
            let next = generation.saturating_add(1);
            let hash = refresh::hash(&refresh::derive(&self.refresh_key, id.0, next));
            if self.core.db.rotate_session(&row, hash.to_vec(), now).await? {
                return Ok(Ok(self.pair(caller, next, now)?));
            }
        }
        Ok(Err(spent()))
    }

    fn judge(&self, presented: &Presented, row: &session::Model, now: Timestamp) -> Verdict {
        let generation = generation(row);
        // What is stored must be what this key gives: a session written under another key is nobody's.
        let current = refresh::hash(&refresh::derive(&self.refresh_key, row.id.0, generation));
        if current.as_slice() != row.refresh_hash.as_slice() {
            return Verdict::Forged;
        }
        refresh::judge(presented, generation, row.rotated_at.0, now.0, &self.refresh_key)
    }

    /// Somebody copied a refresh token: both holders are out.
    async fn end_family(&self, row: &session::Model, now: Timestamp) -> Result<()> {
        if row.revoked_at.is_some() {
            return Ok(());
        }
        self.core.db.revoke_session(row.id, now).await?;
        self.forget();
        tracing::warn!(session = %row.id.0, "a spent refresh token was shown again: the session was ended");
        if let (Some(tenant), Some(user)) = (row.tenant_id, row.user_id) {
            let tx = self.core.db.scope(&appoint(tenant)).begin(Chain::Event).await?;
            let entry = Entry::new(Kind::RefreshTokenReused, Actor::SYSTEM, row.id.0).with(json!({ "user": user.0 }));
            finish(&self.core, tx, vec![entry]).await?;
        }
        Ok(())
    }

    /// Begins a session for whoever gave the right password of this login.
    pub(super) async fn begin_session(&self, login: &login::Model) -> Outcome<SignedIn> {
        let now = self.core.clock.now();
        let id = SessionId(self.core.clock.id());
        self.core.db.keep_session(self.first_row(id, login, now)).await?;
        let caller = match self.look_up(id).await? {
            Standing::Live(caller) if self.is_admitted(&caller, login).await? => caller,
            Standing::Suspended => {
                self.core.db.revoke_session(id, now).await?;
                return Err(suspended());
            }
            Standing::Live(_) | Standing::Over => {
                self.core.db.revoke_session(id, now).await?;
                return Ok(Err(bad_credentials()));
            }
        };
        Ok(Ok(self.pair(caller, 0, now)?))
    }

    fn first_row(&self, id: SessionId, login: &login::Model, now: Timestamp) -> session::ActiveModel {
        session::ActiveModel {
            id: Set(id),
            login_id: Set(login.id),
            tenant_id: Set(login.tenant_id),
            user_id: Set(login.user_id),
            operator_id: Set(login.operator_id),
            generation: Set(0),
            refresh_hash: Set(refresh::hash(&refresh::derive(&self.refresh_key, id.0, 0)).to_vec()),
            rotated_at: Set(now),
            created_at: Set(now),
            expires_at: Set(Timestamp(now.0.saturating_add(LIFE))),
            revoked_at: Set(None),
        }
    }

    /// Journals a sign-in, unless the password was changed or the person shut out while it was on its way.
    ///
    /// Both of those hold the head's lock and end the sessions they find. So whichever came first, either they found
    /// the new session, or this finds the login changed.
    async fn is_admitted(&self, caller: &Caller, seen: &login::Model) -> Result<bool> {
        match caller {
            Caller::Operator { .. } => self.is_unchanged(seen.id, seen).await,
            Caller::User { session, .. } => {
                let tx = self.core.db.scope(session).begin(Chain::Event).await?;
                if !self.is_unchanged(seen.id, seen).await? {
                    return Ok(false);
                }
                finish(&self.core, tx, vec![Entry::new(Kind::SignedIn, caller.actor(), session.id.0)]).await?;
                Ok(true)
            }
        }
    }

    async fn is_unchanged(&self, id: LoginId, seen: &login::Model) -> Result<bool> {
        Ok(self.core.db.login(id).await?.as_ref() == Some(seen))
    }

    fn pair(&self, caller: Caller, generation: u32, now: Timestamp) -> Result<SignedIn> {
        let (subject, tenant) = names(&caller);
        let session = caller.session().0;
        let claims = Claims::new(subject, tenant, session, self.core.clock.id(), now.0);
        Ok(SignedIn {
            access_token: self.signing.issue(&claims)?,
            refresh_token: refresh::derive(&self.refresh_key, session, generation),
            expires_at: Timestamp(claims.expires_at),
            caller,
        })
    }

    async fn standing(&self, id: SessionId) -> Result<Standing> {
        if let Some(standing) = self.live.get(&id) {
            return Ok(standing);
        }
        let standing = self.look_up(id).await?;
        self.live.insert(id, standing);
        Ok(standing)
    }

    async fn look_up(&self, id: SessionId) -> Result<Standing> {
        let live = match self.core.db.live_session(id, self.core.clock.now()).await {
            Err(error) if error.code == ErrorCode::Forbidden => return Ok(Standing::Suspended),
            live => live?,
        };
        Ok(match live {
            None => Standing::Over,
            Some(LiveSession::Operator { id, operator }) => Standing::Live(Caller::Operator { session: id, operator }),
            Some(LiveSession::Tenant(session)) => {
                let user = self.user_of(&session).await?.filter(|user| user.disabled_at.is_none());
                user.map_or(Standing::Over, |user| Standing::Live(Caller::User { session, role: user.role }))
            }
        })
    }

    pub(super) async fn user_of(&self, session: &Session) -> Result<Option<user::Model>> {
        let tx = self.core.db.scope(session).read().await?;
        tx.rows::<user::Entity>().filter(user::Column::Id.eq(session.user)).one().await
    }
}

fn generation(row: &session::Model) -> u32 {
    u32::try_from(row.generation).unwrap_or_default()
}

fn names(caller: &Caller) -> (uuid::Uuid, Option<uuid::Uuid>) {
    use crate::db::TenantProof;
    match caller {
        Caller::Operator { operator, .. } => (operator.0, None),
        Caller::User { session, .. } => (session.user.0, Some(session.tenant().0)),
    }
}

fn speaks_for(claims: &Claims, caller: &Caller) -> bool {
    (claims.subject, claims.tenant) == names(caller)
}

fn suspended() -> Error {
    Error::new(ErrorCode::Forbidden, "This company is suspended. Ask the platform's operator.")
}

fn spent() -> Refusal {
    let message = "This refresh token is not good, or not any more. Sign in again.";
    Refusal::field(RefusalCode::BadCredentials, "refreshToken", message)
}
