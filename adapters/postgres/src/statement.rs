//! Statements that are prepared once per connection. Diesel prepares some of its statements at each call: `sql_query`,
//! updates, and inserts with optional values.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::{QueryResult, query_builder::AsQuery};

/// A Diesel query whose prepared statement is cached by its text. Only for queries with few variants of text, because
/// each connection keeps every variant in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<Q>(Q);

pub(crate) fn kept<Q: AsQuery>(query: Q) -> Kept<Q::Query> {
    Kept(query.as_query())
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Kept<Q> {}

/// Splits a statement at its parameters. Returns each piece with the number of the parameter after it; 0 for the last.
pub(crate) fn pieces(text: &'static str) -> impl Iterator<Item = (&'static str, usize)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let Some((piece, after)) = text.split_once('$') else { return Some((text, 0)) };
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, behind) = after.split_at(digits);
        rest = Some(behind);
        Some((piece, number.parse().unwrap_or(0)))
    })
}

/// Declares a statement: its parameters (`$1`, `$2`, … in this order) with SQL and Rust types, and its text. Columns of
/// returned rows are read by name.
macro_rules! statement {
    (
        $(#[$meta:meta])*
        $name:ident ($($field:ident: $sql:ty = $rust:ty),+ $(,)?) $text:literal
    ) => {
        $(#[$meta])*
        #[derive(diesel::query_builder::QueryId)]
        pub(crate) struct $name { $(pub(crate) $field: $rust,)+ }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                for (piece, number) in $crate::statement::pieces($text) {
                    out.push_sql(piece);
                    let mut fields = 1usize..;
                    $(
                        if fields.next() == Some(number) {
                            out.push_bind_param::<$sql, _>(&self.$field)?;
                        }
                    )+
                }
                Ok(())
            }
        }

        impl diesel::query_builder::Query for $name {
            type SqlType = diesel::sql_types::Untyped;
        }

        impl<C> diesel::query_dsl::RunQueryDsl<C> for $name {}
    };
}

pub(crate) use statement;

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_statement_is_split_at_its_parameters() {
        let found: Vec<_> = pieces("select $12, $1 from t").collect();
        assert_eq!(found, [("select ", 12), (", ", 1), (" from t", 0)]);
        assert_eq!(pieces("commit").collect::<Vec<_>>(), [("commit", 0)]);
    }
}
