//! Pages of the lists of several parents, all in one statement.
//!
//! Twenty alerts with the first match of each must not take twenty statements. Each window is a narrow sub-select over
//! the list's own index; their union names the rows, which are then fetched together.

use std::hash::{Hash, Hasher};

use entity::TenantTable;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr, UnionType};
use sea_orm::{ColumnTrait, ModelTrait, Value};
use uuid::Uuid;

use crate::db::{Page, PageArgs, Position, TenantTx};
use crate::error::Result;

/// Windows of one statement: SQLite takes no more than 500 selects in a union.
const AT_ONCE: usize = 200;

/// What orders the rows of one parent, first to last.
#[derive(Clone, Copy)]
pub(crate) enum Key<C> {
    /// A number, unique within the parent.
    Number(C),
    /// The id.
    Id(C),
    /// A time, and the id where times are equal.
    TimeAndId(C, C),
}

/// A list that every parent has one of.
pub(crate) struct List<C> {
    /// The column that names the parent.
    pub parent: C,
    /// What orders it.
    pub key: Key<C>,
    /// Which rows of the table belong to such lists at all, as the partial index spells it.
    pub only: Option<&'static str>,
}

/// A page of one parent's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Whose list.
    pub parent: Uuid,
    limit: u64,
    backward: bool,
    after: Option<Position>,
    before: Option<Position>,
}

impl Window {
    /// The page `args` of the list of `parent`.
    pub fn new(parent: Uuid, args: &PageArgs) -> Self {
        let &PageArgs { limit, backward, after, before } = args;
        Self { parent, limit, backward, after, before }
    }

    fn args(&self) -> PageArgs {
        PageArgs { limit: self.limit, backward: self.backward, after: self.after, before: self.before }
    }
}

/// Over the parent alone: windows of one parent are few.
impl Hash for Window {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parent.hash(state);
    }
}

impl<C: ColumnTrait> Key<C> {
    /// What the rows are fetched by.
    fn identity(self) -> C {
        match self {
            Self::Number(column) | Self::Id(column) | Self::TimeAndId(_, column) => column,
        }
    }

    fn columns(self) -> Vec<C> {
        match self {
            Self::Number(column) | Self::Id(column) => vec![column],
            Self::TimeAndId(time, id) => vec![time, id],
        }
    }

    fn beyond(self, position: Position, later: bool) -> SimpleExpr {
        let (row, bound) = match self {
            Self::Number(column) => (Expr::col(column), Expr::value(position.at)),
            Self::Id(column) => (Expr::col(column), Expr::value(position.id)),
            // A row value, so that one index over both columns serves the comparison.
            Self::TimeAndId(time, id) => (
                Expr::tuple([Expr::col(time), Expr::col(id)]),
                Expr::tuple([Expr::value(position.at), Expr::value(position.id)]),
            ),
        };
        if later { row.gt(bound) } else { row.lt(bound) }
    }

    fn position<M>(self, row: &M) -> Position
    where
        M: ModelTrait,
        M::Entity: sea_orm::EntityTrait<Column = C>,
    {
        let number = |column| match row.get(column) {
            Value::BigInt(Some(number)) => number,
            _ => 0,
        };
        match self {
            Self::Number(column) => Position { at: number(column), id: Uuid::nil() },
            Self::Id(column) => Position { at: 0, id: id_in(row, column) },
            Self::TimeAndId(time, id) => Position { at: number(time), id: id_in(row, id) },
        }
    }
}

fn id_in<M: ModelTrait>(row: &M, column: <M::Entity as sea_orm::EntityTrait>::Column) -> Uuid {
    match row.get(column) {
        Value::Uuid(Some(id)) => id,
        _ => Uuid::nil(),
    }
}

/// A row's place in its parent's list.
pub(crate) fn position<M: ModelTrait>(row: &M, key: Key<<M::Entity as sea_orm::EntityTrait>::Column>) -> Position {
    key.position(row)
}

/// Fetches windows, and answers a page for each, in their order.
pub(crate) async fn fetch<E>(tx: &TenantTx, list: &List<E::Column>, windows: &[Window]) -> Result<Vec<Page<E::Model>>>
where
    E: TenantTable,
    E::Model: Clone,
{
    let mut pages = Vec::with_capacity(windows.len());
    for windows in windows.chunks(AT_ONCE) {
        let Some(named) = windows.iter().map(|window| named::<E>(tx, list, window)).reduce(|mut all, one| {
            all.union(UnionType::All, one);
            all
        }) else {
            break;
        };
        let mut rows = tx.rows::<E>().filter(Expr::col(list.key.identity()).in_subquery(named));
        if let Some(only) = list.only {
            rows = rows.filter(Expr::cust(only));
        }
        let mut rows: Vec<(Uuid, Position, E::Model)> =
            rows.all().await?.into_iter().map(|row| (id_in(&row, list.parent), list.key.position(&row), row)).collect();
        rows.sort_unstable_by_key(|(parent, at, _)| (*parent, at.at, at.id));
        pages.extend(windows.iter().map(|window| cut(&rows, window)));
    }
    Ok(pages)
}

/// The identities of a window's rows, and of one more. The tenant is named here too: the filter that is added at
/// execution does not reach into a sub-select.
fn named<E: TenantTable>(tx: &TenantTx, list: &List<E::Column>, window: &Window) -> SelectStatement {
    let identity = list.key.identity();
    let mut inner = Query::select();
    inner
        .column(identity)
        .from(E::default())
        .and_where(Expr::col(E::TENANT).eq(tx.tenant().0))
        .and_where(Expr::col(list.parent).eq(window.parent));
    if let Some(only) = list.only {
        inner.and_where(Expr::cust(only));
    }
    if let Some(position) = window.after {
        inner.and_where(list.key.beyond(position, true));
    }
    if let Some(position) = window.before {
        inner.and_where(list.key.beyond(position, false));
    }
    for column in list.key.columns() {
        inner.order_by(column, if window.backward { Order::Desc } else { Order::Asc });
    }
    inner.limit(window.limit + 1);
    // Wrapped, since an order and a limit may stand in no part of a union.
    Query::select().column(identity).from_subquery(inner, Alias::new("of_parent")).to_owned()
}

/// A window's page out of the rows of all windows, sorted by parent and place. Rows that other windows brought lie
/// farther off than this window's own, so the nearest are right.
fn cut<M: Clone>(rows: &[(Uuid, Position, M)], window: &Window) -> Page<M> {
    let place = |position: &Position| (position.at, position.id);
    let within = rows.iter().filter(|(parent, at, _)| {
        *parent == window.parent
            && window.after.is_none_or(|after| place(at) > place(&after))
            && window.before.is_none_or(|before| place(at) < place(&before))
    });
    let limit = usize::try_from(window.limit + 1).unwrap_or(usize::MAX);
    let row = |(_, _, row): &(Uuid, Position, M)| row.clone();
    let rows = if window.backward {
        within.rev().take(limit).map(row).collect()
    } else {
        within.take(limit).map(row).collect()
    };
    Page::cut(rows, &window.args())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(Uuid, Position, u64)> {
        let row =
            |parent, at| (Uuid::from_u128(parent), Position { at, id: Uuid::nil() }, 10 * parent as u64 + at as u64);
        vec![row(1, 1), row(1, 2), row(1, 3), row(2, 1), row(2, 2)]
    }

    fn window(parent: u128, limit: u64, backward: bool, after: Option<i64>, before: Option<i64>) -> Window {
        let position = |at| Position { at, id: Uuid::nil() };
        let args = PageArgs { limit, backward, after: after.map(position), before: before.map(position) };
        Window::new(Uuid::from_u128(parent), &args)
    }

    #[test]
    fn a_window_holds_its_own_parents_rows_alone() {
        let page = cut(&rows(), &window(2, 5, false, None, None));
        assert_eq!((page.rows, page.has_next, page.has_previous), (vec![21, 22], false, false));
    }

    #[test]
    fn a_window_from_the_end_is_in_the_lists_order() {
        let page = cut(&rows(), &window(1, 2, true, None, None));
        assert_eq!((page.rows, page.has_next, page.has_previous), (vec![12, 13], false, true));
    }

    #[test]
    fn the_bounds_of_a_window_lie_outside_it() {
        let page = cut(&rows(), &window(1, 2, false, Some(1), Some(3)));
        assert_eq!((page.rows, page.has_next), (vec![12], false));
    }
}
