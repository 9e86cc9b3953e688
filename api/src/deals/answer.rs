//! Deals as those see them whom they concern.

mod milestone;
mod offer;
mod terms;
mod timeline;

pub(super) use offer::{AgreementAnswer, QuoteOfDeal, RevisionAnswer};
pub(crate) use timeline::TimelineAnswer;

use super::pay::{HowToPay, how_to_pay};
use super::plain::deal_text;
use crate::payments::PaymentAnswer;
use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::contact::ContactKind;
use amana_domain::deal::{
    Action, Allowed, DeadlineName, Deal, DealState, Extension, Label, Milestone, Payer, Role,
    allowed,
};
use amana_domain::fee::{Charge, FeePayer, FeePlan};
use amana_domain::id::{DealId, MilestoneId, OrganisationId, UserId};
use amana_domain::money as domain;
use amana_postgres::{DealInvitation, DealView, PaymentView, Signature};
use milestone::MilestoneAnswer;
use poem_openapi::Object;
use std::collections::BTreeMap;
use terms::Deadline;
pub(super) use terms::TermsAnswer;

/// A deal between a buyer and a seller.
#[derive(Debug, Object)]
#[oai(rename = "Deal")]
pub(crate) struct DealAnswer {
    id: Wire<DealId>,
    title: String,
    /// The caller's own side; `null` to somebody who only reads it, pays along, or is the broker.
    role: Nullable<Wire<Role>>,
    /// The organisation in whose name it was made, whose members see it, too.
    organisation_id: Nullable<Wire<OrganisationId>>,
    /// `null` until the invited side has joined.
    buyer: Nullable<Party>,
    /// `null` until the invited side has joined.
    seller: Nullable<Party>,
    broker: Nullable<BrokerAnswer>,
    /// The number of the offer that is on the table, or was signed.
    revision: u32,
    /// The side that made this offer; the other one agrees to it, or makes another.
    offered_by: Wire<Role>,
    /// Who has signed this offer so far: one side by making it, the other by agreeing.
    signed_by: Vec<SignedBy>,
    /// The invitation to the side on which nobody stands yet.
    invitation: Nullable<InvitedAnswer>,
    state: Wire<DealState>,
    /// What the caller can do, until the deadlines below. It can still be refused for a lack of money.
    allowed_actions: Vec<AllowedAction>,
    /// The reference with which the caller created it; `null` to everybody else.
    reference: Nullable<String>,
    /// The metadata with which the caller created it; empty to everybody else.
    metadata: BTreeMap<String, String>,
    /// The status in words, in the language of the caller.
    status_text: String,
    /// Until when the deal has to be agreed to, or paid for.
    due_at: Nullable<Timestamp>,
    /// What runs now, whose turn it is, and what happens if nobody does anything.
    deadlines: Vec<Deadline>,
    /// What is to be paid: all amounts and the buyer's part of the fee.
    price: Money,
    /// What has been paid into escrow so far.
    paid: Money,
    /// What is still to be paid before the deal is funded.
    outstanding: Money,
    /// Who has paid or may pay along with the buyer.
    payers: Vec<PayerAnswer>,
    /// What payers write as the account when they pay at the paybill; since it was agreed.
    pay_reference: Nullable<String>,
    /// How it is paid there, while it is to be paid and if the service hears of such payments.
    how_to_pay: Nullable<HowToPay>,
    fees: Fees,
    terms: TermsAnswer,
    milestones: Vec<MilestoneAnswer>,
    /// The side that has asked to call the funded deal off (`cancel_deal_mutually`); it is when the other one asks, too.
    cancel_asked_by: Nullable<Wire<Role>>,
    /// A deadline that one side wants moved; it is moved when the other one says the same.
    extension: Nullable<ExtensionAnswer>,
    /// The caller's newest attempt to pay for it by mobile money; those of others are not shown.
    payment: Nullable<PaymentAnswer>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Something that the caller can do.
#[derive(Debug, Object)]
struct AllowedAction {
    action: Wire<Action>,
    /// The milestone that it is about; `null` if it is about the deal.
    milestone_id: Nullable<Wire<MilestoneId>>,
}

/// One side of a deal.
#[derive(Debug, Object)]
struct Party {
    id: Wire<UserId>,
    name: String,
}

/// A side that has signed.
#[derive(Debug, Object)]
struct SignedBy {
    role: Wire<Role>,
    at: Timestamp,
}

/// Somebody is invited; they join by proving the address or number.
#[derive(Debug, Object)]
#[oai(rename = "DealInvitation")]
struct InvitedAnswer {
    role: Wire<Role>,
    channel: Wire<ContactKind>,
    /// `null` until the deal is proposed.
    sent_at: Nullable<Timestamp>,
    /// Until when it is good; see `resend_deal_invitation`.
    expires_at: Nullable<Timestamp>,
}

/// Who brought the two together.
#[derive(Debug, Object)]
#[oai(rename = "Broker")]
struct BrokerAnswer {
    id: Wire<UserId>,
    name: String,
    /// Of all amounts, in hundredths of a percent; part of the fees.
    commission_bps: u16,
}

/// Somebody who pays for the deal.
#[derive(Debug, Object)]
#[oai(rename = "Payer")]
struct PayerAnswer {
    id: Wire<UserId>,
    name: String,
    /// What they put into escrow.
    paid: Money,
    /// What of it they have back.
    returned: Money,
}

/// A deadline that one side wants moved.
#[derive(Debug, Object)]
#[oai(rename = "Extension")]
struct ExtensionAnswer {
    asked_by: Wire<Role>,
    deadline: Wire<DeadlineName>,
    milestone_id: Nullable<Wire<MilestoneId>>,
    until: Timestamp,
}

/// What the deal costs, fixed with the offer.
#[derive(Debug, Object)]
struct Fees {
    /// Which of our fee plans this is.
    plan_version: u32,
    payer: Wire<FeePayer>,
    /// Hundredths of a percent of all amounts together.
    percentage_bps: u16,
    fixed: Money,
    /// The percentage and the fixed part are never less than this together,
    floor: Money,
    /// nor more than this.
    cap: Nullable<Money>,
    /// What mobile money costs us for this deal, passed on.
    provider_cost: Money,
    /// The broker's part.
    commission: Money,
    /// What the buyer bears; part of the price.
    buyer: Money,
    /// What the seller bears; taken from what is released.
    seller: Money,
}

impl DealAnswer {
    pub(crate) fn seen_by(view: &DealView, user: UserId) -> Self {
        let deal = &view.deal;
        let label = view.label.as_ref().filter(|one| one.creator == user).map(|one| &one.label);
        let price = sum(deal, |m| m.amount.minor().saturating_add(m.charge.buyer.minor()));
        let paid = deal.payers.iter().map(|payer| payer.paid.minor()).fold(0, i64::saturating_add);
        let outstanding = price.amount.saturating_sub(paid).max(0);
        Self {
            id: deal.id.into(),
            title: deal.title.clone(),
            role: Nullable::of(deal.role_of(user)),
            organisation_id: Nullable::of(view.organisation),
            buyer: Nullable::of(side(view, Role::Buyer)),
            seller: Nullable::of(side(view, Role::Seller)),
            broker: Nullable::of(broker(view)),
            revision: deal.revision,
            offered_by: deal.offered_by.into(),
            signed_by: view.signatures.iter().map(SignedBy::from).collect(),
            invitation: Nullable::of(view.invitation),
            state: deal.state.into(),
            allowed_actions: allowed_actions(view, user),
            reference: Nullable::of(label.and_then(Label::reference).map(str::to_owned)),
            metadata: label.map(|label| label.metadata().clone()).unwrap_or_default(),
            status_text: deal_text(view),
            due_at: Nullable::of(deal.due_at),
            deadlines: terms::deadlines(deal),
            price,
            paid: Money::minor(paid, deal.currency),
            outstanding: Money::minor(outstanding, deal.currency),
            payers: payers(view),
            pay_reference: Nullable::of(view.pay_reference.as_ref().map(|it| it.reference.clone())),
            how_to_pay: Nullable::of(how_to_pay(view)),
            fees: Fees::of(deal.fees, deal.milestones.iter().map(|milestone| milestone.charge)),
            terms: TermsAnswer::from(deal.terms),
            milestones: milestones(view),
            cancel_asked_by: Nullable::of(deal.cancel_asked_by),
            extension: Nullable::of(deal.extension.map(ExtensionAnswer::from)),
            payment: Nullable::of(view.payments.get(&user)),
            created_at: view.created_at.into(),
            updated_at: view.updated_at.into(),
        }
    }
}

/// By the rules of the deal; and what waits for the outcome of a payment has to wait.
fn allowed_actions(view: &DealView, user: UserId) -> Vec<AllowedAction> {
    // What came unasked is waited for by nobody.
    let is_open = |payment: &PaymentView| payment.msisdn.is_some() && !payment.state.is_final();
    let is_own_open = view.payments.get(&user).is_some_and(is_open);
    let is_any_open = view.payments.values().any(is_open);
    let waits = |action| {
        (is_own_open && action == Action::Fund) || (is_any_open && action == Action::Cancel)
    };
    // A deadline that has passed ends its state within a second; until then the deal is as it was written last.
    let allowed = allowed(&view.deal, user, view.updated_at).into_iter();
    let allowed = allowed.filter(|one| !waits(one.action));
    let answer = |one: Allowed| AllowedAction {
        action: one.action.into(),
        milestone_id: Nullable::of(one.milestone),
    };
    allowed.map(answer).collect()
}

fn side(view: &DealView, role: Role) -> Option<Party> {
    let person = view.side(role)?;
    Some(Party { id: person.id.into(), name: person.name.clone() })
}

fn name(view: &DealView, user: UserId) -> String {
    view.people.get(&user).map(|person| person.name.clone()).unwrap_or_default()
}

fn broker(view: &DealView) -> Option<BrokerAnswer> {
    let broker = view.deal.broker?;
    Some(BrokerAnswer {
        id: broker.user.into(),
        name: name(view, broker.user),
        commission_bps: broker.commission_bps,
    })
}

fn payers(view: &DealView) -> Vec<PayerAnswer> {
    let payers = view.deal.payers.iter();
    let answer = |payer: &Payer| PayerAnswer {
        id: payer.user.into(),
        name: name(view, payer.user),
        paid: payer.paid.into(),
        returned: payer.returned.into(),
    };
    payers.map(answer).collect()
}

fn milestones(view: &DealView) -> Vec<MilestoneAnswer> {
    let milestones = view.deal.milestones.iter();
    let none = vec![];
    let answer = |milestone: &Milestone| {
        let deliveries = view.deliveries.get(&milestone.id).unwrap_or(&none);
        MilestoneAnswer::of(milestone, deliveries)
    };
    milestones.map(answer).collect()
}

/// The parts of a stored deal fit together: that was checked when it was made.
fn sum(deal: &Deal, part: impl Fn(&Milestone) -> i64) -> Money {
    let minor = deal.milestones.iter().map(part).fold(0i64, i64::saturating_add);
    Money::minor(minor, deal.currency)
}

impl Fees {
    fn of(plan: FeePlan, charges: impl Iterator<Item = Charge> + Clone) -> Self {
        let sum = |part: fn(&Charge) -> domain::Money| {
            let minor = charges.clone().map(|charge| part(&charge).minor());
            Money::minor(minor.fold(0, i64::saturating_add), plan.fixed.currency())
        };
        Self {
            plan_version: plan.version,
            payer: plan.payer.into(),
            percentage_bps: plan.percentage_bps,
            fixed: plan.fixed.into(),
            floor: plan.floor.into(),
            cap: Nullable::of(plan.cap),
            provider_cost: sum(|charge| charge.provider_cost),
            commission: sum(|charge| charge.commission),
            buyer: sum(|charge| charge.buyer),
            seller: sum(|charge| charge.seller),
        }
    }
}

impl From<&Signature> for SignedBy {
    fn from(signature: &Signature) -> Self {
        Self { role: signature.role.into(), at: signature.at.into() }
    }
}

impl From<DealInvitation> for InvitedAnswer {
    fn from(invitation: DealInvitation) -> Self {
        Self {
            role: invitation.role.into(),
            channel: invitation.kind.into(),
            sent_at: Nullable::of(invitation.sent_at),
            expires_at: Nullable::of(invitation.expires_at),
        }
    }
}

impl From<Extension> for ExtensionAnswer {
    fn from(extension: Extension) -> Self {
        Self {
            asked_by: extension.asked_by.into(),
            deadline: Wire(extension.timer.name()),
            milestone_id: Nullable::of(extension.timer.milestone()),
            until: extension.until.into(),
        }
    }
}
