//! Writing entries, and reading balances and entries back.

use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{accounts, entries};
use amana_domain::id::{EntryId, UserId};
use amana_domain::ledger::{Account, AccountKind, Entry, Line, Position, Positions};
use amana_domain::money::Currency;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a person has in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub currency: Currency,
    pub available_minor: i64,
    /// Reserved for withdrawals that are under way.
    pub held_minor: i64,
}

/// One posting to a person's wallet, with what it was for.
#[derive(Debug, Clone, QueryableByName)]
pub struct EntryView {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub account: String,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub balance_after_minor: i64,
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = SmallInt)]
    pub line: i16,
}

#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    owner: Uuid,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    balance_minor: i64,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// Posts the entries in order, all or none. An entry whose key is written already is passed over:
/// its effect stands. Returns how many were new.
pub(crate) async fn post(
    conn: &mut AsyncPgConnection,
    batch: &[Entry],
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let batch = unwritten(conn, batch).await?;
    if batch.is_empty() {
        return Ok(0);
    }
    let wanted: BTreeSet<Account> =
        batch.iter().flat_map(|e| e.postings()).map(|p| p.account).collect();
    let locked = lock(conn, &wanted, now).await?;
    let mut positions =
        Positions::new(locked.iter().map(|(account, (_, position))| (*account, *position)));
    let mut written = Vec::with_capacity(batch.len());
    for entry in &batch {
        written.push((Uuid::now_v7(), *entry, positions.apply(entry)?));
    }
    insert_entries(conn, &written, now).await?;
    insert_postings(conn, &written, &locked).await?;
    Ok(written.len())
}

pub(crate) async fn is_written(conn: &mut AsyncPgConnection, key: &str) -> Result<bool, Error> {
    let found = diesel::select(diesel::dsl::exists(entries::table.filter(entries::key.eq(key))));
    Ok(found.get_result(conn).await?)
}

async fn unwritten<'a>(
    conn: &mut AsyncPgConnection,
    batch: &'a [Entry],
) -> Result<Vec<&'a Entry>, Error> {
    if batch.is_empty() {
        return Ok(vec![]);
    }
    let keys: Vec<&str> = batch.iter().map(|e| e.key.as_str()).collect();
    let known: Vec<String> =
        entries::table.filter(entries::key.eq_any(keys)).select(entries::key).load(conn).await?;
    let known: BTreeSet<String> = known.into_iter().collect();
    Ok(batch.iter().filter(|e| !known.contains(&e.key)).collect())
}

type Locked = BTreeMap<Account, (Uuid, Position)>;

/// Locks the accounts, opening those that do not exist yet.
async fn lock(
    conn: &mut AsyncPgConnection,
    wanted: &BTreeSet<Account>,
    now: DateTime<Utc>,
) -> Result<Locked, Error> {
    let locked = lock_existing(conn, wanted).await?;
    if locked.len() == wanted.len() {
        return Ok(locked);
    }
    let missing: Vec<&Account> =
        wanted.iter().filter(|account| !locked.contains_key(account)).collect();
    let (kinds, owners, currencies) = columns(missing.iter().copied());
    diesel::sql_query(
        "insert into accounts (id, kind, owner, currency, opened_at)
        select id, kind, owner, currency, $5 from unnest($1, $2, $3, $4) as new (id, kind, owner, currency)
        on conflict on constraint accounts_natural_key do nothing",
    )
    .bind::<Array<SqlUuid>, _>(missing.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<SqlUuid>, _>(owners)
    .bind::<Array<Text>, _>(currencies)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    lock_existing(conn, wanted).await
}

// One order for everybody (by id): two writers that need the same accounts queue up, they never deadlock.
async fn lock_existing(
    conn: &mut AsyncPgConnection,
    wanted: &BTreeSet<Account>,
) -> Result<Locked, Error> {
    let (kinds, owners, currencies) = columns(wanted);
    let rows: Vec<AccountRow> = diesel::sql_query(
        "select a.id, a.kind, a.owner, a.currency, a.balance_minor, a.seq
        from accounts a join unnest($1, $2, $3) as wanted (kind, owner, currency) using (kind, owner, currency)
        order by a.id for update of a",
    )
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<SqlUuid>, _>(owners)
    .bind::<Array<Text>, _>(currencies)
    .load(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let account = Account {
                kind: parse(&row.kind)?,
                owner: row.owner,
                currency: parse(&row.currency)?,
            };
            Ok((account, (row.id, Position { balance_minor: row.balance_minor, seq: row.seq })))
        })
        .collect()
}

fn columns<'a>(
    accounts: impl IntoIterator<Item = &'a Account>,
) -> (Vec<&'static str>, Vec<Uuid>, Vec<&'static str>) {
    let (mut kinds, mut owners, mut currencies) = (vec![], vec![], vec![]);
    for account in accounts {
        kinds.push(account.kind.as_str());
        owners.push(account.owner);
        currencies.push(account.currency.as_str());
    }
    (kinds, owners, currencies)
}

type Written<'a> = (Uuid, &'a Entry, Vec<Line>);

async fn insert_entries(
    conn: &mut AsyncPgConnection,
    written: &[Written<'_>],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let counts: Vec<i16> = written
        .iter()
        .map(|(_, _, lines)| i16::try_from(lines.len()).map_err(Error::row))
        .collect::<Result<_, _>>()?;
    diesel::sql_query(
        "insert into entries (id, kind, key, corrects, posting_count, at)
        select id, kind, key, corrects, posting_count, $6
        from unnest($1, $2, $3, $4, $5) as new (id, kind, key, corrects, posting_count)",
    )
    .bind::<Array<SqlUuid>, _>(written.iter().map(|(id, _, _)| *id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(written.iter().map(|(_, e, _)| e.kind.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(written.iter().map(|(_, e, _)| e.key.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<SqlUuid>>, _>(
        written.iter().map(|(_, e, _)| e.corrects.map(EntryId::uuid)).collect::<Vec<_>>(),
    )
    .bind::<Array<SmallInt>, _>(counts)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Default)]
struct PostingColumns {
    account_ids: Vec<Uuid>,
    seqs: Vec<i64>,
    entry_ids: Vec<Uuid>,
    lines: Vec<i16>,
    amounts: Vec<i64>,
    balances: Vec<i64>,
    currencies: Vec<&'static str>,
}

async fn insert_postings(
    conn: &mut AsyncPgConnection,
    written: &[Written<'_>],
    locked: &Locked,
) -> Result<(), Error> {
    let mut columns = PostingColumns::default();
    for (entry_id, _, lines) in written {
        for (number, line) in (1i16..).zip(lines) {
            let (account_id, _) =
                locked.get(&line.account).ok_or_else(|| Error::row("an account was not locked"))?;
            columns.account_ids.push(*account_id);
            columns.seqs.push(line.seq);
            columns.entry_ids.push(*entry_id);
            columns.lines.push(number);
            columns.amounts.push(line.amount_minor);
            columns.balances.push(line.balance_after_minor);
            columns.currencies.push(line.account.currency.as_str());
        }
    }
    diesel::sql_query(
        "insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency)
        select * from unnest($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Array<SqlUuid>, _>(columns.account_ids)
    .bind::<Array<BigInt>, _>(columns.seqs)
    .bind::<Array<SqlUuid>, _>(columns.entry_ids)
    .bind::<Array<SmallInt>, _>(columns.lines)
    .bind::<Array<BigInt>, _>(columns.amounts)
    .bind::<Array<BigInt>, _>(columns.balances)
    .bind::<Array<Text>, _>(columns.currencies)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// Balances of a person, one per currency that was ever used; a new wallet shows its home currency at zero.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn balances(&self, user: UserId) -> Result<Vec<Balance>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<(String, String, i64)> = accounts::table
            .filter(accounts::owner.eq(user.uuid()))
            .filter(accounts::kind.eq_any([
                AccountKind::UserAvailable.as_str(),
                AccountKind::UserPayoutPending.as_str(),
            ]))
            .select((accounts::kind, accounts::currency, accounts::balance_minor))
            .load(&mut conn)
            .await?;
        let mut balances = BTreeMap::from([(Currency::Kes, (0i64, 0i64))]);
        for (kind, currency, minor) in rows {
            let (available, held) = balances.entry(parse(&currency)?).or_default();
            match parse(&kind)? {
                AccountKind::UserAvailable => *available = minor,
                _ => *held = minor,
            }
        }
        Ok(balances
            .into_iter()
            .map(|(currency, (available_minor, held_minor))| Balance {
                currency,
                available_minor,
                held_minor,
            })
            .collect())
    }

    /// Postings to a person's wallet, newest first. `after` is the entry that the last page ended with.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn wallet_entries(
        &self,
        user: UserId,
        after: Option<(Uuid, i16)>,
        limit: i64,
    ) -> Result<Page<EntryView>, Error> {
        let mut conn = self.connection().await?;
        let (after_id, after_line) = after.unwrap_or((Uuid::max(), i16::MAX));
        let rows = diesel::sql_query(
            "select e.id, e.kind, a.kind as account, p.currency, p.amount_minor, p.balance_after_minor, e.at, p.line
            from accounts a join postings p on p.account_id = a.id join entries e on e.id = p.entry_id
            where a.owner = $1 and a.kind in ('user.available', 'user.payout_pending') and (e.id, p.line) < ($2, $3)
            order by e.id desc, p.line desc limit $4",
        )
        .bind::<SqlUuid, _>(user.uuid())
        .bind::<SqlUuid, _>(after_id)
        .bind::<SmallInt, _>(after_line)
        .bind::<BigInt, _>(Page::<EntryView>::fetch(limit))
        .load(&mut conn)
        .await?;
        Ok(Page::cut(rows, limit))
    }
}
