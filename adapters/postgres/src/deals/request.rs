//! Requests for deals and offers, without the ids that are assigned here.

use amana_domain::contact::Contact;
use amana_domain::deal::{
    Broker, DealTemplate, Item, Label, NewDeal, NewMilestone, Offer, Proof, Role, Terms,
};
use amana_domain::fee::FeePlan;
use amana_domain::id::{DealId, MilestoneId, OrganisationId, UserId};
use amana_domain::money::{Currency, Money};
use amana_domain::notice::Locale;
use chrono::TimeDelta;
use uuid::Uuid;

#[derive(Debug, Clone)]
pub struct NewMilestoneRequest {
    pub title: String,
    pub description: Option<String>,
    pub items: Vec<Item>,
    pub amount: Money,
    pub delivery: TimeDelta,
    pub proof: Option<Proof>,
}

/// The content of a requested offer.
#[derive(Debug, Clone)]
pub struct OfferRequest {
    pub title: String,
    /// The configured fee plan; a published plan replaces it.
    pub fees: FeePlan,
    pub terms: Terms,
    pub milestones: Vec<NewMilestoneRequest>,
}

/// The counterparty of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opposite {
    Registered(UserId),
    /// No account has verified this contact. The inviter may name the invitee's language.
    Invited(Contact, Option<Locale>),
}

/// A requested deal between the caller and the counterparty.
#[derive(Debug, Clone)]
pub struct NewDealRequest {
    pub organisation: Option<OrganisationId>,
    pub role: Role,
    pub counterparty: Opposite,
    pub broker: Option<Broker>,
    pub currency: Currency,
    pub offer: OfferRequest,
    /// Visible to the caller only.
    pub label: Label,
}

impl OfferRequest {
    /// Returns the offer of a template: its milestones, with the price divided exactly.
    #[must_use]
    pub fn of_template(template: DealTemplate, title: String, price: Money, fees: FeePlan) -> Self {
        let sketches = template.milestones();
        let weights: Vec<i64> = sketches.iter().map(|sketch| i64::from(sketch.percent)).collect();
        let milestones = sketches.iter().zip(price.allocate(&weights));
        let milestones = milestones.map(|(sketch, amount)| NewMilestoneRequest {
            title: sketch.title.to_owned(),
            description: None,
            items: vec![],
            amount,
            delivery: sketch.delivery,
            proof: sketch.proof,
        });
        Self { title, fees, terms: template.terms(), milestones: milestones.collect() }
    }

    pub(super) fn into_offer(self) -> Offer {
        let milestones = self.milestones.into_iter().map(|milestone| NewMilestone {
            id: MilestoneId::new(Uuid::now_v7()),
            title: milestone.title,
            description: milestone.description,
            items: milestone.items,
            amount: milestone.amount,
            delivery: milestone.delivery,
            proof: milestone.proof,
        });
        Offer {
            title: self.title,
            fees: self.fees,
            terms: self.terms,
            milestones: milestones.collect(),
        }
    }
}

impl NewDealRequest {
    pub(super) fn into_deal(self, proposer: UserId) -> NewDeal {
        NewDeal {
            id: DealId::new(Uuid::now_v7()),
            proposer,
            role: self.role,
            counterparty: match self.counterparty {
                Opposite::Registered(user) => Some(user),
                Opposite::Invited(_, _) => None,
            },
            broker: self.broker,
            currency: self.currency,
            offer: self.offer.into_offer(),
        }
    }
}
