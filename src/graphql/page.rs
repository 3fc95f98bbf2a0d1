//! Relay's connections: arguments in, cursors and pages out.
//!
//! <https://relay.dev/graphql/connections.htm>

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, OutputType, SimpleObject};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::context::Operation;
use super::error::Result;
use crate::caller::Caller;
use crate::db::{Page, PageArgs, Position, TenantProof};
use crate::error::Error;
use crate::vault::{IndexKey, Purpose};

/// The largest page.
const MAX: i32 = 100;
/// What an absent `first` stands for.
const DEFAULT: u64 = 50;
/// Bytes of a cursor that prove it ours.
const MAC: usize = 8;

/// The four arguments of a connection, as they came.
pub struct Asked {
    /// How many of the beginning.
    pub first: Option<i32>,
    /// Only what comes after.
    pub after: Option<String>,
    /// How many of the end.
    pub last: Option<i32>,
    /// Only what comes before.
    pub before: Option<String>,
}

/// A list that is paged: its cursors are good for itself, for its tenant, and nowhere else.
pub struct List<'k> {
    key: &'k IndexKey,
    tenant: Uuid,
    name: &'static str,
    of: Uuid,
}

impl<'k> List<'k> {
    /// A list of the caller's tenant, or of the platform's when an operator asks. `of` is what it is a list of: the
    /// conversation of messages.
    pub fn new(operation: &'k Operation, name: &'static str, of: Uuid) -> Self {
        let tenant = match operation.caller {
            Some(Caller::User { session, .. }) => session.tenant().0,
            Some(Caller::Operator { .. }) | None => Uuid::nil(),
        };
        Self { key: &operation.core.platform.index, tenant, name, of }
    }

    /// A list that is a root field.
    pub fn root(operation: &'k Operation, name: &'static str) -> Self {
        Self::new(operation, name, Uuid::nil())
    }

    fn mac(&self, payload: &[u8]) -> Vec<u8> {
        let parts = [self.tenant.as_bytes(), self.name.as_bytes(), self.of.as_bytes(), payload];
        let mut mac = self.key.index(Purpose::Cursor, &parts).0;
        mac.truncate(MAC);
        mac
    }

    /// A cursor that holds `payload`.
    pub fn seal(&self, payload: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([payload, &self.mac(payload)].concat())
    }

    /// What a cursor of this list holds.
    ///
    /// # Errors
    /// BAD_USER_INPUT where it is none; `argument` says which.
    pub fn open(&self, argument: &'static str, cursor: &str) -> Result<Vec<u8>> {
        let opened = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|mut bytes| {
            let mac = bytes.split_off(bytes.len().checked_sub(MAC)?);
            verify_slices_are_equal(&self.mac(&bytes), &mac).ok().map(|()| bytes)
        });
        opened.ok_or_else(|| {
            Error::input(format!("\"{argument}\" is no cursor of this list: take one from its edges or pageInfo."))
                .into()
        })
    }

    /// The cursor of a place.
    pub fn cursor(&self, position: Position) -> String {
        let mut payload = position.at.to_be_bytes().to_vec();
        payload.extend_from_slice(position.id.as_bytes());
        self.seal(&payload)
    }

    fn position(&self, argument: &'static str, cursor: Option<&str>) -> Result<Option<Position>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let payload = self.open(argument, cursor)?;
        let position = payload
            .split_first_chunk::<8>()
            .and_then(|(at, id)| Some(Position { at: i64::from_be_bytes(*at), id: Uuid::from_slice(id).ok()? }));
        // What carries our proof was made here, by a version that wrote it otherwise.
        position.map(Some).ok_or_else(|| {
            Error::input(format!("\"{argument}\" is a cursor of an earlier version: begin the list anew.")).into()
        })
    }

    /// Which part of the list is asked for.
    ///
    /// # Errors
    /// BAD_USER_INPUT, in words.
    pub fn args(&self, asked: &Asked) -> Result<PageArgs> {
        let limit = match (asked.first, asked.last) {
            (Some(_), Some(_)) => return Err(Error::input("Give \"first\" or \"last\", not both.").into()),
            (Some(first), None) => size("first", first)?,
            (None, Some(last)) => size("last", last)?,
            (None, None) => DEFAULT,
        };
        Ok(PageArgs {
            limit,
            backward: asked.last.is_some(),
            after: self.position("after", asked.after.as_deref())?,
            before: self.position("before", asked.before.as_deref())?,
        })
    }

    /// The connection of a page. `place` says where in the list a row stands.
    pub fn connection<T, N: OutputType>(
        &self,
        page: Page<T>,
        total_count: Option<u64>,
        place: impl Fn(&T) -> Position,
        node: impl Fn(T) -> N,
    ) -> Nodes<N> {
        let total = Total { total_count: total_count.map(|count| i32::try_from(count).unwrap_or(i32::MAX)) };
        let mut connection = Connection::with_additional_fields(page.has_previous, page.has_next, total);
        connection.edges = page.rows.into_iter().map(|row| Edge::new(self.cursor(place(&row)), node(row))).collect();
        connection
    }
}

fn size(argument: &'static str, size: i32) -> Result<u64> {
    match u64::try_from(size) {
        Ok(found @ 1..) if size <= MAX => Ok(found),
        _ => Err(Error::input(format!("\"{argument}\" is {size}; it must be from 1 to {MAX}.")).into()),
    }
}

/// A connection with `edges`, `nodes`, `pageInfo` and `totalCount`.
pub type Nodes<N> = Connection<String, N, Total>;

/// How many there are.
#[derive(SimpleObject)]
pub struct Total {
    /// How many there are on all pages; counted only when it is asked for.
    pub total_count: Option<i32>,
}

/// Counts, if the field that is resolved is asked for `totalCount`.
///
/// # Errors
/// What counting fails with.
pub async fn total(ctx: &Context<'_>, count: impl Future<Output = crate::error::Result<u64>>) -> Result<Option<u64>> {
    if ctx.look_ahead().field("totalCount").exists() { Ok(Some(count.await?)) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn list<'k>(key: &'k IndexKey, tenant: u128, name: &'static str) -> List<'k> {
        List { key, tenant: Uuid::from_u128(tenant), name, of: Uuid::nil() }
    }

    fn asked(first: Option<i32>, last: Option<i32>, after: Option<&str>) -> Asked {
        Asked { first, last, after: after.map(str::to_owned), before: None }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let key = IndexKey::new(&Zeroizing::new([1; 32]));
        let list = list(&key, 1, "users");
        let place = Position { at: -5, id: Uuid::from_u128(9) };
        let args = list.args(&asked(None, None, Some(&list.cursor(place)))).map_err(|_| "refused");
        assert_eq!(args.map(|args| (args.limit, args.after)), Ok((50, Some(place))));
    }

    #[test]
    fn a_cursor_of_another_list_tenant_or_key_and_garbage_are_refused() {
        let (key, other) = (IndexKey::new(&Zeroizing::new([1; 32])), IndexKey::new(&Zeroizing::new([2; 32])));
        let users = list(&key, 1, "users");
        let place = Position { at: 5, id: Uuid::from_u128(9) };
        let cursors = [
            list(&key, 1, "terms").cursor(place),
            list(&key, 2, "users").cursor(place),
            list(&other, 1, "users").cursor(place),
            String::new(),
            "AAAA".to_owned(),
            format!("{}A", users.cursor(place)),
        ];
        for cursor in cursors {
            assert!(users.args(&asked(None, None, Some(&cursor))).is_err());
        }
    }

    #[test]
    fn a_page_has_from_1_to_100_entries_and_one_direction() {
        let key = IndexKey::new(&Zeroizing::new([1; 32]));
        let users = list(&key, 1, "users");
        for bad in [(Some(0), None), (Some(101), None), (Some(-1), None), (None, Some(0)), (Some(1), Some(1))] {
            assert!(users.args(&asked(bad.0, bad.1, None)).is_err());
        }
        for good in [(Some(1), None), (Some(100), None), (None, Some(100)), (None, None)] {
            assert!(users.args(&asked(good.0, good.1, None)).is_ok());
        }
    }
}
