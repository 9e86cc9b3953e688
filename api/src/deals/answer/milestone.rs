//! Milestones in responses.

use crate::disputes::FileAnswer;
use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::deal::{Dispute, Item, Milestone, MilestoneState, Offers, Proof, Role, Stage};
use amana_domain::id::{MilestoneId, UserId};
use amana_postgres::DeliveryView;
use poem_openapi::Object;

/// A part of a deal that is delivered and paid separately.
#[derive(Debug, Object)]
#[oai(rename = "Milestone")]
pub(super) struct MilestoneAnswer {
    id: Wire<MilestoneId>,
    title: String,
    description: Nullable<String>,
    /// Line items; empty if none were given.
    items: Vec<ItemAnswer>,
    amount: Money,
    /// Fees that the buyer pays on top of the amount.
    buyer_fee: Money,
    /// Fees that the seller pays out of the amount.
    seller_fee: Money,
    state: Wire<MilestoneState>,
    /// Required delivery proof; `null` if any or none is accepted.
    proof: Nullable<Wire<Proof>>,
    /// Delivery period in hours, starting when the deal is funded.
    delivery_hours: i64,
    /// Running deadline of the milestone: delivery, inspection, dispute answer or award.
    due_at: Nullable<Timestamp>,
    /// Number of rejected deliveries.
    reworks: u8,
    /// Open offers to divide the milestone.
    offers: OffersAnswer,
    dispute: Nullable<StageAnswer>,
    /// Deliveries with their proofs, oldest first.
    deliveries: Vec<DeliveryAnswer>,
}

/// A line item.
#[derive(Debug, Object)]
#[oai(rename = "Item")]
pub(super) struct ItemAnswer {
    name: String,
    quantity: u32,
    unit_price: Money,
}

/// Each party's proposed amount for the seller. The other party can accept it.
#[derive(Debug, Object)]
#[oai(rename = "SplitOffers")]
struct OffersAnswer {
    buyer: Nullable<Money>,
    seller: Nullable<Money>,
}

/// The state of a dispute.
#[derive(Debug, Object)]
#[oai(rename = "DisputeStage")]
struct StageAnswer {
    opened_by: Wire<Role>,
    /// `opened` until the other party answers, then `answered`; `awarded` while a second arbiter reviews the award.
    stage: String,
}

/// One delivery of a milestone.
#[derive(Debug, Object)]
#[oai(rename = "Delivery")]
struct DeliveryAnswer {
    /// Number of the delivery, from 1. Each delivery after a rejection gets the next number.
    sequence: i16,
    /// Kind of proof; `null` if none was given.
    kind: Nullable<Wire<Proof>>,
    carrier: Nullable<String>,
    /// The carrier's tracking number.
    number: Nullable<String>,
    files: Vec<FileAnswer>,
    at: Timestamp,
    by_user_id: Wire<UserId>,
}

impl From<&DeliveryView> for DeliveryAnswer {
    fn from(delivery: &DeliveryView) -> Self {
        let (carrier, number) = delivery.tracking.clone().unzip();
        Self {
            sequence: delivery.n,
            kind: Nullable::of(delivery.kind),
            carrier: Nullable::of(carrier),
            number: Nullable::of(number),
            files: delivery.files.iter().map(FileAnswer::from).collect(),
            at: delivery.at.into(),
            by_user_id: delivery.by.into(),
        }
    }
}

impl MilestoneAnswer {
    pub(super) fn of(milestone: &Milestone, deliveries: &[DeliveryView]) -> Self {
        Self {
            id: milestone.id.into(),
            title: milestone.title.clone(),
            description: Nullable::of(milestone.description.clone()),
            items: milestone.items.iter().map(ItemAnswer::from).collect(),
            amount: milestone.amount.into(),
            buyer_fee: milestone.charge.buyer.into(),
            seller_fee: milestone.charge.seller.into(),
            state: milestone.state.into(),
            proof: Nullable::of(milestone.proof),
            delivery_hours: milestone.delivery.num_hours(),
            due_at: Nullable::of(milestone.due_at),
            reworks: milestone.reworks,
            offers: milestone.offers.into(),
            dispute: Nullable::of(milestone.dispute.map(StageAnswer::from)),
            deliveries: deliveries.iter().map(DeliveryAnswer::from).collect(),
        }
    }
}

impl From<&Item> for ItemAnswer {
    fn from(item: &Item) -> Self {
        let Item { name, quantity, unit_price } = item;
        Self { name: name.clone(), quantity: *quantity, unit_price: (*unit_price).into() }
    }
}

impl From<Offers> for OffersAnswer {
    fn from(offers: Offers) -> Self {
        Self { buyer: Nullable::of(offers.buyer), seller: Nullable::of(offers.seller) }
    }
}

impl From<Dispute> for StageAnswer {
    fn from(dispute: Dispute) -> Self {
        let stage = match dispute.stage {
            Stage::Opened => "opened",
            Stage::Answered => "answered",
            Stage::Awarded { .. } => "awarded",
        };
        Self { opened_by: dispute.opened_by.into(), stage: stage.to_owned() }
    }
}
