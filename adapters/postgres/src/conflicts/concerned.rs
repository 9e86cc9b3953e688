//! The people and organisations that a matter concerns.

use crate::error::Error;
use crate::job::Job;
use crate::payments;
use crate::reconciliation::{payer_account, suspense_item};
use crate::schema::{
    breaks, callbacks, deal_participants, deals, disputes, holds, jobs, kyc_applications,
    notifications, payments as payment_rows,
};
use crate::users;
use crate::vault::Vault;
use amana_domain::id::{DealId, DiscrepancyId, DisputeId, JobId, KycId, PaymentId, UserId};
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
use amana_domain::payee::Payee;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The subject of a staff action.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Matter<'a> {
    /// Concerns all users alike: a fee plan, a reconciliation run.
    Nobody,
    Person(UserId),
    Payment(PaymentId),
    Dispute(DisputeId),
    Kyc(KycId),
    Discrepancy(DiscrepancyId),
    Job(JobId),
    /// Money in suspense, and the user to be credited.
    Suspense(UserId, Provider, &'a str),
    /// Money in suspense that is returned to the paying number.
    Return(Provider, &'a str),
}

/// The people and organisations that a matter concerns, and its amount.
#[derive(Debug, Default)]
pub(super) struct Concerned {
    pub(super) people: BTreeSet<UserId>,
    /// Each with a time: members who left after it are concerned too.
    pub(super) organisations: Vec<(Uuid, DateTime<Utc>)>,
    /// `None` if the matter does not move money.
    pub(super) amount: Option<Money>,
}

impl Concerned {
    pub(super) fn is_nobody(&self) -> bool {
        self.people.is_empty() && self.organisations.is_empty()
    }

    fn people(people: impl IntoIterator<Item = Uuid>) -> Self {
        let people = people.into_iter().map(UserId::new).collect();
        Self { people, ..Self::default() }
    }
}

pub(super) async fn of(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    matter: Matter<'_>,
) -> Result<Concerned, Error> {
    match matter {
        Matter::Nobody => Ok(Concerned::default()),
        Matter::Person(user) => Ok(Concerned::people([user.uuid()])),
        Matter::Payment(id) => of_payment(conn, vault, id).await,
        Matter::Dispute(id) => {
            let deal = disputes::table.find(id.uuid()).select(disputes::deal_id);
            let deal: Option<Uuid> = deal.first(conn).await.optional()?;
            of_deal(conn, DealId::new(deal.ok_or(Error::NotFound("dispute"))?)).await
        }
        Matter::Kyc(id) => {
            let owner = kyc_applications::table.find(id.uuid()).select(kyc_applications::user_id);
            let owner: Option<Uuid> = owner.first(conn).await.optional()?;
            Ok(Concerned::people([owner.ok_or(Error::NotFound("application"))?]))
        }
        Matter::Discrepancy(id) => {
            let subject = breaks::table.find(id.uuid()).select(breaks::subject);
            let subject: Option<String> = subject.first(conn).await.optional()?;
            of_break(conn, vault, &subject.ok_or(Error::NotFound("discrepancy"))?).await
        }
        Matter::Job(id) => {
            let payload = jobs::table.find(id.uuid()).select(jobs::payload);
            let payload: Option<serde_json::Value> = payload.first(conn).await.optional()?;
            let job = serde_json::from_value(payload.ok_or(Error::NotFound("job"))?);
            of_job(conn, vault, job.map_err(Error::row)?).await
        }
        Matter::Suspense(user, provider, receipt) => {
            let amount = Some(suspense_item(conn, provider, receipt).await?.amount);
            Ok(Concerned { amount, ..Concerned::people([user.uuid()]) })
        }
        Matter::Return(provider, receipt) => {
            let amount = Some(suspense_item(conn, provider, receipt).await?.amount);
            let owner = payer_account(conn, vault, (provider, receipt)).await?;
            Ok(Concerned { amount, ..Concerned::people(owner.map(UserId::uuid)) })
        }
    }
}

/// The owner of the payment, the owner of the receiving number, and the people of the payment's deal.
async fn of_payment(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: PaymentId,
) -> Result<Concerned, Error> {
    let payment = payments::load_view(conn, vault, id).await?;
    let mut concerned = match payment.deal {
        Some(deal) => of_deal(conn, deal).await?,
        None => Concerned::default(),
    };
    concerned.amount = Some(payment.amount);
    concerned.people.extend(payment.user);
    if let Some(number) = payment.msisdn {
        concerned.people.extend(users::find_payee(conn, vault, &Payee::Phone(number)).await?);
    }
    Ok(concerned)
}

/// The parties, the broker, the payers, and the organisation of the deal.
async fn of_deal(conn: &mut AsyncPgConnection, id: DealId) -> Result<Concerned, Error> {
    let found: Option<(Option<Uuid>, DateTime<Utc>)> = deals::table
        .find(id.uuid())
        .select((deals::organisation_id, deals::created_at))
        .first(conn)
        .await
        .optional()?;
    let (organisation, created_at) = found.ok_or(Error::NotFound("deal"))?;
    let people: Vec<Uuid> = deal_participants::table
        .filter(deal_participants::deal_id.eq(id.uuid()))
        .select(deal_participants::user_id)
        .load(conn)
        .await?;
    let organisations = organisation.map(|id| (id, created_at)).into_iter().collect();
    Ok(Concerned { organisations, ..Concerned::people(people) })
}

/// The subject of a discrepancy is a payment, a receipt, or an account with its owner.
async fn of_break(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    subject: &str,
) -> Result<Concerned, Error> {
    if let Ok(payment) = subject.parse() {
        return of_payment(conn, vault, payment).await;
    }
    let owner = subject.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let owners: Vec<Uuid> =
        owner.filter_map(|part| part.parse::<UserId>().ok()).map(UserId::uuid).collect();
    if owners.is_empty() {
        of_receipt(conn, vault, subject).await
    } else {
        Ok(Concerned::people(owners))
    }
}

async fn of_receipt(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    receipt: &str,
) -> Result<Concerned, Error> {
    let payment: Option<Uuid> = payment_rows::table
        .filter(payment_rows::receipt.eq(receipt))
        .select(payment_rows::id)
        .first(conn)
        .await
        .optional()?;
    match payment {
        Some(id) => of_payment(conn, vault, PaymentId::new(id)).await,
        None => Ok(Concerned::default()),
    }
}

async fn of_job(conn: &mut AsyncPgConnection, vault: &Vault, job: Job) -> Result<Concerned, Error> {
    match job {
        Job::SubmitCollection { payment }
        | Job::PollCollection { payment, .. }
        | Job::SubmitPayout { payment }
        | Job::ScreenWithdrawal { payment } => {
            of_payment(conn, vault, PaymentId::new(payment)).await
        }
        Job::ApplyCallback { callback } => {
            let payment = callbacks::table.find(callback).select(callbacks::payment_id);
            let payment: Option<Option<Uuid>> = payment.first(conn).await.optional()?;
            match payment.flatten() {
                Some(payment) => of_payment(conn, vault, PaymentId::new(payment)).await,
                None => Ok(Concerned::default()),
            }
        }
        Job::ExpireDeal { deal, .. } | Job::RemindDeal { deal, .. } => {
            of_deal(conn, DealId::new(deal)).await
        }
        Job::ExpireHold { hold } => {
            let people = holds::table.find(hold).select((holds::user_id, holds::beneficiary_id));
            let people: Option<(Uuid, Option<Uuid>)> = people.first(conn).await.optional()?;
            let people = people.map(|(owner, other)| [Some(owner), other]);
            Ok(Concerned::people(people.into_iter().flatten().flatten()))
        }
        Job::SendNotification { notification } => {
            let user = notifications::table.find(notification).select(notifications::user_id);
            let user: Option<Uuid> = user.first(conn).await.optional()?;
            Ok(Concerned::people(user))
        }
        Job::Reconcile { .. } | Job::Housekeep { .. } | Job::CheckLedger { .. } => {
            Ok(Concerned::default())
        }
    }
}
