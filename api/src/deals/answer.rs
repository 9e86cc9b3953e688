//! Deals as their parties see them.

use super::plain::deal_text;
use crate::payments::PaymentAnswer;
use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::deal::{Deal, DealState, Milestone, MilestoneState, Role, Terms};
use amana_domain::fee::FeePayer;
use amana_domain::id::{DealId, MilestoneId, OrganisationId, UserId};
use amana_postgres::{DealView, TimelineEvent};
use poem_openapi::Object;
use poem_openapi::types::Any;
use serde_json::Value;

/// A deal between a buyer and a seller.
#[derive(Debug, Object)]
#[oai(rename = "Deal")]
pub(crate) struct DealAnswer {
    id: Wire<DealId>,
    title: String,
    /// The caller's own side; `null` to somebody who only belongs to the organisation.
    role: Nullable<Wire<Role>>,
    /// The organisation in whose name it was made, whose members see it, too.
    organisation_id: Nullable<Wire<OrganisationId>>,
    buyer: Party,
    seller: Party,
    /// The side that offers the deal; the other one agrees to it.
    proposer: Wire<Role>,
    state: Wire<DealState>,
    /// How it stands, in plain English.
    status_text: String,
    /// Until when the deal has to be agreed to, or paid for.
    due_at: Nullable<Timestamp>,
    /// What the buyer pays: all amounts and the buyer's part of the fee.
    price: Money,
    fees: Fees,
    terms: TermsAnswer,
    milestones: Vec<MilestoneAnswer>,
    /// The side that has asked to call the funded deal off; it is called off when the other one asks, too.
    cancel_asked_by: Nullable<Wire<Role>>,
    /// The newest attempt to pay for it by mobile money.
    payment: Nullable<PaymentAnswer>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// One side of a deal.
#[derive(Debug, Object)]
struct Party {
    id: Wire<UserId>,
    name: String,
}

/// What the deal costs, fixed when it was created.
#[derive(Debug, Object)]
struct Fees {
    payer: Wire<FeePayer>,
    /// Hundredths of a percent of all amounts together.
    percentage_bps: u16,
    fixed: Money,
    /// What the buyer bears; part of the price.
    buyer: Money,
    /// What the seller bears; taken from what is released.
    seller: Money,
}

/// How long each side has.
#[derive(Debug, Object)]
#[oai(rename = "Terms")]
struct TermsAnswer {
    acceptance_hours: i64,
    funding_hours: i64,
    inspection_hours: i64,
}

/// A part of a deal that is delivered and paid on its own.
#[derive(Debug, Object)]
#[oai(rename = "Milestone")]
struct MilestoneAnswer {
    id: Wire<MilestoneId>,
    title: String,
    amount: Money,
    /// What the buyer pays on top of the amount.
    buyer_fee: Money,
    /// What the seller gets less than the amount.
    seller_fee: Money,
    state: Wire<MilestoneState>,
    /// How long the seller has, counted from funding.
    delivery_hours: i64,
    /// Until when it has to be delivered, or the buyer may object.
    due_at: Nullable<Timestamp>,
}

/// Something that happened to a deal.
#[derive(Debug, Object)]
#[oai(rename = "DealEvent")]
pub(crate) struct TimelineAnswer {
    /// Counts the events of this deal from 1.
    seq: i64,
    /// What happened, such as `deal.funded` or `milestone.released`.
    name: String,
    milestone_id: Nullable<Wire<MilestoneId>>,
    /// Who did it; `null` if it happened by itself, by a deadline or by money that arrived.
    actor_id: Nullable<Wire<UserId>>,
    /// More about it, such as the state that the deal reached or the payment that it is about.
    data: Any<Value>,
    at: Timestamp,
}

impl DealAnswer {
    pub(crate) fn seen_by(view: &DealView, user: UserId) -> Self {
        let deal = &view.deal;
        let side = |id: UserId, name: &str| Party { id: id.into(), name: name.to_owned() };
        Self {
            id: deal.id.into(),
            title: deal.title.clone(),
            role: Nullable::of(deal.role_of(user)),
            organisation_id: Nullable::of(view.organisation),
            buyer: side(deal.buyer, &view.buyer_name),
            seller: side(deal.seller, &view.seller_name),
            proposer: deal.proposer.into(),
            state: deal.state.into(),
            status_text: deal_text(view),
            due_at: Nullable::of(deal.due_at),
            price: sum(deal, |milestone| {
                milestone.amount.minor().saturating_add(milestone.buyer_fee.minor())
            }),
            fees: Fees::of(deal),
            terms: TermsAnswer::from(deal.terms),
            milestones: deal.milestones.iter().map(MilestoneAnswer::from).collect(),
            cancel_asked_by: Nullable::of(deal.cancel_asked_by),
            payment: Nullable::of(view.payment.as_ref()),
            created_at: view.created_at.into(),
            updated_at: view.updated_at.into(),
        }
    }
}

/// The parts of a stored deal fit together: that was checked when it was made.
fn sum(deal: &Deal, part: impl Fn(&Milestone) -> i64) -> Money {
    let minor = deal.milestones.iter().map(part).fold(0i64, i64::saturating_add);
    Money::minor(minor, deal.currency)
}

impl Fees {
    fn of(deal: &Deal) -> Self {
        Self {
            payer: deal.fees.payer.into(),
            percentage_bps: deal.fees.percentage_bps,
            fixed: deal.fees.fixed.into(),
            buyer: sum(deal, |milestone| milestone.buyer_fee.minor()),
            seller: sum(deal, |milestone| milestone.seller_fee.minor()),
        }
    }
}

impl From<Terms> for TermsAnswer {
    fn from(terms: Terms) -> Self {
        Self {
            acceptance_hours: terms.acceptance.num_hours(),
            funding_hours: terms.funding.num_hours(),
            inspection_hours: terms.inspection.num_hours(),
        }
    }
}

impl From<&Milestone> for MilestoneAnswer {
    fn from(milestone: &Milestone) -> Self {
        Self {
            id: milestone.id.into(),
            title: milestone.title.clone(),
            amount: milestone.amount.into(),
            buyer_fee: milestone.buyer_fee.into(),
            seller_fee: milestone.seller_fee.into(),
            state: milestone.state.into(),
            delivery_hours: milestone.delivery.num_hours(),
            due_at: Nullable::of(milestone.due_at),
        }
    }
}

impl From<TimelineEvent> for TimelineAnswer {
    fn from(event: TimelineEvent) -> Self {
        Self {
            seq: event.seq,
            name: event.name,
            milestone_id: Nullable::of(event.milestone_id.map(MilestoneId::new)),
            actor_id: Nullable::of(event.actor_id.map(UserId::new)),
            data: Any(event.data),
            at: event.at.into(),
        }
    }
}
