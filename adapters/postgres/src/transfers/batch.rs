//! A batch of transfers in one transaction. Each is answered alone: what is refused leaves no trace, and
//! does not disturb the others.

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

/// What became of one request.
pub(super) type Fate = Result<Outcome, Error>;

/// A request whose recipient is known, with the answer that it gets if nothing speaks against it.
pub(super) struct Candidate<'a> {
    /// Its place among the requests of the batch.
    place: usize,
    pub(super) request: &'a NewTransfer,
    pub(super) transfer: Transfer,
    pub(super) answer: idempotency::Answer,
}

/// Carries out all of them in one commit, answers in their order. No two requests share a key.
///
/// # Errors
/// The batch as a whole failed. Unless the connection was lost during the commit, nothing of it happened.
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

/// Why a transaction was rolled back.
enum Failure {
    /// An account was moved later than our clock shows: all answers carry the time, so begin again with that.
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

/// A request that is not carried out: its key may tell what was answered to it before.
struct Other<'a> {
    place: usize,
    request: &'a NewTransfer,
    /// What it is refused with if its key tells nothing.
    refusal: Error,
}

/// Whom each request means; and the requests that mean nobody.
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
    /// Its key was taken before. If it is gone by now, that call has not ended.
    fn known(self) -> Other<'a> {
        let refusal = Error::Conflict(Conflict::KeyInProgress);
        Other { place: self.place, request: self.request, refusal }
    }
}

/// Takes the keys of the candidates, with their answers: one write instead of two. Those whose key was
/// taken before are told apart.
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

/// Requests whose key was used before get their answer again, whatever has become of the recipient since.
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

// After the lock: only then do these stand still, and whoever closes an account locks it first.
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

/// Everything that the transfers are decided by; the positions are known already.
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

/// What no balance can help is refused before any account is locked, or opened.
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

/// Lets the domain decide one after the other.
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
