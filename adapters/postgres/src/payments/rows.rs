//! Conversion between rows and payments with their evidence.

use super::PaymentView;
use crate::deals;
use crate::error::Error;
use crate::log::NewEvent;
use crate::page::PAGE_MAX;
use crate::row::{money, parse};
use crate::schema::{payer_keys, payment_evidence, payments, person_keys, users};
use crate::vault::{Column, Vault};
use amana_domain::deal::Deal;
use amana_domain::event::{Actor, PaymentEvent};
use amana_domain::id::{DealId, PaymentId, UserId};
use amana_domain::money::Currency;
use amana_domain::payment::{Claim, Evidence, NewPayment, Payment, State, Verdict};
use amana_domain::phone::Msisdn;
use chrono::{DateTime, Utc};
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

#[derive(HasQuery)]
#[diesel(table_name = payments)]
pub(super) struct ViewRow {
    id: Uuid,
    user_id: Option<Uuid>,
    payer_id: Option<Uuid>,
    purpose: String,
    deal_id: Option<Uuid>,
    amount_minor: i64,
    currency: String,
    msisdn_sealed: Option<Vec<u8>>,
    #[diesel(select_expression = key_of_payer())]
    key_wrapped: Option<Vec<u8>>,
    #[diesel(select_expression = key_of_stranger())]
    stranger_key_wrapped: Option<Vec<u8>>,
    #[diesel(select_expression = name_of_payer())]
    user_name: Option<String>,
    state: String,
    reason: Option<String>,
    doubt: Option<String>,
    receipt: Option<String>,
    reference: String,
    problem: Option<String>,
    risk_score: Option<i64>,
    risk_reasons: Vec<Option<String>>,
    decision_note: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[diesel::dsl::auto_type]
fn key_of_payer() -> _ {
    let of_payer = person_keys::table.filter(person_keys::user_id.nullable().eq(payments::user_id));
    of_payer.select(person_keys::wrapped).single_value()
}

#[diesel::dsl::auto_type]
fn key_of_stranger() -> _ {
    let of_payer = payer_keys::table.filter(payer_keys::payer_id.nullable().eq(payments::payer_id));
    of_payer.select(payer_keys::wrapped).single_value()
}

#[diesel::dsl::auto_type]
fn name_of_payer() -> _ {
    let payer = users::table.filter(users::id.nullable().eq(payments::user_id));
    payer.select(users::name).single_value()
}

impl ViewRow {
    pub(super) fn view(self, vault: &Vault) -> Result<PaymentView, Error> {
        let row = self;
        let user = row.user_id.map(UserId::new);
        let of_user = user.zip(row.key_wrapped).map(|(user, key)| vault.key(user, &key));
        let of_payer = row.payer_id.zip(row.stranger_key_wrapped);
        let of_payer = of_payer.map(|(payer, key)| vault.payer_key(payer, &key));
        let key = of_user.or(of_payer).transpose()?;
        let msisdn = match key.zip(row.msisdn_sealed) {
            Some((key, sealed)) => {
                let number = key.open(Column::PaymentNumber, &sealed)?;
                Some(Msisdn::parse(&number).map_err(Error::row)?)
            }
            None => None,
        };
        Ok(PaymentView {
            id: PaymentId::new(row.id),
            user,
            user_name: row.user_name.unwrap_or_default(),
            purpose: parse(&row.purpose)?,
            deal: row.deal_id.map(DealId::new),
            amount: money(row.amount_minor, parse(&row.currency)?)?,
            msisdn,
            state: parse(&row.state)?,
            reason: row.reason.as_deref().map(parse).transpose()?,
            doubt: row.doubt.as_deref().map(parse).transpose()?,
            receipt: row.receipt,
            reference: row.reference,
            problem: row.problem,
            risk_score: row.risk_score,
            risk_reasons: row.risk_reasons.into_iter().flatten().collect(),
            decision_note: row.decision_note,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(crate) async fn view(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: PaymentId,
) -> Result<PaymentView, Error> {
    let row: Option<ViewRow> =
        ViewRow::query().filter(payments::id.eq(id.uuid())).first(conn).await.optional()?;
    row.ok_or(Error::NotFound("payment"))?.view(vault)
}

#[derive(HasQuery)]
#[diesel(table_name = payments)]
struct Row {
    id: Uuid,
    provider: String,
    user_id: Option<Uuid>,
    purpose: String,
    deal_id: Option<Uuid>,
    amount_minor: i64,
    currency: String,
    stage: String,
    must_confirm: bool,
}

#[derive(HasQuery)]
#[diesel(table_name = payment_evidence)]
struct EvidenceRow {
    source: String,
    claim: String,
    reason: Option<String>,
    code: Option<String>,
    receipt: Option<String>,
    amount_minor: Option<i64>,
    reference_digest: Option<String>,
}

/// A piece of evidence as operators see it.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = payment_evidence)]
pub struct EvidenceView {
    pub source: String,
    pub claim: String,
    pub reason: Option<String>,
    pub code: Option<String>,
    pub receipt: Option<String>,
    pub amount_minor: Option<i64>,
    pub at: DateTime<Utc>,
}

/// Returns the evidence about a payment, oldest first.
pub(crate) async fn said_about(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
) -> Result<Vec<EvidenceView>, Error> {
    let of_payment = EvidenceView::query().filter(payment_evidence::payment_id.eq(id.uuid()));
    Ok(of_payment.order(payment_evidence::at).limit(PAGE_MAX).load(conn).await?)
}

impl EvidenceRow {
    fn into_evidence(self, currency: Currency) -> Result<Evidence, Error> {
        let claim = match self.claim.as_str() {
            "accepted" => Claim::Accepted,
            "lost" => Claim::Lost,
            "failed" => {
                Claim::Failed { reason: parse(self.reason.as_deref().unwrap_or_default())? }
            }
            "unclear" => Claim::Unclear { code: self.code.unwrap_or_default() },
            "succeeded" => Claim::Succeeded {
                receipt: self.receipt,
                amount: self.amount_minor.map(|minor| money(minor, currency)).transpose()?,
            },
            other => return Err(Error::row(format!("`{other}` is not a known claim"))),
        };
        Ok(Evidence { source: parse(&self.source)?, claim, reference: self.reference_digest })
    }
}

/// Locks a payment and loads its evidence.
pub(crate) async fn lock(conn: &mut AsyncPgConnection, id: PaymentId) -> Result<Payment, Error> {
    let row = Row::query()
        .filter(payments::id.eq(id.uuid()))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let row = row.ok_or(Error::NotFound("payment"))?;
    let currency = parse(&row.currency)?;
    let evidence = EvidenceRow::query()
        .filter(payment_evidence::payment_id.eq(id.uuid()))
        .load(conn)
        .await?
        .into_iter()
        .map(|piece: EvidenceRow| piece.into_evidence(currency))
        .collect::<Result<Vec<_>, _>>()?;
    let new = NewPayment {
        id: PaymentId::new(row.id),
        provider: parse(&row.provider)?,
        user: row.user_id.map(UserId::new),
        purpose: parse(&row.purpose)?,
        deal: row.deal_id.map(DealId::new),
        amount: money(row.amount_minor, currency)?,
    };
    let mut payment = Payment::restore(new, parse(&row.stage)?, evidence);
    payment.must_confirm = row.must_confirm;
    Ok(payment)
}

/// Locks the deal first and then its payment, in the order that all transactions use.
pub(crate) async fn lock_with_deal(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
) -> Result<(Option<Deal>, Payment), Error> {
    let deal: Option<Option<Uuid>> =
        payments::table.find(id.uuid()).select(payments::deal_id).first(conn).await.optional()?;
    let deal = match deal.ok_or(Error::NotFound("payment"))? {
        Some(deal) => Some(deals::lock(conn, DealId::new(deal)).await?),
        None => None,
    };
    Ok((deal, lock(conn, id).await?))
}

/// Writes the changes of the payment's stage and verdict. The receipt of a settled payment never
/// changes; operators review a second one.
pub(super) async fn save(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<Verdict, Error> {
    let verdict = payment.verdict();
    let is_settled =
        payments::state.eq(State::Succeeded.as_str()).and(payments::receipt.is_not_null());
    let receipt = case_when(is_settled, payments::receipt).otherwise(verdict.receipt.as_deref());
    diesel::update(payments::table.find(payment.id.uuid()))
        .set((
            payments::stage.eq(payment.stage.as_str()),
            payments::state.eq(verdict.state.as_str()),
            payments::reason.eq(verdict.reason.map(|reason| reason.as_str())),
            payments::doubt.eq(verdict.doubt.map(|doubt| doubt.as_str())),
            payments::receipt.eq(receipt),
            payments::confirmed.eq(payment.is_confirmed()),
            payments::problem.eq(None::<String>),
            payments::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(verdict)
}

/// Inserts a piece of evidence once, with the digest of the provider's reference.
pub(super) async fn insert_evidence(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (claim, reason, code, receipt, amount_minor) = match &evidence.claim {
        Claim::Accepted => ("accepted", None, None, None, None),
        Claim::Lost => ("lost", None, None, None, None),
        Claim::Failed { reason } => ("failed", Some(reason.as_str()), None, None, None),
        Claim::Unclear { code } => ("unclear", None, Some(code.as_str()), None, None),
        Claim::Succeeded { receipt, amount } => {
            ("succeeded", None, None, receipt.as_deref(), amount.map(|amount| amount.minor()))
        }
    };
    let said = json!([
        evidence.source.as_str(),
        claim,
        reason,
        code,
        receipt,
        amount_minor,
        evidence.reference
    ]);
    diesel::insert_into(payment_evidence::table)
        .values((
            payment_evidence::payment_id.eq(id.uuid()),
            payment_evidence::fingerprint.eq(Sha256::digest(said.to_string()).to_vec()),
            payment_evidence::source.eq(evidence.source.as_str()),
            payment_evidence::claim.eq(claim),
            payment_evidence::reason.eq(reason),
            payment_evidence::code.eq(code),
            payment_evidence::receipt.eq(receipt),
            payment_evidence::amount_minor.eq(amount_minor),
            payment_evidence::reference_digest.eq(evidence.reference.as_deref()),
            payment_evidence::at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the event of a payment; the timeline of a deal includes those of its payments.
pub(super) fn of_payment(
    actor: impl Into<Actor>,
    payment: &Payment,
    event: PaymentEvent,
) -> NewEvent {
    let new = NewEvent::new(actor, payment.id, event);
    match payment.deal {
        Some(deal) => new.of_deal(deal, None),
        None => new,
    }
}
