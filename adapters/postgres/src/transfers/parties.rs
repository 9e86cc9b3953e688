//! The users of a batch of transfers, loaded with one statement.

use super::NewTransfer;
use crate::error::Error;
use crate::handles;
use crate::people::PersonView;
use crate::row::parse;
use crate::statement::statement;
use crate::vault::Vault;
use amana_domain::id::UserId;
use amana_domain::limits::Limits;
use amana_domain::money::Currency;
use amana_domain::payee::Payee;
use amana_domain::transfer::Party;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    handle: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    phone_digest: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    email_digest: Option<Vec<u8>>,
    #[diesel(sql_type = Bool)]
    is_closed: bool,
    #[diesel(sql_type = Bool)]
    is_frozen: bool,
    #[diesel(sql_type = Bool)]
    is_verified: bool,
    #[diesel(sql_type = Nullable<Text>)]
    currency: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    transaction_minor_max: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    day_minor_max: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    balance_minor_max: Option<i64>,
}

// Follows the rule of `users::find_payee`: a contact identifies only the user who has verified it.
// The sender's presence in the batch for another reason does not change that.
statement! {
    FindParties(
        ids: Array<SqlUuid> = Vec<Uuid>,
        handles: Array<Text> = Vec<String>,
        phones: Array<Binary> = Vec<Vec<u8>>,
        emails: Array<Binary> = Vec<Vec<u8>>,
    ) "select u.id, u.name, u.handle, u.closed_at is not null as is_closed,
            u.frozen_at is not null as is_frozen, u.is_verified,
            case when u.phone_verified_at is not null then u.phone_digest end as phone_digest,
            case when u.email_verified_at is not null then u.email_digest end as email_digest,
            l.currency, l.transaction_minor_max, l.day_minor_max, l.balance_minor_max
        from (
            select * from users where id = any($1)
            union all select * from users where handle = any($2)
            union all select * from users where phone_digest = any($3) and phone_verified_at is not null
            union all select * from users where email_digest = any($4) and email_verified_at is not null
        ) u left join lateral (
            select currency, transaction_minor_max, day_minor_max, balance_minor_max
            from tier_limits where tier = u.tier offset 0) l on true"
}

/// Users, indexed by every name under which the batch mentions them.
#[derive(Default)]
pub(super) struct Parties {
    people: HashMap<UserId, (PersonView, Party)>,
    handles: HashMap<String, UserId>,
    phones: HashMap<String, UserId>,
    emails: HashMap<String, UserId>,
}

impl Parties {
    pub(super) async fn of(
        conn: &mut AsyncPgConnection,
        vault: &Vault,
        requests: &[&NewTransfer],
    ) -> Result<Self, Error> {
        let mut ids: Vec<Uuid> = requests.iter().map(|one| one.keyed.user.uuid()).collect();
        // Compares digests of the names in the requests, so no contact is decrypted.
        let (mut handles, mut phones, mut emails) = (vec![], HashMap::new(), HashMap::new());
        for request in requests {
            match &request.to {
                Payee::Handle(handle) => handles.push(handle.as_str().to_owned()),
                Payee::Phone(msisdn) => {
                    phones.insert(vault.phone(msisdn.as_str()), msisdn.as_str());
                }
                Payee::Email(email) => {
                    emails.insert(vault.email(email), email.as_str());
                }
                Payee::User(id) => ids.push(id.uuid()),
            }
        }
        let find = FindParties {
            ids,
            handles,
            phones: phones.keys().cloned().collect(),
            emails: emails.keys().cloned().collect(),
        };
        let rows: Vec<Row> = find.load(conn).await?;
        let mut parties = Self::default();
        for row in rows {
            let id = UserId::new(row.id);
            if let Some(number) = row.phone_digest.as_ref().and_then(|digest| phones.get(digest)) {
                parties.phones.insert((*number).to_owned(), id);
            }
            if let Some(address) = row.email_digest.as_ref().and_then(|digest| emails.get(digest)) {
                parties.emails.insert((*address).to_owned(), id);
            }
            parties.add(row)?;
        }
        Ok(parties)
    }

    fn add(&mut self, row: Row) -> Result<(), Error> {
        let id = UserId::new(row.id);
        let limits = limits(&row)?;
        let handle = handles::read(row.handle.clone())?;
        let (_, party) = self.people.entry(id).or_insert_with(|| {
            let view = PersonView { id, name: row.name, handle };
            let (is_closed, is_frozen) = (row.is_closed, row.is_frozen);
            let is_unverified = !row.is_verified;
            (view, Party { is_closed, is_frozen, is_unverified, ..Party::default() })
        });
        party.limits.extend(limits);
        if let Some(handle) = row.handle {
            self.handles.insert(handle, id);
        }
        Ok(())
    }

    pub(super) fn payee(&self, to: &Payee) -> Option<UserId> {
        let found = match to {
            Payee::Handle(handle) => self.handles.get(handle.as_str()).copied(),
            Payee::Phone(msisdn) => self.phones.get(msisdn.as_str()).copied(),
            Payee::Email(email) => self.emails.get(email).copied(),
            Payee::User(id) => self.people.contains_key(id).then_some(*id),
        };
        // An open account without a verified contact cannot be found.
        let is_known = |party: &Party| !party.is_unverified || party.is_closed;
        found.filter(|id| self.party(*id).is_some_and(is_known))
    }

    pub(super) fn view(&self, id: UserId) -> Result<PersonView, Error> {
        self.people.get(&id).map(|(view, _)| view.clone()).ok_or(Error::NotFound("user"))
    }

    pub(super) fn party(&self, id: UserId) -> Option<&Party> {
        self.people.get(&id).map(|(_, party)| party)
    }
}

fn limits(row: &Row) -> Result<Option<(Currency, Limits)>, Error> {
    match (&row.currency, row.transaction_minor_max, row.day_minor_max, row.balance_minor_max) {
        (Some(currency), Some(transaction_minor_max), Some(day_minor_max), Some(cap)) => {
            let balance_minor_max = cap;
            let limits = Limits { transaction_minor_max, day_minor_max, balance_minor_max };
            Ok(Some((parse(currency)?, limits)))
        }
        _ => Ok(None),
    }
}
