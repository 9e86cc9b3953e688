//! A batch of transfers in one transaction. Each gets its own answer: a refused one leaves no
//! trace, and does not disturb the others.

use super::parties::Parties;
use super::write::{self, Made};
use super::{NewTransfer, TransferView};
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Keyed, Outcome};
use crate::ledger;
use crate::row::parse;
use crate::statement::statement;
use crate::vault::Vault;
use amana_domain::id::{EntryId, UserId};
use amana_domain::ledger::{Account, Positions};
use amana_domain::limits::{Usage, day_of};
use amana_domain::money::Currency;
use amana_domain::transfer::{self, Book, Transfer, TransferRefusal};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Result of one request.
pub(super) type Fate = Result<Outcome, Error>;

/// A request with a known recipient, and the response that it gets unless it is refused.
pub(super) struct Candidate<'a> {
    /// Its index among the requests of the batch.
    place: usize,
    pub(super) request: &'a NewTransfer,
    pub(super) transfer: Transfer,
    pub(super) answer: idempotency::Answer,
}

/// Carries out all requests in one commit, and answers in their order. No two requests share a key.
///
/// # Errors
/// The batch failed as a whole. It had no effect, unless the connection was lost during the commit.
pub(super) async fn run(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    requests: &[&NewTransfer],
    now: DateTime<Utc>,
) -> Result<Vec<Fate>, Error> {
    let mut now = now;
    loop {
        match conn.transaction(async |conn| attempt(conn, vault, requests, now).await).await {
            Err(Failure::Early(moved_at)) => now = moved_at,
            Err(Failure::Store(error)) => return Err(error),
            Ok(fates) => return Ok(fates),
        }
    }
}

/// The reason for a rollback.
enum Failure {
    /// An account has a posting later than our clock. All responses contain the time, so the batch
    /// starts again with the later time.
    Early(DateTime<Utc>),
    Store(Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Store(error.into())
    }
}

async fn attempt(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    requests: &[&NewTransfer],
    now: DateTime<Utc>,
) -> Result<Vec<Fate>, Failure> {
    let parties = Parties::of(conn, vault, requests).await?;
    let (candidates, mut others) = candidates(requests, &parties, now)?;
    let (candidates, known) = take_keys(conn, candidates, now).await?;
    others.extend(known);
    let mut fates: Vec<Option<Fate>> = requests.iter().map(|_| None).collect();
    answer_again(conn, others, &mut fates).await?;
    let (candidates, mut refused) = screen(candidates, &parties, &mut fates);
    if !candidates.is_empty() {
        let accounts: BTreeSet<Account> =
            candidates.iter().flat_map(|one| [one.transfer.from(), one.transfer.to()]).collect();
        let locked = ledger::lock(conn, &accounts, now).await?;
        if locked.not_before(now) > now {
            return Err(Failure::Early(locked.not_before(now)));
        }
        let transfers: Vec<&Transfer> = candidates.iter().map(|one| &one.transfer).collect();
        let book = book(conn, &transfers, &parties, locked.positions()).await?;
        let (made, too_much) = decide(book, candidates, day_of(now), &mut fates);
        refused.extend(too_much);
        write::made(conn, &made, &locked, now).await?;
    }
    write::take_back(conn, &refused).await?;
    let unanswered = || Err(Error::row("a request of a batch was not answered"));
    Ok(fates.into_iter().map(|fate| fate.unwrap_or_else(unanswered)).collect())
}

/// A request that is not carried out. Its key may have an earlier answer.
struct Other<'a> {
    place: usize,
    request: &'a NewTransfer,
    /// The refusal if its key has no earlier answer.
    refusal: Error,
}

/// Finds the recipient of each request, and separates the requests without one.
fn candidates<'a>(
    requests: &[&'a NewTransfer],
    parties: &Parties,
    now: DateTime<Utc>,
) -> Result<(Vec<Candidate<'a>>, Vec<Other<'a>>), Error> {
    let (mut candidates, mut others) = (vec![], vec![]);
    for (place, request) in requests.iter().copied().enumerate() {
        let Some(recipient) = parties.payee(&request.to) else {
            let refusal = TransferRefusal::UnknownRecipient.into();
            others.push(Other { place, request, refusal });
            continue;
        };
        let (id, sender) = (EntryId::new(Uuid::now_v7()), request.keyed.user);
        let transfer = Transfer { id, sender, recipient, amount: request.amount };
        let view = TransferView {
            id,
            sender: parties.view(sender)?,
            recipient: parties.view(recipient)?,
            amount: request.amount,
            details: request.details.clone(),
            at: now,
        };
        let answer = (request.render)(&view);
        candidates.push(Candidate { place, request, transfer, answer });
    }
    Ok((candidates, others))
}

impl<'a> Candidate<'a> {
    /// Marks a request whose key is in use. If the key has no answer, the other call is still
    /// running.
    fn known(self) -> Other<'a> {
        let refusal = Error::Conflict(Conflict::KeyInProgress);
        Other { place: self.place, request: self.request, refusal }
    }
}

/// Inserts the keys with their answers, in one write instead of two. Separates the requests whose
/// key exists already.
async fn take_keys<'a>(
    conn: &mut AsyncPgConnection,
    candidates: Vec<Candidate<'a>>,
    now: DateTime<Utc>,
) -> Result<(Vec<Candidate<'a>>, Vec<Other<'a>>), Error> {
    let calls: Vec<_> = candidates.iter().map(|one| (&one.request.keyed, &one.answer)).collect();
    let taken = idempotency::take_all(conn, &calls, now).await?;
    let (mut ours, mut known) = (vec![], vec![]);
    for candidate in candidates {
        if taken.contains(&candidate.request.keyed.name()) {
            ours.push(candidate);
        } else {
            known.push(candidate.known());
        }
    }
    Ok((ours, known))
}

/// Replays the answers of used keys, whatever has changed about the recipient since.
async fn answer_again(
    conn: &mut AsyncPgConnection,
    others: Vec<Other<'_>>,
    fates: &mut [Option<Fate>],
) -> Result<(), Error> {
    if others.is_empty() {
        return Ok(());
    }
    let calls: Vec<&Keyed> = others.iter().map(|other| &other.request.keyed).collect();
    let mut stored = idempotency::find_all(conn, &calls).await?;
    for other in others {
        let keyed = &other.request.keyed;
        let fate = match stored.remove(&keyed.name()) {
            Some(stored) => stored.answer_to(keyed).map_err(Error::Conflict),
            None => Err(other.refusal),
        };
        if let Some(place) = fates.get_mut(other.place) {
            *place = Some(fate);
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct StateRow {
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Bool)]
    is_closed: bool,
    #[diesel(sql_type = Bool)]
    is_frozen: bool,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<BigInt>)]
    spent_minor: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    held_minor: Option<i64>,
}

// Reads after the accounts are locked. Closing an account takes the same locks first, so the state
// cannot change afterwards.
statement! {
    ReadState(
        users: Array<SqlUuid> = Vec<Uuid>,
        currencies: Array<Text> = Vec<&'static str>,
    ) "select w.user_id, w.currency, u.is_closed, u.is_frozen, s.day, s.spent_minor, h.held_minor
        from unnest($1, $2) as w (user_id, currency)
        cross join lateral (
            select closed_at is not null as is_closed, frozen_at is not null as is_frozen
            from users where id = w.user_id offset 0) u
        left join lateral (
            select day, spent_minor from spending
            where user_id = w.user_id and currency = w.currency offset 0) s on true
        left join lateral (
            select balance_minor as held_minor from accounts
            where kind = 'user.held' and owner = w.user_id and currency = w.currency offset 0) h on true"
}

/// Loads everything that decides the transfers; the positions are known already.
pub(super) async fn book(
    conn: &mut AsyncPgConnection,
    transfers: &[&Transfer],
    parties: &Parties,
    positions: Positions,
) -> Result<Book, Error> {
    let both = |one: &&Transfer| {
        let currency = one.amount.currency();
        [(one.sender, currency), (one.recipient, currency)]
    };
    let wanted: BTreeSet<(UserId, Currency)> = transfers.iter().flat_map(both).collect();
    let users = wanted.iter().map(|(user, _)| user.uuid()).collect();
    let currencies = wanted.iter().map(|(_, currency)| currency.as_str()).collect();
    let rows: Vec<StateRow> = ReadState { users, currencies }.load(conn).await?;
    let mut book = Book { positions, ..Book::default() };
    for (user, _) in wanted {
        if let Some(party) = parties.party(user) {
            book.parties.insert(user, party.clone());
        }
    }
    for row in rows {
        let key = (UserId::new(row.user_id), parse(&row.currency)?);
        if let Some(party) = book.parties.get_mut(&key.0) {
            party.is_closed = row.is_closed;
            party.is_frozen = row.is_frozen;
        }
        if let (Some(day), Some(spent_minor)) = (row.day, row.spent_minor) {
            book.usages.insert(key, Usage { day, spent_minor });
        }
        book.held_minor.insert(key, row.held_minor.unwrap_or(0));
    }
    Ok(book)
}

/// Refuses requests that no balance can help, before any account is locked or opened.
fn screen<'a>(
    candidates: Vec<Candidate<'a>>,
    parties: &Parties,
    fates: &mut [Option<Fate>],
) -> (Vec<Candidate<'a>>, Vec<Candidate<'a>>) {
    let (mut fit, mut refused) = (vec![], vec![]);
    for candidate in candidates {
        let Transfer { sender, recipient, .. } = candidate.transfer;
        let (sender, recipient) = (parties.party(sender), parties.party(recipient));
        match transfer::screen(&candidate.transfer, sender, recipient) {
            Ok(_) => fit.push(candidate),
            Err(refusal) => {
                if let Some(fate) = fates.get_mut(candidate.place) {
                    *fate = Some(Err(refusal.into()));
                }
                refused.push(candidate);
            }
        }
    }
    (fit, refused)
}

/// Lets the domain decide the requests in order.
fn decide<'a>(
    mut book: Book,
    candidates: Vec<Candidate<'a>>,
    day: NaiveDate,
    fates: &mut [Option<Fate>],
) -> (Vec<Made<'a>>, Vec<Candidate<'a>>) {
    let (mut made, mut refused) = (vec![], vec![]);
    for candidate in candidates {
        let Some(fate) = fates.get_mut(candidate.place) else { continue };
        match book.accept(&candidate.transfer, day) {
            Ok(accepted) => {
                let answer = candidate.answer.clone();
                *fate = Some(Ok(Outcome { answer, replayed: false }));
                made.push(Made { candidate, accepted });
            }
            Err(refusal) => {
                *fate = Some(Err(refusal.into()));
                refused.push(candidate);
            }
        }
    }
    (made, refused)
}
