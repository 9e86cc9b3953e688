//! The proof: sums over the whole ledger, and whether every balance is what its postings say.

use crate::error::Error;
use crate::pool::Store;
use crate::row::parse;
use amana_domain::money::Currency;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// One currency's side of the trust equation: what the providers hold for us is what we owe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyProof {
    pub currency: Currency,
    pub held_by_providers_minor: i64,
    pub owed_to_users_minor: i64,
    pub in_payout_minor: i64,
    pub in_escrow_minor: i64,
    pub fees_minor: i64,
    pub provider_costs_minor: i64,
    pub suspense_minor: i64,
    /// Of all postings; zero or the ledger is broken.
    pub sum_minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub entries: i64,
    pub postings: i64,
    pub currencies: Vec<CurrencyProof>,
    /// Accounts whose balance or sequence is not what their postings say, now or at any past moment.
    pub wrong_accounts: Vec<String>,
    /// Keys of entries whose postings do not sum to zero or are not all there.
    pub wrong_entries: Vec<String>,
}

impl CurrencyProof {
    #[must_use]
    pub fn holds(&self) -> bool {
        let owed = [
            self.owed_to_users_minor,
            self.in_payout_minor,
            self.in_escrow_minor,
            self.fees_minor,
            self.provider_costs_minor,
            self.suspense_minor,
        ];
        let owed: i128 = owed.into_iter().map(i128::from).sum();
        self.sum_minor == 0 && i128::from(self.held_by_providers_minor) == owed
    }
}

impl Proof {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.wrong_accounts.is_empty()
            && self.wrong_entries.is_empty()
            && self.currencies.iter().all(CurrencyProof::holds)
    }
}

/// At most so many wrong accounts and entries are named; one is enough to stop everything.
pub(crate) const WRONG_MAX: i64 = 20;

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    postings: i64,
}

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    clearing: i64,
    #[diesel(sql_type = BigInt)]
    available: i64,
    #[diesel(sql_type = BigInt)]
    payout: i64,
    #[diesel(sql_type = BigInt)]
    escrow: i64,
    #[diesel(sql_type = BigInt)]
    fees: i64,
    #[diesel(sql_type = BigInt)]
    costs: i64,
    #[diesel(sql_type = BigInt)]
    suspense: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

#[derive(QueryableByName)]
struct WrongRow {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Store {
    /// # Errors
    /// [`Error::Store`] only; a ledger that does not hold is an answer, not an error.
    pub async fn proof(&self) -> Result<Proof, Error> {
        let mut conn = self.connection().await?;
        // One snapshot for all sums: movements during the proof must not look like breaks.
        conn.build_transaction()
            .repeatable_read()
            .read_only()
            .run(async |conn| prove(conn).await)
            .await
    }
}

async fn prove(conn: &mut AsyncPgConnection) -> Result<Proof, Error> {
    let counts: Counts = diesel::sql_query(
        "select (select count(*) from entries) as entries, (select count(*) from postings) as postings",
    )
    .get_result(conn)
    .await?;
    let sums: Vec<SumRow> = diesel::sql_query(
        "select a.currency,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'provider.clearing'), 0)::bigint as clearing,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'user.available'), 0)::bigint as available,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'user.held'), 0)::bigint as payout,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'deal.escrow'), 0)::bigint as escrow,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'platform.fees'), 0)::bigint as fees,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'platform.provider_costs'), 0)::bigint as costs,
            coalesce(sum(p.amount_minor) filter (where a.kind = 'platform.suspense'), 0)::bigint as suspense,
            coalesce(sum(p.amount_minor), 0)::bigint as total
        from accounts a left join postings p on p.account_id = a.id group by a.currency order by a.currency",
    )
    .load(conn)
    .await?;
    let currencies = sums.into_iter().map(currency_proof).collect::<Result<_, Error>>()?;
    Ok(Proof {
        entries: counts.entries,
        postings: counts.postings,
        currencies,
        wrong_accounts: wrong(conn, WRONG_ACCOUNTS).await?,
        wrong_entries: wrong(conn, WRONG_ENTRIES).await?,
    })
}

/// Every posting must leave behind what the ones before it add up to, and the last one the balance.
const WRONG_ACCOUNTS: &str = "select a.kind || ' ' || a.owner || ' ' || a.currency as name
    from accounts a left join (
        select account_id, sum(amount_minor) as balance, count(*) as postings, max(seq) as seq,
            bool_or(balance_after_minor <> running) as broken, min(currency) as low, max(currency) as high
        from (select *, sum(amount_minor) over (partition by account_id order by seq) as running
            from postings) each
        group by account_id) p on p.account_id = a.id
    where a.balance_minor <> coalesce(p.balance, 0) or a.seq <> coalesce(p.seq, 0)
        or a.seq <> coalesce(p.postings, 0) or p.broken or p.low <> a.currency or p.high <> a.currency
    order by a.id limit $1";

/// The other side: postings without an entry are found as well as entries without postings.
const WRONG_ENTRIES: &str = "select coalesce(e.key, p.entry_id::text) as name
    from entries e full join (
        select entry_id, sum(postings) as postings, bool_or(total <> 0) as unbalanced
        from (select entry_id, currency, count(*) as postings, sum(amount_minor) as total
            from postings group by entry_id, currency) each
        group by entry_id) p on p.entry_id = e.id
    where e.id is null or p.unbalanced or coalesce(p.postings, 0) <> e.posting_count
    order by name limit $1";

async fn wrong(conn: &mut AsyncPgConnection, query: &str) -> Result<Vec<String>, Error> {
    let rows: Vec<WrongRow> =
        diesel::sql_query(query).bind::<BigInt, _>(WRONG_MAX).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

fn currency_proof(row: SumRow) -> Result<CurrencyProof, Error> {
    Ok(CurrencyProof {
        currency: parse(&row.currency)?,
        held_by_providers_minor: row.clearing.saturating_neg(),
        owed_to_users_minor: row.available,
        in_payout_minor: row.payout,
        in_escrow_minor: row.escrow,
        fees_minor: row.fees,
        provider_costs_minor: row.costs,
        suspense_minor: row.suspense,
        sum_minor: row.total,
    })
}
