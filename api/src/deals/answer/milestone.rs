//! A part of a deal, as it is shown.

use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::deal::{Dispute, Item, Milestone, MilestoneState, Offers, Proof, Role, Stage};
use amana_domain::id::MilestoneId;
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
    dispute: Nullable<DisputeAnswer>,
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
struct DisputeAnswer {
    opened_by: Wire<Role>,
    /// `opened` until the other side answers, then `answered`; `awarded` while a second arbiter looks.
    stage: String,
}

impl From<&Milestone> for MilestoneAnswer {
    fn from(milestone: &Milestone) -> Self {
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
            dispute: Nullable::of(milestone.dispute.map(DisputeAnswer::from)),
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

impl From<Dispute> for DisputeAnswer {
    fn from(dispute: Dispute) -> Self {
        let stage = match dispute.stage {
            Stage::Opened => "opened",
            Stage::Answered => "answered",
            Stage::Awarded { .. } => "awarded",
        };
        Self { opened_by: dispute.opened_by.into(), stage: stage.to_owned() }
    }
}
