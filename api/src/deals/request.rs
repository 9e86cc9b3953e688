//! What callers send about deals, and its way into the domain's terms.

use crate::context::Context;
use crate::payments::payer;
use crate::principal::{DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::{
    Description, Email, Hours, Phone, PositiveMoney, Quantity, Revision, Title, Wire, text_values,
};
use amana_domain::deal::{ITEMS_MAX, Item, MILESTONES_MAX, Proof, Role, Terms};
use amana_domain::fee::FeePayer;
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::money::Currency;
use amana_domain::text_enum;
use amana_postgres::{
    Conflict, FundingMethod, FundingRequest, NewDealRequest, NewMilestoneRequest, OfferRequest,
};
use chrono::TimeDelta;
use poem_openapi::Object;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

const DELIVERY_DEFAULT: TimeDelta = TimeDelta::days(7);

/// A deal to be written down.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct CreateDeal {
    /// What it is about, in a line.
    title: Wire<Title>,
    /// The caller's own side.
    role: Wire<Role>,
    /// The other party, who must be registered.
    counterparty: Counterparty,
    /// The organisation in whose name the deal is made; the caller belongs to it. That of the API key if left out.
    organisation_id: Option<Wire<OrganisationId>>,
    /// Of all amounts in the deal.
    currency: Wire<Currency>,
    /// Who bears the fee; the seller if left out.
    fee_payer: Option<Wire<FeePayer>>,
    /// 1 to 20 parts that are delivered and paid one by one, in this order.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(deserialize_with = "bounded")]
    milestones: Vec<CreateMilestone>,
    /// How long each side has; what is left out has its usual length.
    terms: Option<CreateTerms>,
}

/// Signing an offer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct AgreeDeal {
    /// The number of the offer that is signed: the deal's `revision`, as it was read.
    pub(super) revision: Revision,
}

/// The other party, by exactly one of the two.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct Counterparty {
    email: Option<Wire<Email>>,
    phone: Option<Wire<Phone>>,
}

/// A part of a deal to be written down.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateMilestone {
    /// What is delivered, in a line.
    title: Wire<Title>,
    /// What it is worth, in the deal's currency.
    amount: PositiveMoney,
    /// More about it: what has to be there for it to count as delivered.
    description: Option<Wire<Description>>,
    /// What it consists of; if it is there, it adds up to the amount.
    #[oai(validator(max_items = 50))]
    #[serde(default, deserialize_with = "bounded_items")]
    items: Option<Vec<CreateItem>>,
    /// What the seller has to show to have delivered; anything if left out.
    proof: Option<Wire<Proof>>,
    /// How long the seller has, counted from funding; 168 (a week) if left out. If it passes without delivery,
    /// the buyer gets the money back.
    delivery_hours: Option<Hours>,
}

/// A line of what is delivered.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateItem {
    name: Wire<Title>,
    quantity: Quantity,
    unit_price: PositiveMoney,
}

/// How long each side has.
#[derive(Object, Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateTerms {
    /// To agree, counted from the proposal; 72 if left out. Silence ends the deal.
    acceptance_hours: Option<Hours>,
    /// To pay, counted from the agreement; 72 if left out. Silence ends the deal.
    funding_hours: Option<Hours>,
    /// To object, counted from each delivery; 72 if left out. Silence pays the seller.
    inspection_hours: Option<Hours>,
    /// To deliver again what was sent back; 72 if left out. Silence refunds the buyer.
    rework_hours: Option<Hours>,
    /// To answer a dispute; 72 if left out. Silence gives the other side what it wants.
    answer_hours: Option<Hours>,
    /// For an arbiter to decide; 168 if left out. Silence divides in halves, or lets stand what one has decided.
    award_hours: Option<Hours>,
}

// The document's own check does not say where the list is.
fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CreateMilestone>, D::Error> {
    let milestones = Vec::deserialize(deserializer)?;
    if (1..=MILESTONES_MAX).contains(&milestones.len()) {
        Ok(milestones)
    } else {
        Err(D::Error::custom(format!("expected 1 to {MILESTONES_MAX} milestones")))
    }
}

fn bounded_items<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<CreateItem>>, D::Error> {
    let items: Option<Vec<CreateItem>> = Option::deserialize(deserializer)?;
    match items {
        Some(items) if items.len() > ITEMS_MAX => {
            Err(D::Error::custom(format!("expected at most {ITEMS_MAX} items")))
        }
        items => Ok(items),
    }
}

fn period(hours: Option<Hours>, usual: TimeDelta) -> TimeDelta {
    hours.and_then(|hours| TimeDelta::try_hours(hours.get())).unwrap_or(usual)
}

impl CreateDeal {
    /// Looks the other party up and puts the rest into the domain's terms.
    pub(super) async fn parse(self, context: &Context) -> Result<NewDealRequest, ApiError> {
        let currency = self.currency.0;
        let payer = self.fee_payer.map_or(FeePayer::Seller, |payer| payer.0);
        let offer = OfferRequest {
            title: self.title.0.0,
            fees: context.fees.plan(currency, payer)?,
            terms: self.terms.unwrap_or_default().into(),
            milestones: milestones(self.milestones, currency)?,
        };
        Ok(NewDealRequest {
            organisation: self.organisation_id.map(|id| id.0),
            role: self.role.0,
            counterparty: self.counterparty.find(context).await?,
            broker: None,
            currency,
            offer,
        })
    }
}

fn milestones(
    asked: Vec<CreateMilestone>,
    currency: Currency,
) -> Result<Vec<NewMilestoneRequest>, ApiError> {
    let of_the_deal = |money: &PositiveMoney, pointer: String| {
        if money.currency.0 == currency {
            Ok(())
        } else {
            Err(ApiError::field(pointer, "expected the currency of the deal"))
        }
    };
    let milestones = asked.into_iter().enumerate().map(|(n, milestone)| {
        of_the_deal(&milestone.amount, format!("/milestones/{n}/amount/currency"))?;
        let items = milestone.items.unwrap_or_default().into_iter().enumerate().map(|(i, item)| {
            let pointer = format!("/milestones/{n}/items/{i}/unit_price/currency");
            of_the_deal(&item.unit_price, pointer)?;
            Ok(Item {
                name: item.name.0.0,
                quantity: item.quantity.get_u32(),
                unit_price: item.unit_price.money()?,
            })
        });
        Ok(NewMilestoneRequest {
            title: milestone.title.0.0,
            description: milestone.description.map(|text| text.0.0),
            items: items.collect::<Result<_, ApiError>>()?,
            amount: milestone.amount.money()?,
            delivery: period(milestone.delivery_hours, DELIVERY_DEFAULT),
            proof: milestone.proof.map(|proof| proof.0),
        })
    });
    milestones.collect()
}

impl From<CreateTerms> for Terms {
    fn from(asked: CreateTerms) -> Self {
        let usual = Terms::usual();
        Self {
            acceptance: period(asked.acceptance_hours, usual.acceptance),
            funding: period(asked.funding_hours, usual.funding),
            inspection: period(asked.inspection_hours, usual.inspection),
            rework: period(asked.rework_hours, usual.rework),
            answer: period(asked.answer_hours, usual.answer),
            award: period(asked.award_hours, usual.award),
        }
    }
}

impl Counterparty {
    async fn find(self, context: &Context) -> Result<UserId, ApiError> {
        let user = match (self.email, self.phone) {
            (Some(email), None) => context.store.user_by_email(&email.0.0).await?,
            (None, Some(phone)) => context.store.user_by_phone(&phone.0.0).await?,
            (None, None) | (Some(_), Some(_)) => {
                return Err(ApiError::field("/counterparty", "expected either email or phone"));
            }
        };
        user.map(|user| user.id).ok_or_else(|| Conflict::UnknownCounterparty.into())
    }
}

text_enum! {
    pub(crate) enum Method as "funding method" {
        Wallet = "wallet",
        Mpesa = "mpesa",
    }
}

text_values! {
    /// How somebody pays: from the wallet, at once; or by M-Pesa, approved on the phone.
    Method as "FundingMethod";
}

/// Paying for a deal, in whole or in part.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct FundDeal {
    method: Wire<Method>,
    /// For `mpesa`: the number that is asked to pay; the caller's own if left out.
    phone: Option<Wire<Phone>>,
    /// A part of what is outstanding; by M-Pesa in whole shillings. All of it if left out.
    amount: Option<PositiveMoney>,
}

impl FundDeal {
    pub(super) async fn parse(
        self,
        context: &Context,
        caller: &Principal<DealsWrite>,
    ) -> Result<FundingRequest, ApiError> {
        let method = match (self.method.0, self.phone) {
            (Method::Wallet, None) => FundingMethod::Wallet,
            (Method::Wallet, Some(_)) => {
                return Err(ApiError::field("/phone", "a payment from the wallet asks no phone"));
            }
            (Method::Mpesa, phone) => FundingMethod::Mpesa(payer(context, caller, phone).await?),
        };
        let amount = self.amount.map(|amount| amount.money()).transpose()?;
        Ok(FundingRequest { method, amount })
    }
}
