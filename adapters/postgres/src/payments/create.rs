//! Creating payments: funding a deal, depositing and withdrawing, each once per idempotency key.

use super::{PaymentView, funding_is_open, owner, prompts, rows};
use crate::call_context::current_call;
use crate::deals::{self, By, DealView, Loaded};
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::job::Job;
use crate::limits::check_room;
use crate::pool::Store;
use crate::schema::payments;
use crate::users::User;
use crate::vault::{self, Column, Vault};
use crate::{holds, jobs, log, notifications, users};
use amana_domain::deal::{self, Actor, Command, Deal, Decision, Part};
use amana_domain::event::PaymentEvent;
use amana_domain::hold::Hold;
use amana_domain::id::{DealId, HoldId, PaymentId, UserId};
use amana_domain::ledger::Provider;
use amana_domain::money::Money;
use amana_domain::notice::Template;
use amana_domain::payment::{Limits, NewPayment, Payment, Purpose, limits};
use amana_domain::phone::Msisdn;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// The source of a payment for a deal.
#[derive(Debug, Clone)]
pub enum FundingMethod {
    Wallet,
    Mpesa(Msisdn),
}

/// A request to pay for a deal.
#[derive(Debug, Clone)]
pub struct FundingRequest {
    pub method: FundingMethod,
    /// The whole outstanding amount if `None`.
    pub amount: Option<Money>,
    /// Whether the amount may exceed the outstanding one; the excess stays in the payer's wallet.
    pub allow_overpayment: bool,
}

impl From<FundingMethod> for FundingRequest {
    fn from(method: FundingMethod) -> Self {
        Self { method, amount: None, allow_overpayment: false }
    }
}

/// The deal after a funding request, with the payment that was started, if any.
#[derive(Debug, Clone)]
pub struct Funding {
    pub deal: DealView,
    pub payment: Option<PaymentView>,
}

impl Store {
    /// Pays from the wallet at once, or starts a mobile-money payment.
    ///
    /// # Errors
    /// [`Error::Refused`] by the rules of the deal or the ledger. [`Conflict::PaymentInProgress`]
    /// while an earlier attempt of the same payer may still succeed. [`Error::TooMuchAtOnce`] with
    /// a plan if the provider cannot carry the whole outstanding amount at once.
    /// [`Conflict::ProviderLimit`] if it cannot carry the requested amount.
    pub async fn fund_deal(
        &self,
        keyed: &Keyed,
        id: DealId,
        request: &FundingRequest,
        render: fn(&Funding, UserId) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let (done, payment) = fund(conn, vault, (keyed.user, id), request, now).await?;
            let funding = Funding { deal: deals::view_of(conn, vault, done).await?, payment };
            idempotency::complete(conn, keyed, render(&funding, keyed.user)).await
        })
        .await
    }

    /// Prompts the user's phone for a deposit into the wallet.
    ///
    /// # Errors
    /// [`Conflict::ProviderLimit`], [`Conflict::WholeUnitsRequired`] or
    /// [`Conflict::UnsupportedCurrency`]; [`Error::Limit`] if the wallet has no room. Money that
    /// arrives is credited in any case.
    pub async fn deposit(
        &self,
        keyed: &Keyed,
        amount: Money,
        msisdn: &Msisdn,
        render: fn(&PaymentView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let payment = paying_in(conn, keyed.user, amount).await?;
            insert(conn, &payment, Some((vault, msisdn)), now).await?;
            prompts::note(conn, vault, &payment, msisdn, now).await?;
            jobs::enqueue(conn, &Job::SubmitCollection { payment: payment.id.uuid() }, now, now)
                .await?;
            let view = rows::view(conn, vault, payment.id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Holds the amount and starts a withdrawal, which is screened before it is sent.
    ///
    /// # Errors
    /// [`Error::Refused`] if the wallet does not have the amount, [`Error::Limit`] if it exceeds
    /// the user's limits, and the conflicts of [`Store::deposit`].
    pub async fn withdraw(
        &self,
        keyed: &Keyed,
        amount: Money,
        msisdn: &Msisdn,
        render: fn(&PaymentView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let user = users::load(conn, keyed.user).await?;
            require_phone(&user)?;
            let (payment, hold) = paying_out(keyed.user, amount, now)?;
            insert(conn, &payment, Some((vault, msisdn)), now).await?;
            holds::reserve(conn, &hold, None, now).await?;
            jobs::enqueue(conn, &Job::ScreenWithdrawal { payment: payment.id.uuid() }, now, now)
                .await?;
            let params = json!({ "amount": amount.to_string() });
            notifications::enqueue(conn, &user, Template::WithdrawalRequested, params, now).await?;
            let view = rows::view(conn, vault, payment.id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }
}

/// Requires a verified phone number, without which no money leaves for mobile money.
///
/// # Errors
/// [`TransferRefusal::SenderUnverified`].
pub(super) fn require_phone(user: &User) -> Result<(), TransferRefusal> {
    match user.phone_verified_at {
        Some(_) => Ok(()),
        None => Err(TransferRefusal::SenderUnverified),
    }
}

async fn fund(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (user, id): (UserId, DealId),
    request: &FundingRequest,
    now: DateTime<Utc>,
) -> Result<(Loaded, Option<PaymentView>), Error> {
    let loaded = deals::lock_as_party(conn, user, id).await?;
    let (deal, actor) = (&loaded.deal, Actor::User(user));
    let decision = may_fund(conn, user, (deal, request), now).await?;
    match &request.method {
        FundingMethod::Wallet => {
            deals::apply(conn, deal, &decision, &By::from(actor), now).await?;
            Ok((loaded.after(decision, now), None))
        }
        FundingMethod::Mpesa(msisdn) => {
            let payment = collection(user, deal, one(deal, request.amount)?);
            insert(conn, &payment, Some((vault, msisdn)), now).await.map_err(|e| {
                e.on_constraint("payments_one_open_per_payer", Conflict::PaymentInProgress)
            })?;
            prompts::note(conn, vault, &payment, msisdn, now).await?;
            jobs::enqueue(conn, &Job::SubmitCollection { payment: payment.id.uuid() }, now, now)
                .await?;
            let payer = users::load(conn, user).await?;
            let params = json!({ "deal_title": deal.title, "amount": payment.amount.to_string() });
            notifications::enqueue(conn, &payer, Template::PaymentRequested, params, now).await?;
            let started = rows::view(conn, vault, payment.id).await?;
            Ok((loaded, Some(started)))
        }
    }
}

/// Decides the effect of paying for the deal. This runs before the prompt, so that no payment
/// starts for a deal that cannot accept it.
pub(super) async fn may_fund(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (deal, request): (&Deal, &FundingRequest),
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    let amount = request.amount;
    if let Some(other) = amount.map(Money::currency).filter(|other| *other != deal.currency) {
        return Err(TransferRefusal::UnsupportedCurrency(other).into());
    }
    let command = Command::Fund { payer: user, amount };
    let decision = deal::decide(deal, &command, Actor::User(user), now)?;
    if let Some(amount) = amount {
        let step_minor = match request.method {
            FundingMethod::Wallet => 1,
            FundingMethod::Mpesa(_) => {
                limits(Provider::Mpesa, deal.currency).map_or(1, |limits| limits.step_minor)
            }
        };
        deal.check_part(amount, Part { step_minor, allow_overpayment: request.allow_overpayment })?;
    }
    if funding_is_open(conn, deal.id, Some(user)).await? {
        return Err(Error::Conflict(Conflict::PaymentInProgress));
    }
    Ok(decision)
}

/// Splits the amount, or all that is outstanding, into payments that the provider can carry. Mobile
/// money accepts whole shillings only, so the change stays in the payer's wallet.
pub(super) fn planned(deal: &Deal, amount: Option<Money>) -> Result<Vec<Money>, Error> {
    if let Some(amount) = amount {
        carried(amount, Limits::allows_collection)?;
        return Ok(vec![amount]);
    }
    let outstanding = deal.outstanding().map_err(Error::row)?;
    let limits = limits(Provider::Mpesa, outstanding.currency())
        .ok_or(Error::Conflict(Conflict::UnsupportedCurrency))?;
    let plan = limits.plan(outstanding).map_err(Error::row)?;
    plan.ok_or(Error::Conflict(Conflict::ProviderLimit))
}

/// Returns the amount of a single payment, because only one can be requested at a time.
fn one(deal: &Deal, amount: Option<Money>) -> Result<Money, Error> {
    let plan = planned(deal, amount)?;
    match plan.as_slice() {
        [one] => Ok(*one),
        _ => Err(Error::TooMuchAtOnce(plan)),
    }
}

/// Builds a prompted payment for a part of the price, or for all of it.
pub(super) fn collection(user: UserId, deal: &Deal, amount: Money) -> Payment {
    intent(user, Purpose::FundDeal, Some(deal.id), amount)
}

/// Builds a deposit of this amount.
pub(super) async fn paying_in(
    conn: &mut AsyncPgConnection,
    user: UserId,
    amount: Money,
) -> Result<Payment, Error> {
    carried(amount, Limits::allows_collection)?;
    check_room(conn, user, amount).await?;
    Ok(intent(user, Purpose::Deposit, None, amount))
}

/// Builds a withdrawal of this amount, and its hold.
pub(super) fn paying_out(
    user: UserId,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<(Payment, Hold), Error> {
    carried(amount, Limits::allows_payout)?;
    let payment = intent(user, Purpose::Withdrawal, None, amount);
    let hold = payment.hold((HoldId::new(Uuid::now_v7()), user), now);
    Ok((payment, hold))
}

pub(super) fn carried(amount: Money, allows: fn(&Limits, Money) -> bool) -> Result<(), Error> {
    let limits = limits(Provider::Mpesa, amount.currency())
        .ok_or(Error::Conflict(Conflict::UnsupportedCurrency))?;
    if amount.round_up_to(limits.step_minor) != Ok(amount) {
        return Err(Error::Conflict(Conflict::WholeUnitsRequired));
    }
    if allows(&limits, amount) { Ok(()) } else { Err(Error::Conflict(Conflict::ProviderLimit)) }
}

fn intent(user: UserId, purpose: Purpose, deal: Option<DealId>, amount: Money) -> Payment {
    let id = PaymentId::new(Uuid::now_v7());
    let user = Some(user);
    Payment::new(NewPayment { id, provider: Provider::Mpesa, user, purpose, deal, amount })
}

/// Inserts a requested payment with its phone number, or an unsolicited one with its receipt and
/// without a number.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    number: Option<(&Vault, &Msisdn)>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let user = owner(payment)?;
    let (sealed, digest, asked_from) = match number {
        Some((vault, msisdn)) => {
            let key = vault::key_of(conn, vault, user).await?;
            let key = key.ok_or(TransferRefusal::SenderClosed)?;
            let number = msisdn.as_str();
            let sealed = key.seal(Column::PaymentNumber, number)?;
            let seal = |address: IpAddr| key.seal(Column::PaymentAskedFrom, &address.to_string());
            let asked_from = current_call().address.map(seal).transpose()?;
            (Some(sealed), Some(vault.number(user, number)), asked_from)
        }
        None => (None, None, None),
    };
    let (by, sent_at) = match number {
        Some(_) => (Actor::User(user), None),
        None => (Actor::System, Some(now)),
    };
    let verdict = payment.verdict();
    diesel::insert_into(payments::table)
        .values((
            payments::id.eq(payment.id.uuid()),
            payments::provider.eq(payment.provider.as_str()),
            payments::user_id.eq(Some(user.uuid())),
            payments::purpose.eq(payment.purpose.as_str()),
            payments::deal_id.eq(payment.deal.map(DealId::uuid)),
            payments::amount_minor.eq(payment.amount.minor()),
            payments::currency.eq(payment.amount.currency().as_str()),
            payments::msisdn_sealed.eq(sealed),
            payments::msisdn_digest.eq(digest),
            payments::stage.eq(payment.stage.as_str()),
            payments::state.eq(verdict.state.as_str()),
            payments::receipt.eq(verdict.receipt),
            payments::reference.eq(reference()),
            payments::asked_from_sealed.eq(asked_from),
            payments::must_confirm.eq(payment.must_confirm),
            payments::confirmed.eq(payment.is_confirmed()),
            payments::sent_at.eq(sent_at),
            payments::created_at.eq(now),
            payments::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let requested = PaymentEvent::Requested {
        payment_id: payment.id,
        purpose: payment.purpose,
        amount_minor: payment.amount.minor(),
        to: verdict.state,
        receipt: None,
        approval: None,
    };
    log::append_all(conn, now, [rows::of_payment(by, payment, requested)]).await
}

/// Letters and digits that look different from each other on a phone.
const REFERENCE_ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// M-Pesa shows at most 12 characters. 12 of 32 letters are 60 random bits, and a constraint makes
/// them unique.
const REFERENCE_CHARS: usize = 12;

pub(crate) fn reference() -> String {
    Uuid::new_v4()
        .into_bytes()
        .into_iter()
        // Bytes 6 and 8 of a random UUID carry its version and variant and are not random.
        .enumerate()
        .filter(|(i, _)| *i != 6 && *i != 8)
        .take(REFERENCE_CHARS)
        .filter_map(|(_, byte)| REFERENCE_ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_fits_what_the_payer_sees() {
        let reference = reference();
        assert_eq!(reference.len(), REFERENCE_CHARS);
        assert!(reference.bytes().all(|b| REFERENCE_ALPHABET.contains(&b)), "{reference}");
    }
}
