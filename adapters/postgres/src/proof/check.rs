//! The full check: streams every row of the ledger through the passes of the domain's proof.

use super::cursor::{Cursor, first};
use super::rows::{
    ACCOUNTS, Account, ENTRIES, Entry, HELD, HOLDS, Held, Hold, LINES, Line, POSTINGS, Posting,
    TRANSFERS, Transfer,
};
use super::{Counts, LedgerCheck};
use crate::error::Error;
use crate::pool::Store;
use amana_domain::proof::{AccountsPass, EntriesPass, HoldsPass, Sums, Trust, Wrong};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

/// Forces reading along indexes: sorting a large ledger first would exceed the statement timeout.
const ALONG_INDEXES: &str = "set local enable_sort = off; set local jit = off";

/// The reason for an early end of a check.
enum Stop {
    Wrong(Wrong),
    Store(Error),
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Stop::Wrong(wrong)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Store(error)
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Stop::Store(error.into())
    }
}

impl Store {
    /// Reads the whole ledger in one snapshot, and checks every row against the ones before it.
    ///
    /// # Errors
    /// [`Error::Store`] only; a ledger that is wrong is an answer, not an error.
    pub async fn check_ledger(&self) -> Result<LedgerCheck, Error> {
        let mut conn = self.connection().await?;
        let mut counts = Counts::default();
        let checked = conn
            .build_transaction()
            .repeatable_read()
            .read_only()
            .run(async |conn| check(conn, &mut counts).await)
            .await;
        match checked {
            Ok(currencies) => Ok(LedgerCheck { counts, currencies, first_wrong: None }),
            Err(Stop::Wrong(wrong)) => {
                Ok(LedgerCheck { counts, currencies: vec![], first_wrong: Some(wrong) })
            }
            Err(Stop::Store(error)) => Err(error),
        }
    }
}

async fn check(conn: &mut AsyncPgConnection, counts: &mut Counts) -> Result<Vec<Trust>, Stop> {
    conn.batch_execute(ALONG_INDEXES).await?;
    let sums = check_accounts(conn, counts).await?;
    check_entries(conn, counts).await?;
    let currencies = check_holds(conn, sums).await?.trust();
    currencies.iter().try_for_each(Trust::verify)?;
    Ok(currencies)
}

async fn check_accounts(conn: &mut AsyncPgConnection, counts: &mut Counts) -> Result<Sums, Stop> {
    let mut accounts = Cursor::<Account>::open(conn, "proof_accounts", ACCOUNTS).await?;
    let mut postings = Cursor::<Posting>::open(conn, "proof_postings", POSTINGS).await?;
    let mut pass = AccountsPass::default();
    loop {
        let account = accounts.peek(conn).await?.map(|row| row.id);
        let posting = postings.peek(conn).await?.map(|row| row.account_id);
        match first([account, posting]) {
            None => return Ok(pass.finish()?),
            Some(0) => {
                counts.accounts = counts.accounts.saturating_add(1);
                pass.account(accounts.take()?.into())?;
            }
            Some(_) => {
                counts.postings = counts.postings.saturating_add(1);
                pass.posting(&postings.take()?.into())?;
            }
        }
    }
}

async fn check_entries(conn: &mut AsyncPgConnection, counts: &mut Counts) -> Result<(), Stop> {
    let mut entries = Cursor::<Entry>::open(conn, "proof_entries", ENTRIES).await?;
    let mut transfers = Cursor::<Transfer>::open(conn, "proof_transfers", TRANSFERS).await?;
    let mut lines = Cursor::<Line>::open(conn, "proof_lines", LINES).await?;
    let mut pass = EntriesPass::default();
    loop {
        let entry = entries.peek(conn).await?.map(|row| row.id);
        let transfer = transfers.peek(conn).await?.map(|row| row.id);
        let line = lines.peek(conn).await?.map(|row| row.entry_id);
        match first([entry, transfer, line]) {
            None => return Ok(pass.finish()?),
            Some(0) => {
                counts.entries = counts.entries.saturating_add(1);
                pass.entry(entries.take()?.into())?;
            }
            Some(1) => pass.transfer(transfers.take()?.into())?,
            Some(_) => pass.line(&lines.take()?.into())?,
        }
    }
}

async fn check_holds(conn: &mut AsyncPgConnection, sums: Sums) -> Result<Sums, Stop> {
    let mut held = Cursor::<Held>::open(conn, "proof_held", HELD).await?;
    let mut holds = Cursor::<Hold>::open(conn, "proof_holds", HOLDS).await?;
    let mut pass = HoldsPass::new(sums);
    loop {
        let balance = held.peek(conn).await?.map(|row| row.owner);
        let hold = holds.peek(conn).await?.map(|row| row.user_id);
        match first([balance, hold]) {
            None => return Ok(pass.finish()?),
            Some(0) => pass.held(&held.take()?.into())?,
            Some(_) => pass.hold(&holds.take()?.into())?,
        }
    }
}
