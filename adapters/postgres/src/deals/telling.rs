//! Telling people what has happened to their deal; amounts and names are those of this moment.

use super::write::By;
use crate::error::Error;
use crate::notifications::{Message, deadline_text};
use crate::users::User;
use amana_domain::deal::{Deal, DealState, Decision, Event};
use amana_domain::id::UserId;
use amana_domain::ledger::Account;
use amana_domain::money::Money;
use amana_domain::notice::{self, Locale, Template};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Everybody whom the deal concerns, by their id.
type Everybody = BTreeMap<UserId, User>;

pub(super) fn messages(
    decision: &Decision,
    by: &By,
    everybody: &Everybody,
) -> Result<Vec<Message>, Error> {
    let deal = &decision.deal;
    let side = |role| deal.party(role).and_then(|id| everybody.get(&id));
    let mut messages = vec![];
    for event in &decision.events {
        for (role, template) in notice::of_event(event, deal) {
            let Some(to) = side(role) else { continue };
            let other = side(role.other());
            let other = other.map_or(nobody_yet(to.locale), |user| user.name.as_str());
            let params = params(decision, event, to.id, other, by)?;
            messages.push(Message::new(to, template, params));
        }
        messages.extend(to_payers(decision, event, everybody)?);
        messages.extend(to_broker(decision, event, everybody)?);
    }
    Ok(messages)
}

fn known(everybody: &Everybody, id: UserId) -> Result<&User, Error> {
    everybody.get(&id).ok_or(Error::NotFound("user"))
}

/// What somebody is called who was invited and has not joined: no more is known of them.
const fn nobody_yet(locale: Locale) -> &'static str {
    match locale {
        Locale::English => "the person you invited",
        Locale::Swahili => "uliyemwalika",
    }
}

/// Who pays without being a side hears of what concerns their money.
fn to_payers(
    decision: &Decision,
    event: &Event,
    everybody: &Everybody,
) -> Result<Vec<Message>, Error> {
    let deal = &decision.deal;
    match event {
        Event::PayerNamed(payer) => {
            let to = known(everybody, *payer)?;
            let params = json!({
                "counterparty": deal.buyer.and_then(|id| everybody.get(&id)).map(|user| user.name.as_str()),
                "deal_title": deal.title,
                "amount": deal.price().map_err(Error::row)?.to_string(),
            });
            Ok(vec![Message::new(to, Template::PayerNamed, params)])
        }
        Event::Paid { payer, amount } if deal.buyer != Some(*payer) => {
            let to = known(everybody, *payer)?;
            let (price, left) = (deal.price(), deal.outstanding());
            let (template, amount) = match deal.state {
                DealState::Agreed => (Template::DealPaidInPart, *amount),
                _ => (Template::DealFunded, price.map_err(Error::row)?),
            };
            let params = json!({
                "deal_title": deal.title,
                "amount": amount.to_string(),
                "left": left.map_err(Error::row)?.to_string(),
            });
            Ok(vec![Message::new(to, template, params)])
        }
        Event::PaymentReturned { payer, amount } => {
            Ok(vec![returned(everybody, deal, *payer, *amount)?])
        }
        Event::MilestoneRefunded(_) | Event::MilestoneSplit { .. } => {
            let mut messages = vec![];
            for payer in &deal.payers {
                let minor = received(decision, event, payer.user);
                if deal.buyer != Some(payer.user) && minor > 0 {
                    let amount = Money::new(minor, deal.currency).map_err(Error::row)?;
                    messages.push(returned(everybody, deal, payer.user, amount)?);
                }
            }
            Ok(messages)
        }
        _ => Ok(vec![]),
    }
}

/// Whoever brought the two together hears of the agreement, and of each part of the commission.
fn to_broker(
    decision: &Decision,
    event: &Event,
    everybody: &Everybody,
) -> Result<Option<Message>, Error> {
    let deal = &decision.deal;
    let Some(broker) = deal.broker else { return Ok(None) };
    let (template, minor) = match event {
        Event::Agreed(_) => {
            let parts = deal.milestones.iter().map(|m| m.charge.commission.minor());
            (Template::BrokerAgreed, parts.fold(0, i64::saturating_add))
        }
        Event::MilestoneReleased(_) | Event::MilestoneSplit { .. } => {
            (Template::BrokerPaid, received(decision, event, broker.user))
        }
        _ => return Ok(None),
    };
    if minor == 0 {
        return Ok(None);
    }
    let to = known(everybody, broker.user)?;
    let amount = Money::new(minor, deal.currency).map_err(Error::row)?;
    let mut params = json!({ "deal_title": deal.title, "amount": amount.to_string() });
    let milestone = event.milestone().and_then(|id| deal.milestone(id));
    if let (Some(milestone), Some(map)) = (milestone, params.as_object_mut()) {
        map.insert("milestone".to_owned(), json!(milestone.title));
    }
    Ok(Some(Message::new(to, template, params)))
}

fn returned(
    everybody: &Everybody,
    deal: &Deal,
    payer: UserId,
    amount: Money,
) -> Result<Message, Error> {
    let to = known(everybody, payer)?;
    let params = json!({ "deal_title": deal.title, "amount": amount.to_string() });
    Ok(Message::new(to, Template::PaymentReturned, params))
}

fn params(
    decision: &Decision,
    event: &Event,
    to: UserId,
    counterparty: &str,
    by: &By,
) -> Result<Value, Error> {
    let deal = &decision.deal;
    let mut params = Map::from_iter([
        ("counterparty".to_owned(), json!(counterparty)),
        ("deal_title".to_owned(), json!(deal.title)),
        ("deadline".to_owned(), json!(deadline(deal, event))),
        ("reason".to_owned(), json!(by.reason.as_deref().unwrap_or_default())),
        ("amount".to_owned(), json!(amount(decision, event, to)?.to_string())),
    ]);
    if let Event::Paid { .. } = event {
        let left = deal.outstanding().map_err(Error::row)?;
        params.insert("left".to_owned(), json!(left.to_string()));
    }
    let milestone = event.milestone().and_then(|id| deal.milestone(id));
    if let Some(milestone) = milestone {
        params.insert("milestone".to_owned(), json!(milestone.title));
    }
    Ok(Value::Object(params))
}

fn deadline(deal: &Deal, event: &Event) -> String {
    let milestone = event.milestone().and_then(|id| deal.milestone(id));
    let due_at = match event {
        Event::ExtensionAsked { until, .. } | Event::Extended { until, .. } => Some(*until),
        _ => milestone.map_or(deal.due_at, |milestone| milestone.due_at),
    };
    due_at.map(deadline_text).unwrap_or_default()
}

/// The amount that the message is about: what went to this person, or what was said, or the whole.
fn amount(decision: &Decision, event: &Event, to: UserId) -> Result<Money, Error> {
    let deal = &decision.deal;
    let milestone = event.milestone().and_then(|id| deal.milestone(id));
    match (event, milestone) {
        (Event::Paid { amount, .. }, _) => Ok(*amount),
        (Event::SplitOffered { to_seller, .. }, _) => Ok(*to_seller),
        (Event::Awarded { award, .. }, _) => Ok(award.to_seller),
        (Event::MilestoneReleased(_) | Event::MilestoneSplit { .. }, Some(_)) => {
            let minor = received(decision, event, to);
            Money::new(minor, deal.currency).map_err(Error::row)
        }
        (Event::MilestoneRefunded(_), Some(milestone)) => milestone.in_escrow().map_err(Error::row),
        (_, Some(milestone)) => Ok(milestone.amount),
        (_, None) => deal.price().map_err(Error::row),
    }
}

/// What the settling of the event's milestone put into somebody's wallet.
fn received(decision: &Decision, event: &Event, to: UserId) -> i64 {
    let Some(id) = event.milestone() else { return 0 };
    let key = format!("{id}:settle");
    let wallet = Account::available(to, decision.deal.currency);
    let entries = decision.entries.iter().filter(|entry| entry.key == key);
    let postings = entries.flat_map(|entry| entry.postings());
    postings.filter(|p| p.account == wallet).map(|p| p.amount_minor).fold(0, i64::saturating_add)
}
