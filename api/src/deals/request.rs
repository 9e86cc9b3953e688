//! What callers send about deals, and its way into the domain's terms.

use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::{
    CommissionBps, DealReference, Description, Email, Hours, Phone, PositiveMoney, Quantity,
    Revision, Title, Wire,
};
use amana_domain::contact::Contact;
use amana_domain::deal::{
    Broker, DealTemplate, ITEMS_MAX, Item, Label, LabelError, MILESTONES_MAX, Proof, Role, Terms,
};
use amana_domain::fee::FeePayer;
use amana_domain::handle::Handle;
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::money::Currency;
use amana_domain::notice::Locale;
use amana_domain::payee::Payee;
use amana_postgres::{NewDealRequest, NewMilestoneRequest, OfferRequest, Opposite};
use chrono::TimeDelta;
use poem_openapi::Object;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

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
    /// The other party. Somebody who is not registered is invited when the deal is proposed, and joins it by proving
    /// the address or number.
    counterparty: Counterparty,
    /// The organisation in whose name the deal is made; the caller belongs to it. That of the API key if left out.
    organisation_id: Option<Wire<OrganisationId>>,
    /// Of all amounts in the deal.
    currency: Wire<Currency>,
    /// Who bears the fee; the seller if left out.
    fee_payer: Option<Wire<FeePayer>>,
    /// 1 to 20 parts that are delivered and paid one by one, in this order. Either these or `template` and `amount`.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(default, deserialize_with = "bounded")]
    milestones: Option<Vec<CreateMilestone>>,
    /// One of `get_deal_templates`, which divides `amount` into its milestones.
    template: Option<Wire<DealTemplate>>,
    /// With `template`: the whole price.
    amount: Option<PositiveMoney>,
    /// How long each side has; what is left out has its usual length, or that of the template.
    terms: Option<CreateTerms>,
    /// Who brought the two together, if anybody did.
    broker: Option<CreateBroker>,
    /// Your own number for the deal, such as an order number. It names one deal of yours, and only you see it.
    reference: Option<Wire<DealReference>>,
    /// For your programs: at most 20 members, names of at most 40 and values of at most 500 characters. Only you see it.
    metadata: Option<BTreeMap<String, String>>,
}

/// Another offer: all of it anew.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct CounterDeal {
    /// What it is about, in a line.
    title: Wire<Title>,
    /// Who bears the fee; the seller if left out.
    fee_payer: Option<Wire<FeePayer>>,
    /// 1 to 20 parts, as in `create_deal`. Either these or `template` and `amount`.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(default, deserialize_with = "bounded")]
    milestones: Option<Vec<CreateMilestone>>,
    /// One of `get_deal_templates`, which divides `amount` into its milestones.
    template: Option<Wire<DealTemplate>>,
    /// With `template`: the whole price.
    amount: Option<PositiveMoney>,
    /// How long each side has; what is left out has its usual length, or that of the template.
    terms: Option<CreateTerms>,
}

/// Somebody who brought the two together, by exactly one of handle and id.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateBroker {
    /// As people write it, with or without the `@`.
    handle: Option<Wire<Handle>>,
    user_id: Option<Wire<UserId>>,
    /// Of all amounts, in hundredths of a percent; part of the fees.
    commission_bps: CommissionBps,
}

/// What is offered, whichever operation it came by.
struct Asked {
    title: Wire<Title>,
    fee_payer: Option<Wire<FeePayer>>,
    milestones: Option<Vec<CreateMilestone>>,
    template: Option<Wire<DealTemplate>>,
    amount: Option<PositiveMoney>,
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
    /// The language of the invitation, if nobody has registered with it; that of the caller if left out.
    language: Option<Wire<Locale>>,
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
fn bounded<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<CreateMilestone>>, D::Error> {
    let milestones: Option<Vec<CreateMilestone>> = Option::deserialize(deserializer)?;
    match milestones {
        Some(milestones) if !(1..=MILESTONES_MAX).contains(&milestones.len()) => {
            Err(D::Error::custom(format!("expected 1 to {MILESTONES_MAX} milestones")))
        }
        milestones => Ok(milestones),
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
    pub(super) async fn parse(
        self,
        context: &Context,
        caller: UserId,
    ) -> Result<NewDealRequest, ApiError> {
        let currency = self.currency.0;
        let reference = self.reference.map(|reference| reference.0.0);
        let label = Label::new(reference, self.metadata.unwrap_or_default()).map_err(of_label)?;
        let Self { title, fee_payer, milestones, template, amount, terms, .. } = self;
        let asked = Asked { title, fee_payer, milestones, template, amount, terms };
        let offer = asked.offer(context, currency)?;
        let broker = match self.broker {
            Some(broker) => Some(broker.find(context).await?),
            None => None,
        };
        Ok(NewDealRequest {
            organisation: self.organisation_id.map(|id| id.0),
            role: self.role.0,
            counterparty: self.counterparty.find(context, caller).await?,
            broker,
            currency,
            offer,
            label,
        })
    }
}

fn of_label(error: LabelError) -> ApiError {
    let pointer = match error {
        LabelError::Reference => "/reference",
        LabelError::Metadata => "/metadata",
    };
    ApiError::field(pointer, error.to_string())
}

impl CounterDeal {
    /// Its currency is that of the deal, which the store sees to.
    pub(super) fn parse(self, context: &Context) -> Result<OfferRequest, ApiError> {
        let Self { title, fee_payer, milestones, template, amount, terms } = self;
        let parts = milestones.iter().flatten().map(|part| part.amount.currency.0);
        let currency = amount.iter().map(|money| money.currency.0).chain(parts).next();
        let asked = Asked { title, fee_payer, milestones, template, amount, terms };
        asked.offer(context, currency.unwrap_or(Currency::Kes))
    }
}

impl Asked {
    fn offer(self, context: &Context, currency: Currency) -> Result<OfferRequest, ApiError> {
        let payer = self.fee_payer.map_or(FeePayer::Seller, |payer| payer.0);
        let (title, fees) = (self.title.0.0, context.fees.plan(currency, payer)?);
        let terms = self.terms.unwrap_or_default();
        match (self.milestones, self.template, self.amount) {
            (Some(parts), None, None) => {
                let (terms, milestones) = (terms.on(Terms::usual()), milestones(parts, currency)?);
                Ok(OfferRequest { title, fees, terms, milestones })
            }
            (None, Some(template), Some(price)) => {
                if price.currency.0 != currency {
                    let expected = "expected the currency of the deal";
                    return Err(ApiError::field("/amount/currency", expected));
                }
                let (template, price) = (template.0, price.money()?);
                let offer = OfferRequest::of_template(template, title, price, fees);
                Ok(OfferRequest { terms: terms.on(offer.terms), ..offer })
            }
            _ => Err(ApiError::field("", "expected either milestones, or template and amount")),
        }
    }
}

impl CreateBroker {
    async fn find(self, context: &Context) -> Result<Broker, ApiError> {
        let payee = match (self.handle, self.user_id) {
            (Some(handle), None) => Payee::Handle(handle.0),
            (None, Some(user)) => Payee::User(user.0),
            _ => return Err(ApiError::field("/broker", "expected either handle or user_id")),
        };
        let found = context.store.person_meant(&payee).await?;
        let user = found.ok_or_else(|| ApiError::field("/broker", "there is no such person"))?;
        Ok(Broker { user, commission_bps: self.commission_bps.get_u16() })
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

impl CreateTerms {
    /// What is said, and otherwise what is usual.
    fn on(self, usual: Terms) -> Terms {
        Terms {
            acceptance: period(self.acceptance_hours, usual.acceptance),
            funding: period(self.funding_hours, usual.funding),
            inspection: period(self.inspection_hours, usual.inspection),
            rework: period(self.rework_hours, usual.rework),
            answer: period(self.answer_hours, usual.answer),
            award: period(self.award_hours, usual.award),
        }
    }
}

impl Counterparty {
    /// Whoever has verified it, or else an invitation to it.
    async fn find(self, context: &Context, caller: UserId) -> Result<Opposite, ApiError> {
        let (payee, contact) = match (self.email, self.phone) {
            (Some(email), None) => {
                let address = email.0.0.to_lowercase();
                (Payee::Email(address.clone()), Contact::Email(address))
            }
            (None, Some(phone)) => (Payee::Phone(phone.0.0.clone()), Contact::Phone(phone.0.0)),
            (None, None) | (Some(_), Some(_)) => {
                return Err(ApiError::field("/counterparty", "expected either email or phone"));
            }
        };
        context.budgets.counterparty(caller, context.now()).await?;
        let user = context.store.person_meant(&payee).await?;
        let locale = self.language.map(|language| language.0);
        Ok(user.map_or(Opposite::Invited(contact, locale), Opposite::Registered))
    }
}
