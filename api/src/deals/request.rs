//! Requests about deals, and their conversion to domain types.

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

/// A new deal.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct CreateDeal {
    /// Subject of the deal, in one line.
    title: Wire<Title>,
    /// Your role in the deal.
    role: Wire<Role>,
    /// The other party. An unregistered counterparty is invited when the deal is proposed, and joins by verifying the
    /// address or number.
    counterparty: Counterparty,
    /// Organisation in whose name the deal is created; you must be a member. The API key's organisation by default.
    organisation_id: Option<Wire<OrganisationId>>,
    /// Currency of all amounts of the deal.
    currency: Wire<Currency>,
    /// Party that bears the fees; the seller by default.
    fee_payer: Option<Wire<FeePayer>>,
    /// 1 to 20 milestones, in this order, each delivered and paid separately. Give either `milestones`, or `template`
    /// and `amount`.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(default, deserialize_with = "bounded")]
    milestones: Option<Vec<CreateMilestone>>,
    /// Name of a template (`get_deal_templates`), which divides `amount` into milestones.
    template: Option<Wire<DealTemplate>>,
    /// Price of the deal without fees; only with `template`.
    amount: Option<PositiveMoney>,
    /// Periods of the deal. Omitted periods take the default or the value of the template.
    terms: Option<CreateTerms>,
    /// Broker of the deal, if any.
    broker: Option<CreateBroker>,
    /// Your own number for the deal, such as an order number. It must be unique among your deals; only you can see it.
    reference: Option<Wire<DealReference>>,
    /// Data for your programs: at most 20 members, names of at most 40 and values of at most 500 characters. Only you
    /// can see it.
    metadata: Option<BTreeMap<String, String>>,
}

/// Another offer, given as a whole.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct CounterDeal {
    /// Subject of the deal, in one line.
    title: Wire<Title>,
    /// Party that bears the fees; the seller by default.
    fee_payer: Option<Wire<FeePayer>>,
    /// 1 to 20 milestones, as in `create_deal`. Give either `milestones`, or `template` and `amount`.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(default, deserialize_with = "bounded")]
    milestones: Option<Vec<CreateMilestone>>,
    /// Name of a template (`get_deal_templates`), which divides `amount` into milestones.
    template: Option<Wire<DealTemplate>>,
    /// Price of the deal without fees; only with `template`.
    amount: Option<PositiveMoney>,
    /// Periods of the deal. Omitted periods take the default or the value of the template.
    terms: Option<CreateTerms>,
}

/// The broker, given by either `handle` or `user_id`.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateBroker {
    /// The broker's handle, with or without the `@`.
    handle: Option<Wire<Handle>>,
    user_id: Option<Wire<UserId>>,
    /// Commission in basis points (hundredths of a percent) of all amounts. It is part of the fees.
    commission_bps: CommissionBps,
}

/// The common part of a new deal and another offer.
struct Asked {
    title: Wire<Title>,
    fee_payer: Option<Wire<FeePayer>>,
    milestones: Option<Vec<CreateMilestone>>,
    template: Option<Wire<DealTemplate>>,
    amount: Option<PositiveMoney>,
    terms: Option<CreateTerms>,
}

/// Acceptance of an offer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct AgreeDeal {
    /// Revision to accept: the deal's `revision`, as you read it.
    pub(super) revision: Revision,
}

/// The other party, given by either `email` or `phone`.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct Counterparty {
    email: Option<Wire<Email>>,
    phone: Option<Wire<Phone>>,
    /// Language of the invitation to an unregistered counterparty; your own by default.
    language: Option<Wire<Locale>>,
}

/// A milestone of a new deal.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateMilestone {
    /// Subject of the milestone, in one line.
    title: Wire<Title>,
    /// Amount of the milestone, in the currency of the deal.
    amount: PositiveMoney,
    /// Details, such as the conditions for acceptance of the delivery.
    description: Option<Wire<Description>>,
    /// At most 50 line items; their total must equal `amount`.
    #[oai(validator(max_items = 50))]
    #[serde(default, deserialize_with = "bounded_items")]
    items: Option<Vec<CreateItem>>,
    /// Required delivery proof; any or none by default.
    proof: Option<Wire<Proof>>,
    /// Delivery period in hours, starting when the deal is funded; 168 (one week) by default. Without delivery in time,
    /// the buyer is refunded.
    delivery_hours: Option<Hours>,
}

/// A line item.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateItem {
    name: Wire<Title>,
    quantity: Quantity,
    unit_price: PositiveMoney,
}

/// The periods of a deal.
#[derive(Object, Deserialize, Default)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateTerms {
    /// Hours to accept the offer after the proposal; 72 by default. Then the deal expires.
    acceptance_hours: Option<Hours>,
    /// Hours to pay after the agreement; 72 by default. Then the deal expires.
    funding_hours: Option<Hours>,
    /// Hours to reject a delivery; 72 by default. Then the seller is paid.
    inspection_hours: Option<Hours>,
    /// Hours to deliver again after a rejection; 72 by default. Then the buyer is refunded.
    rework_hours: Option<Hours>,
    /// Hours to answer a dispute; 72 by default. Then the opener gets the money.
    answer_hours: Option<Hours>,
    /// Hours for an arbiter to decide; 168 by default. Then a proposed award takes effect, or each party gets half.
    award_hours: Option<Hours>,
}

// The framework's validator does not report the path of the list.
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
    /// Looks up counterparty and broker, and converts the request to domain types.
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
    /// Takes the currency from the amounts; the store compares it with that of the deal.
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
                    let expected = "expected the same currency as the deal";
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
        let user =
            found.ok_or_else(|| ApiError::field("/broker", "no user has this handle or id"))?;
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
            Err(ApiError::field(pointer, "expected the same currency as the deal"))
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
    /// Returns the given periods, with defaults for the others.
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
    /// Returns the user who has verified the address or number, or else an invitation to it.
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
