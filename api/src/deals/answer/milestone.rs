//! A part of a deal, as it is shown.

use crate::disputes::FileAnswer;
use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::deal::{Dispute, Item, Milestone, MilestoneState, Offers, Proof, Role, Stage};
use amana_domain::id::{MilestoneId, UserId};
use amana_postgres::DeliveryView;
use poem_openapi::Object;

/// A part of a deal that is delivered and paid on its own.
#[derive(Debug, Object)]
#[oai(rename = "Milestone")]
pub(super) struct MilestoneAnswer {
    id: Wire<MilestoneId>,
    title: String,
    description: Nullable<String>,
    /// What it consists of, if that was said.
    items: Vec<ItemAnswer>,
    amount: Money,
    /// What the buyer pays on top of the amount.
    buyer_fee: Money,
    /// What the seller gets less than the amount.
    seller_fee: Money,
    state: Wire<MilestoneState>,
    /// What the seller has to show to have delivered.
    proof: Nullable<Wire<Proof>>,
    /// How long the seller has, counted from funding.
    delivery_hours: i64,
    /// Until when it has to be delivered, or the buyer may object, or a dispute is to be answered or decided.
    due_at: Nullable<Timestamp>,
    /// How often it was sent back.
    reworks: u8,
    /// What each side would let the seller have.
    offers: OffersAnswer,
    dispute: Nullable<StageAnswer>,
    /// What was delivered so far, and what was shown for it.
    deliveries: Vec<DeliveryAnswer>,
}

/// A line of what is delivered.
#[derive(Debug, Object)]
#[oai(rename = "Item")]
pub(super) struct ItemAnswer {
    name: String,
    quantity: u32,
    unit_price: Money,
}

/// What each side would let the seller have; the other side may take it at its word.
#[derive(Debug, Object)]
#[oai(rename = "SplitOffers")]
struct OffersAnswer {
    buyer: Nullable<Money>,
    seller: Nullable<Money>,
}

/// How far a dispute has come.
#[derive(Debug, Object)]
#[oai(rename = "DisputeStage")]
struct StageAnswer {
    opened_by: Wire<Role>,
    /// `opened` until the other side answers, then `answered`; `awarded` while a second arbiter looks.
    stage: String,
}

/// One delivery of a milestone.
#[derive(Debug, Object)]
#[oai(rename = "Delivery")]
struct DeliveryAnswer {
    /// Counts from 1; there is another one after each time that it was sent back.
    n: i16,
    /// What was shown; `null` if nothing was.
    kind: Nullable<Wire<Proof>>,
    carrier: Nullable<String>,
    /// What the carrier calls the parcel.
    number: Nullable<String>,
    files: Vec<FileAnswer>,
    at: Timestamp,
    by: Wire<UserId>,
}

impl From<&DeliveryView> for DeliveryAnswer {
    fn from(delivery: &DeliveryView) -> Self {
        let (carrier, number) = delivery.tracking.clone().unzip();
        Self {
            n: delivery.n,
            kind: Nullable::of(delivery.kind),
            carrier: Nullable::of(carrier),
            number: Nullable::of(number),
            files: delivery.files.iter().map(FileAnswer::from).collect(),
            at: delivery.at.into(),
            by: delivery.by.into(),
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
