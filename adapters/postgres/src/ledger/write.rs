//! Writing entries: accounts are locked in one order, the domain applies the entries, and two
//! statements insert them.

use crate::error::Error;
use crate::row::parse;
use crate::schema::{accounts, entries};
use crate::statement::statement;
use amana_domain::id::EntryId;
use amana_domain::ledger::{Account, Entry, Line, Position, Positions};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

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
    #[diesel(sql_type = Nullable<Timestamptz>)]
    moved_at: Option<DateTime<Utc>>,
}

/// Posts the entries in order, all or none. Skips entries whose key exists already. Returns the
/// number of new entries.
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
    let mut positions = locked.positions();
    let mut written = Vec::with_capacity(batch.len());
    for entry in batch {
        let lines = positions.apply(entry)?;
        written.push(Written { id: EntryId::new(Uuid::now_v7()), entry, lines });
    }
    let at = locked.not_before(now);
    insert_entries(conn, &written, at).await?;
    insert_postings(conn, &written, &locked, at).await?;
    Ok(written.len())
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

/// Accounts that this transaction has locked, in their present state.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    rows: BTreeMap<Account, (Uuid, Position)>,
    moved_at: Option<DateTime<Utc>>,
}

impl Locked {
    pub(crate) fn positions(&self) -> Positions {
        Positions::new(self.rows.iter().map(|(account, (_, position))| (*account, *position)))
    }

    /// Returns the time for postings to these accounts. It is `now`, unless a server whose clock is
    /// ahead has posted later already. Times never decrease along the sequence of an account.
    pub(crate) fn not_before(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.moved_at.map_or(now, |moved_at| moved_at.max(now))
    }

    fn id(&self, account: &Account) -> Result<Uuid, Error> {
        let row = self.rows.get(account).ok_or_else(|| Error::row("an account was not locked"))?;
        Ok(row.0)
    }
}

/// Reads the accounts in their present state; missing accounts are empty.
pub(crate) async fn positions(
    conn: &mut AsyncPgConnection,
    wanted: &BTreeSet<Account>,
) -> Result<Positions, Error> {
    let owners: BTreeSet<Uuid> = wanted.iter().map(|account| account.owner).collect();
    let rows: Vec<(String, Uuid, String, i64, i64)> = accounts::table
        .filter(accounts::owner.eq_any(owners))
        .filter(accounts::kind.eq_any(wanted.iter().map(|account| account.kind.as_str())))
        .select((
            accounts::kind,
            accounts::owner,
            accounts::currency,
            accounts::balance_minor,
            accounts::seq,
        ))
        .load(conn)
        .await?;
    let mut found = vec![];
    for (kind, owner, currency, balance_minor, seq) in rows {
        let account = Account { kind: parse(&kind)?, owner, currency: parse(&currency)? };
        found.push((account, Position { balance_minor, seq }));
    }
    Ok(Positions::new(found))
}

/// Locks the accounts, and opens missing ones.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    wanted: &BTreeSet<Account>,
    now: DateTime<Utc>,
) -> Result<Locked, Error> {
    let mut locked = lock_existing(conn, wanted).await?;
    if locked.rows.len() == wanted.len() {
        return Ok(locked);
    }
    let missing: Vec<&Account> =
        wanted.iter().filter(|account| !locked.rows.contains_key(account)).collect();
    let opened = open(conn, &missing, now).await?;
    if opened.len() < missing.len() {
        // A concurrent transaction opened the accounts first, and may have posted to them since.
        return lock_existing(conn, wanted).await;
    }
    let empty = Position { balance_minor: 0, seq: 0 };
    locked.rows.extend(opened.into_iter().map(|(account, id)| (account, (id, empty))));
    Ok(locked)
}

#[derive(QueryableByName)]
struct Opened {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

statement! {
    OpenAccounts(
        ids: Array<SqlUuid> = Vec<Uuid>,
        kinds: Array<Text> = Vec<&'static str>,
        owners: Array<SqlUuid> = Vec<Uuid>,
        currencies: Array<Text> = Vec<&'static str>,
        opened_at: Timestamptz = DateTime<Utc>,
    ) "insert into accounts (id, kind, owner, currency, opened_at)
        select id, kind, owner, currency, $5 from unnest($1, $2, $3, $4) as new (id, kind, owner, currency)
        on conflict on constraint accounts_natural_key do nothing returning id"
}

/// Opens the missing accounts, which are invisible to other transactions before the commit. Returns
/// their ids.
async fn open(
    conn: &mut AsyncPgConnection,
    missing: &[&Account],
    now: DateTime<Utc>,
) -> Result<Vec<(Account, Uuid)>, Error> {
    let (kinds, owners, currencies) = columns(missing.iter().copied());
    let ids: Vec<Uuid> = missing.iter().map(|_| Uuid::now_v7()).collect();
    let opening = OpenAccounts { ids: ids.clone(), kinds, owners, currencies, opened_at: now };
    let new: Vec<Opened> = opening.load(conn).await?;
    let is_new = |id: &Uuid| new.iter().any(|row| row.id == *id);
    let all = missing.iter().zip(ids).filter(|(_, id)| is_new(id));
    Ok(all.map(|(account, id)| (**account, id)).collect())
}

// All writers lock accounts in the order of their ids, so they queue up and never deadlock. For
// several kinds and owners the query may lock more accounts than wanted; it needs only the key and
// no join.
statement! {
    LockAccounts(
        kinds: Array<Text> = Vec<&'static str>,
        owners: Array<SqlUuid> = Vec<Uuid>,
        currencies: Array<Text> = Vec<&'static str>,
    ) "select id, kind, owner, currency, balance_minor, seq, moved_at from accounts
        where kind = any($1) and owner = any($2) and currency = any($3)
        order by id for update"
}

async fn lock_existing(
    conn: &mut AsyncPgConnection,
    wanted: &BTreeSet<Account>,
) -> Result<Locked, Error> {
    let kinds: BTreeSet<&str> = wanted.iter().map(|account| account.kind.as_str()).collect();
    let owners: BTreeSet<Uuid> = wanted.iter().map(|account| account.owner).collect();
    let currencies: BTreeSet<&str> =
        wanted.iter().map(|account| account.currency.as_str()).collect();
    let rows: Vec<AccountRow> = LockAccounts {
        kinds: kinds.into_iter().collect(),
        owners: owners.into_iter().collect(),
        currencies: currencies.into_iter().collect(),
    }
    .load(conn)
    .await?;
    let mut locked = Locked::default();
    for row in rows {
        let (kind, currency) = (parse(&row.kind)?, parse(&row.currency)?);
        let account = Account { kind, owner: row.owner, currency };
        if !wanted.contains(&account) {
            continue;
        }
        let position = Position { balance_minor: row.balance_minor, seq: row.seq };
        locked.rows.insert(account, (row.id, position));
        locked.moved_at = locked.moved_at.max(row.moved_at);
    }
    Ok(locked)
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

/// An entry to insert, with its id and the resulting balances.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    pub(crate) id: EntryId,
    pub(crate) entry: &'a Entry,
    pub(crate) lines: Vec<Line>,
}

statement! {
    InsertEntries(
        ids: Array<SqlUuid> = Vec<Uuid>,
        kinds: Array<Text> = Vec<&'static str>,
        keys: Array<Text> = Vec<String>,
        corrects: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        posting_counts: Array<SmallInt> = Vec<i16>,
        at: Timestamptz = DateTime<Utc>,
    ) "insert into entries (id, kind, key, corrects, posting_count, at)
        select id, kind, key, corrects, posting_count, $6
        from unnest($1, $2, $3, $4, $5) as new (id, kind, key, corrects, posting_count)"
}

pub(crate) async fn insert_entries(
    conn: &mut AsyncPgConnection,
    written: &[Written<'_>],
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let count = |one: &Written<'_>| i16::try_from(one.lines.len()).map_err(Error::row);
    InsertEntries {
        ids: written.iter().map(|one| one.id.uuid()).collect(),
        kinds: written.iter().map(|one| one.entry.kind.as_str()).collect(),
        keys: written.iter().map(|one| one.entry.key.clone()).collect(),
        corrects: written.iter().map(|one| one.entry.corrects.map(EntryId::uuid)).collect(),
        posting_counts: written.iter().map(count).collect::<Result<_, _>>()?,
        at,
    }
    .execute(conn)
    .await?;
    Ok(())
}

statement! {
    #[derive(Default)]
    InsertPostings(
        account_ids: Array<SqlUuid> = Vec<Uuid>,
        seqs: Array<BigInt> = Vec<i64>,
        entry_ids: Array<SqlUuid> = Vec<Uuid>,
        lines: Array<SmallInt> = Vec<i16>,
        amounts: Array<BigInt> = Vec<i64>,
        balances: Array<BigInt> = Vec<i64>,
        currencies: Array<Text> = Vec<&'static str>,
        at: Timestamptz = DateTime<Utc>,
    ) "insert into postings
            (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
        select *, $8 from unnest($1, $2, $3, $4, $5, $6, $7)"
}

pub(crate) async fn insert_postings(
    conn: &mut AsyncPgConnection,
    written: &[Written<'_>],
    locked: &Locked,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let mut columns = InsertPostings { at, ..InsertPostings::default() };
    for one in written {
        for (number, line) in (1i16..).zip(&one.lines) {
            columns.account_ids.push(locked.id(&line.account)?);
            columns.seqs.push(line.seq);
            columns.entry_ids.push(one.id.uuid());
            columns.lines.push(number);
            columns.amounts.push(line.amount_minor);
            columns.balances.push(line.balance_after_minor);
            columns.currencies.push(line.account.currency.as_str());
        }
    }
    columns.execute(conn).await?;
    Ok(())
}
