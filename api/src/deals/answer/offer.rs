//! Offers, agreements and quotes in responses.

use super::milestone::ItemAnswer;
use super::{Fees, TermsAnswer};
use crate::people::PersonAnswer;
use crate::problem::ApiError;
use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::deal::{Change, NewMilestone, Proof, Refusal, Role};
use amana_domain::fee::{Charge, FeePlan};
use amana_domain::id::{ApiKeyId, DealId, MilestoneId, SessionId, UserId};
use amana_domain::money::{self, MoneyError};
use amana_postgres::{AgreementView, KeptOffer, RevisionView, Signature};
use poem_openapi::Object;

/// One offer of a deal. It never changes.
#[derive(Debug, Object)]
#[oai(rename = "DealRevision")]
pub(crate) struct RevisionAnswer {
    revision: u32,
    /// Party that made the offer.
    offered_by: Wire<Role>,
    by_user_id: Wire<UserId>,
    at: Timestamp,
    offer: OfferAnswer,
    /// Differences from the previous offer; empty for the first.
    changes: Vec<ChangeAnswer>,
    /// Signatures of this offer.
    signatures: Vec<SignatureAnswer>,
}

/// The offer that both parties signed, with their names at that time.
#[derive(Debug, Object)]
#[oai(rename = "Agreement")]
pub(crate) struct AgreementAnswer {
    deal_id: Wire<DealId>,
    revision: u32,
    agreed_at: Timestamp,
    buyer: PersonAnswer,
    seller: PersonAnswer,
    broker: Nullable<PersonAnswer>,
    /// Broker's commission in basis points (hundredths of a percent) of all amounts.
    commission_bps: u16,
    offer: OfferAnswer,
    signatures: Vec<SignatureAnswer>,
}

/// The negotiable terms of a deal.
#[derive(Debug, Object)]
#[oai(rename = "DealOffer")]
struct OfferAnswer {
    title: String,
    /// Total to pay: the amounts of all milestones plus the buyer's fees.
    price: Money,
    fees: Fees,
    terms: TermsAnswer,
    milestones: Vec<PartAnswer>,
}

/// A milestone of an offer.
#[derive(Debug, Object)]
#[oai(rename = "OfferedMilestone")]
struct PartAnswer {
    id: Wire<MilestoneId>,
    title: String,
    description: Nullable<String>,
    items: Vec<ItemAnswer>,
    amount: Money,
    /// Fees that the buyer pays on top of the amount.
    buyer_fee: Money,
    /// Fees that the seller pays out of the amount.
    seller_fee: Money,
    proof: Nullable<Wire<Proof>>,
    /// Delivery period in hours, starting when the deal is funded.
    delivery_hours: i64,
}

/// One difference between two offers, as text.
#[derive(Debug, Object)]
#[oai(rename = "DealChange")]
struct ChangeAnswer {
    /// Name of the changed field, such as `title`, `terms.inspection` or `milestones[2].amount`. Milestones count from
    /// 1.
    field: String,
    /// `null` if the previous offer does not have the field.
    before: Nullable<String>,
    /// `null` if this offer does not have the field.
    after: Nullable<String>,
}

/// A signature.
#[derive(Debug, Object)]
#[oai(rename = "DealSignature")]
struct SignatureAnswer {
    role: Wire<Role>,
    user_id: Wire<UserId>,
    at: Timestamp,
    /// Session of your own signature; `null` for other users.
    session_id: Nullable<Wire<SessionId>>,
    /// API key of your own signature; `null` for other users.
    api_key_id: Nullable<Wire<ApiKeyId>>,
}

/// The costs of a planned deal.
#[derive(Debug, Object)]
#[oai(rename = "DealQuote")]
pub(crate) struct QuoteOfDeal {
    /// Sum of all amounts.
    amount: Money,
    /// Amount that the buyer would pay.
    price: Money,
    /// Amount that the seller would receive if everything is released.
    seller_receives: Money,
    fees: Fees,
    /// One per given amount, in the same order.
    milestones: Vec<QuotedPart>,
}

/// The costs of one milestone.
#[derive(Debug, Object)]
#[oai(rename = "QuotedMilestone")]
struct QuotedPart {
    amount: Money,
    buyer_fee: Money,
    seller_fee: Money,
}

impl QuoteOfDeal {
    /// # Errors
    /// The errors of creating such a deal.
    pub(crate) fn of(
        plan: FeePlan,
        amounts: &[money::Money],
        commission_bps: u16,
    ) -> Result<Self, ApiError> {
        let charges = plan.divide(amounts, commission_bps).map_err(Refusal::Fee)?;
        let sum = |parts: Vec<Result<money::Money, MoneyError>>| {
            let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
            money::Money::sum(plan.fixed.currency(), parts)
        };
        let both = || amounts.iter().zip(&charges);
        let price = sum(both().map(|(amount, charge)| amount.plus(charge.buyer)).collect())?;
        let left = sum(both().map(|(amount, charge)| amount.minus(charge.seller)).collect())?;
        let milestones = both().map(|(amount, charge)| QuotedPart {
            amount: (*amount).into(),
            buyer_fee: charge.buyer.into(),
            seller_fee: charge.seller.into(),
        });
        Ok(Self {
            amount: sum(amounts.iter().copied().map(Ok).collect())?.into(),
            price: price.into(),
            seller_receives: left.into(),
            fees: Fees::of(plan, charges.iter().copied()),
            milestones: milestones.collect(),
        })
    }
}

impl From<KeptOffer> for OfferAnswer {
    fn from(kept: KeptOffer) -> Self {
        let KeptOffer { currency, offer, charges } = kept;
        let parts = || offer.milestones.iter().zip(&charges);
        let price =
            parts().map(|(part, charge)| part.amount.minor().saturating_add(charge.buyer.minor()));
        Self {
            price: Money::minor(price.fold(0, i64::saturating_add), currency),
            fees: Fees::of(offer.fees, charges.iter().copied()),
            terms: TermsAnswer::from(offer.terms),
            milestones: parts().map(|(part, charge)| PartAnswer::of(part, charge)).collect(),
            title: offer.title,
        }
    }
}

impl PartAnswer {
    fn of(part: &NewMilestone, charge: &Charge) -> Self {
        Self {
            id: part.id.into(),
            title: part.title.clone(),
            description: Nullable::of(part.description.clone()),
            items: part.items.iter().map(ItemAnswer::from).collect(),
            amount: part.amount.into(),
            buyer_fee: charge.buyer.into(),
            seller_fee: charge.seller.into(),
            proof: Nullable::of(part.proof),
            delivery_hours: part.delivery.num_hours(),
        }
    }
}

impl From<Change> for ChangeAnswer {
    fn from(change: Change) -> Self {
        let (before, after) = (Nullable::of(change.before), Nullable::of(change.after));
        Self { field: change.field, before, after }
    }
}

impl SignatureAnswer {
    fn seen_by(user: UserId, signature: &Signature) -> Self {
        let own = signature.user == user;
        Self {
            role: signature.role.into(),
            user_id: signature.user.into(),
            at: signature.at.into(),
            session_id: Nullable::of(signature.session.filter(|_| own)),
            api_key_id: Nullable::of(signature.api_key.filter(|_| own)),
        }
    }
}

fn signatures(user: UserId, all: &[Signature]) -> Vec<SignatureAnswer> {
    all.iter().map(|one| SignatureAnswer::seen_by(user, one)).collect()
}

impl RevisionAnswer {
    pub(crate) fn seen_by(user: UserId, view: RevisionView) -> Self {
        Self {
            revision: view.revision,
            offered_by: view.offered_by.into(),
            by_user_id: view.by.into(),
            at: view.at.into(),
            signatures: signatures(user, &view.signatures),
            changes: view.changes.into_iter().map(ChangeAnswer::from).collect(),
            offer: view.offer.into(),
        }
    }
}

impl AgreementAnswer {
    pub(crate) fn seen_by(user: UserId, view: AgreementView) -> Self {
        Self {
            deal_id: view.deal.into(),
            revision: view.revision,
            agreed_at: view.at.into(),
            signatures: signatures(user, &view.signatures),
            buyer: view.buyer.into(),
            seller: view.seller.into(),
            broker: Nullable::of(view.broker),
            commission_bps: view.commission_bps,
            offer: view.offer.into(),
        }
    }
}
