//! Deals in responses, as each user sees them.

mod milestone;
mod offer;
mod terms;
mod timeline;

pub(super) use offer::{AgreementAnswer, QuoteOfDeal, RevisionAnswer};
pub(crate) use timeline::TimelineAnswer;

use super::pay::{PaymentInstructions, payment_instructions};
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
    /// Your role; `null` if you are a broker, an additional payer or a reader.
    role: Nullable<Wire<Role>>,
    /// Organisation in whose name the deal was created. All its members can read the deal.
    organisation_id: Nullable<Wire<OrganisationId>>,
    /// `null` until the invited party has joined.
    buyer: Nullable<Party>,
    /// `null` until the invited party has joined.
    seller: Nullable<Party>,
    broker: Nullable<BrokerAnswer>,
    /// Number of the current offer, or of the accepted one.
    revision: u32,
    /// Party that made the current offer.
    offered_by: Wire<Role>,
    /// Signatures of the current offer. Making an offer signs it, and so does accepting it.
    signed_by: Vec<SignedBy>,
    /// Invitation of the party that has not joined yet.
    invitation: Nullable<InvitedAnswer>,
    state: Wire<DealState>,
    /// Actions that you can take now. A payment can still be rejected for lack of money.
    allowed_actions: Vec<AllowedAction>,
    /// Reference that you gave the deal when you created it; `null` for other users.
    reference: Nullable<String>,
    /// Metadata that you gave the deal when you created it; empty for other users.
    metadata: BTreeMap<String, String>,
    /// Status as a sentence in your language.
    status_text: String,
    /// Deadline to accept or to pay for the deal.
    due_at: Nullable<Timestamp>,
    /// Running deadlines, with the awaited party and the default outcome.
    deadlines: Vec<Deadline>,
    /// Total to pay: the amounts of all milestones plus the buyer's fees.
    price: Money,
    /// Amount paid into escrow so far.
    paid: Money,
    /// Amount to pay until the deal is funded.
    outstanding: Money,
    /// The buyer and the additional payers, with their payments.
    payers: Vec<PayerAnswer>,
    /// Account number for paybill payments; `null` until the deal is agreed.
    pay_reference: Nullable<String>,
    /// Paybill instructions, while the deal awaits payment and the service receives paybill payments.
    payment_instructions: Nullable<PaymentInstructions>,
    fees: Fees,
    terms: TermsAnswer,
    milestones: Vec<MilestoneAnswer>,
    /// Party that requested mutual cancellation, if any. The deal is cancelled once the other party requests it too.
    cancellation_requested_by: Nullable<Wire<Role>>,
    /// Requested extension of a deadline. The deadline moves once the other party requests the same.
    extension: Nullable<ExtensionAnswer>,
    /// Your newest mobile-money payment for the deal. Payments of other users are not shown.
    payment: Nullable<PaymentAnswer>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// An action that you can take.
#[derive(Debug, Object)]
struct AllowedAction {
    action: Wire<Action>,
    /// Milestone of the action; `null` if it concerns the whole deal.
    milestone_id: Nullable<Wire<MilestoneId>>,
}

/// A party of a deal.
#[derive(Debug, Object)]
struct Party {
    id: Wire<UserId>,
    name: String,
}

/// The signature of a party.
#[derive(Debug, Object)]
struct SignedBy {
    role: Wire<Role>,
    at: Timestamp,
}

/// An open invitation. The invitee joins by verifying the address or number.
#[derive(Debug, Object)]
#[oai(rename = "DealInvitation")]
struct InvitedAnswer {
    role: Wire<Role>,
    channel: Wire<ContactKind>,
    /// Time of sending; `null` until the deal is proposed.
    sent_at: Nullable<Timestamp>,
    /// Expiry of the invitation; extend it with `resend_deal_invitation`.
    expires_at: Nullable<Timestamp>,
}

/// The broker of the deal.
#[derive(Debug, Object)]
#[oai(rename = "Broker")]
struct BrokerAnswer {
    id: Wire<UserId>,
    name: String,
    /// Commission in basis points (hundredths of a percent) of all amounts. It is part of the fees.
    commission_bps: u16,
}

/// A user who pays for the deal.
#[derive(Debug, Object)]
#[oai(rename = "Payer")]
struct PayerAnswer {
    id: Wire<UserId>,
    name: String,
    /// Amount paid into escrow.
    paid: Money,
    /// Amount refunded so far.
    refunded: Money,
}

/// A requested extension of a deadline.
#[derive(Debug, Object)]
#[oai(rename = "Extension")]
struct ExtensionAnswer {
    requested_by: Wire<Role>,
    deadline: Wire<DeadlineName>,
    milestone_id: Nullable<Wire<MilestoneId>>,
    until: Timestamp,
}

/// The fees of a deal, fixed with the offer.
#[derive(Debug, Object)]
struct Fees {
    /// Version of the fee plan.
    plan_version: u32,
    payer: Wire<FeePayer>,
    /// Percentage in basis points (hundredths of a percent) of all amounts.
    percentage_bps: u16,
    fixed: Money,
    /// Minimum of percentage plus fixed fee.
    floor: Money,
    /// Maximum of percentage plus fixed fee, if any.
    cap: Nullable<Money>,
    /// Charges of the mobile-money provider, passed on.
    provider_cost: Money,
    /// The broker's commission.
    commission: Money,
    /// Fees that the buyer pays on top; included in the price.
    buyer: Money,
    /// Fees that the seller pays out of the released amount.
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
            payment_instructions: Nullable::of(payment_instructions(view)),
            fees: Fees::of(deal.fees, deal.milestones.iter().map(|milestone| milestone.charge)),
            terms: TermsAnswer::from(deal.terms),
            milestones: milestones(view),
            cancellation_requested_by: Nullable::of(deal.cancel_asked_by),
            extension: Nullable::of(deal.extension.map(ExtensionAnswer::from)),
            payment: Nullable::of(view.payments.get(&user)),
            created_at: view.created_at.into(),
            updated_at: view.updated_at.into(),
        }
    }
}

/// Returns the actions that the rules allow, without those that an open payment blocks.
fn allowed_actions(view: &DealView, user: UserId) -> Vec<AllowedAction> {
    // A paybill payment without a prompt blocks nothing.
    let is_open = |payment: &PaymentView| payment.msisdn.is_some() && !payment.state.is_final();
    let is_own_open = view.payments.get(&user).is_some_and(is_open);
    let is_any_open = view.payments.values().any(is_open);
    let waits = |action| {
        (is_own_open && action == Action::Fund) || (is_any_open && action == Action::Cancel)
    };
    // A passed deadline takes effect within a second; until then the deal is judged as last stored.
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
        refunded: payer.returned.into(),
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

/// Saturates, because the sums were checked when the deal was created.
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
            requested_by: extension.asked_by.into(),
            deadline: Wire(extension.timer.name()),
            milestone_id: Nullable::of(extension.timer.milestone()),
            until: extension.until.into(),
        }
    }
}
