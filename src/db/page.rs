//! Pages of a list: keyset paging over (time, id), in both directions.

use entity::TenantTable;
use sea_orm::sea_query::{Expr, ExprTrait, Order, SimpleExpr};
use sea_orm::{ColumnTrait, ModelTrait, Value};
use uuid::Uuid;

use super::Rows;
use crate::error::Result;

/// A place in a list: a row's time (or number) and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Microseconds, or a number that orders.
    pub at: i64,
    /// Tells apart what has the same time.
    pub id: Uuid,
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct PageArgs {
    /// From 1 to 100.
    pub limit: u64,
    /// Whether the last ones are asked for instead of the first.
    pub backward: bool,
    /// Only what comes after this.
    pub after: Option<Position>,
    /// Only what comes before this.
    pub before: Option<Position>,
}

/// What a list is ordered by.
#[derive(Clone, Copy, Debug)]
pub struct SortKey<C> {
    /// The time, or the number.
    pub at: C,
    /// The id; none where `at` alone is unique.
    pub id: Option<C>,
    /// Newest first.
    pub descending: bool,
}

impl<C: ColumnTrait> SortKey<C> {
    /// What lies strictly beyond a position, in the list's order or against it.
    pub fn beyond(&self, position: Position, forward: bool) -> SimpleExpr {
        let greater = forward != self.descending;
        match self.id {
            None => {
                let at = Expr::col(self.at);
                if greater { at.gt(position.at) } else { at.lt(position.at) }
            }
            Some(id) => {
                // A row value, so that one index over both columns serves the comparison.
                let row = Expr::tuple([Expr::col(self.at), Expr::col(id)]);
                let bound = Expr::tuple([Expr::value(position.at), Expr::value(position.id)]);
                if greater { row.gt(bound) } else { row.lt(bound) }
            }
        }
    }
}

/// A part of a list, and whether there is more of it on either side.
#[derive(Debug)]
pub struct Page<T> {
    /// In the list's order, whichever way was paged.
    pub rows: Vec<T>,
    /// Whether more come after them.
    pub has_next: bool,
    /// Whether more come before them.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// Cuts a page out of `limit + 1` rows fetched in the direction of paging.
    pub fn cut(mut rows: Vec<T>, args: &PageArgs) -> Self {
        let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        if args.backward {
            rows.reverse();
            Self { rows, has_next: args.before.is_some(), has_previous: more }
        } else {
            Self { rows, has_next: more, has_previous: args.after.is_some() }
        }
    }
}

/// Fetches a page.
///
/// # Errors
/// What the database says.
pub async fn page<E: TenantTable>(
    mut rows: Rows<'_, E>,
    key: SortKey<E::Column>,
    args: &PageArgs,
) -> Result<Page<E::Model>> {
    if let Some(position) = args.after {
        rows = rows.filter(key.beyond(position, true));
    }
    if let Some(position) = args.before {
        rows = rows.filter(key.beyond(position, false));
    }
    let order = if key.descending == args.backward { Order::Asc } else { Order::Desc };
    rows = rows.order_by(key.at, order.clone());
    if let Some(id) = key.id {
        rows = rows.order_by(id, order);
    }
    Ok(Page::cut(rows.limit(args.limit + 1).all().await?, args))
}

/// A row's place in a list ordered by `key`.
pub fn position<M: ModelTrait>(row: &M, key: &SortKey<<M::Entity as sea_orm::EntityTrait>::Column>) -> Position {
    let number = match row.get(key.at) {
        Value::BigInt(Some(at)) => at,
        Value::Int(Some(at)) => at.into(),
        _ => 0,
    };
    let id = match key.id.map(|id| row.get(id)) {
        Some(Value::Uuid(Some(id))) => id,
        _ => Uuid::nil(),
    };
    Position { at: number, id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(limit: u64, backward: bool) -> PageArgs {
        PageArgs { limit, backward, after: None, before: None }
    }

    #[test]
    fn a_full_page_says_that_more_come() {
        let page = Page::cut(vec![1, 2, 3], &args(2, false));
        assert_eq!((page.rows, page.has_next, page.has_previous), (vec![1, 2], true, false));
    }

    #[test]
    fn the_last_page_says_that_no_more_come() {
        let page = Page::cut(vec![1, 2], &args(2, false));
        assert_eq!((page.rows, page.has_next), (vec![1, 2], false));
    }

    #[test]
    fn a_page_from_the_end_is_in_the_lists_order() {
        let page = Page::cut(vec![9, 8, 7], &args(2, true));
        assert_eq!((page.rows, page.has_next, page.has_previous), (vec![8, 9], false, true));
    }
}
