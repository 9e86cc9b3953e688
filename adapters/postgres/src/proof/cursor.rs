//! Cursors read a result in pieces, with little memory and short statements. Several cursors of one
//! transaction read one snapshot side by side.

use crate::error::Error;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::sql_types::Untyped;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use std::collections::VecDeque;

/// Rows in memory per cursor.
const ROWS_AT_A_TIME: usize = 2_000;

pub(super) struct Cursor<R> {
    name: &'static str,
    rows: VecDeque<R>,
    is_over: bool,
}

impl<R: FromSqlRow<Untyped, Pg> + Send + 'static> Cursor<R> {
    /// Opens a cursor that is valid until the transaction ends. `name` must be unique in the
    /// transaction.
    pub(super) async fn open(
        conn: &mut AsyncPgConnection,
        name: &'static str,
        query: &str,
    ) -> Result<Self, Error> {
        conn.batch_execute(&format!("declare {name} no scroll cursor for {query}")).await?;
        Ok(Self { name, rows: VecDeque::new(), is_over: false })
    }

    /// Returns the next row without consuming it.
    pub(super) async fn peek(&mut self, conn: &mut AsyncPgConnection) -> Result<Option<&R>, Error> {
        if self.rows.is_empty() && !self.is_over {
            let fetch = format!("fetch {ROWS_AT_A_TIME} from {}", self.name);
            self.rows = diesel::sql_query(fetch).load::<R>(conn).await?.into();
            self.is_over = self.rows.len() < ROWS_AT_A_TIME;
        }
        Ok(self.rows.front())
    }

    /// Consumes the row that [`Self::peek`] returned.
    pub(super) fn take(&mut self) -> Result<R, Error> {
        self.rows.pop_front().ok_or_else(|| Error::row("a cursor was read beyond its end"))
    }
}

/// Returns the index of the cursor with the smallest id, among cursors ordered by id. The first one
/// wins a tie. Returns `None` when all are at their end.
pub(super) fn first<const N: usize>(heads: [Option<uuid::Uuid>; N]) -> Option<usize> {
    let present = heads.into_iter().enumerate().filter_map(|(n, head)| Some((head?, n)));
    present.min().map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use super::first;
    use uuid::Uuid;

    #[test]
    fn the_smallest_id_comes_first_and_of_equals_the_first_cursor() {
        let id = |n| Some(Uuid::from_u128(n));
        assert_eq!(first([id(2), id(1), id(3)]), Some(1));
        assert_eq!(first([id(2), id(2), None]), Some(0));
        assert_eq!(first([None, id(7)]), Some(1));
        assert_eq!(first([None, None]), None);
    }
}
