//! Messages to users who are neither buyer nor seller: additional payers and the broker.

use super::{Everybody, part, received};
use crate::error::Error;
use crate::notifications::Message;
use crate::users::User;
use amana_domain::deal::{Deal, DealState, Decision, Event};
use amana_domain::id::UserId;
use amana_domain::money::Money;
use amana_domain::notice::Template;
use serde_json::json;

fn known(everybody: &Everybody, id: UserId) -> Result<&User, Error> {
    everybody.get(&id).ok_or(Error::NotFound("user"))
}

/// Returns the messages to additional payers, about their own money only.
pub(super) fn to_payers(
    decision: &Decision,
    event: &Event,
    everybody: &Everybody,
) -> Result<Vec<Message>, Error> {
    let deal = &decision.deal;
    match event {
        Event::PayerAdded(payer) => {
            let to = known(everybody, *payer)?;
            let params = json!({
                "counterparty": deal.buyer.and_then(|id| everybody.get(&id)).map(|user| user.name.as_str()),
                "deal_title": deal.title,
                "amount": deal.price().map_err(Error::row)?.to_string(),
            });
            Ok(vec![Message::new(to, Template::PayerAdded, params)])
        }
        Event::Paid { payer, amount } if deal.buyer != Some(*payer) => {
            let to = known(everybody, *payer)?;
            let (price, left) = (deal.price(), deal.outstanding());
            let (template, amount) = if deal.state == DealState::Agreed {
                (Template::DealPaidInPart, *amount)
            } else {
                (Template::DealFunded, price.map_err(Error::row)?)
            };
            let params = json!({
                "deal_title": deal.title,
                "amount": amount.to_string(),
                "left": left.map_err(Error::row)?.to_string(),
                "next": "payer",
            });
            Ok(vec![Message::new(to, template, params)])
        }
        Event::PaymentReturned { payer, amount } => {
            Ok(vec![returned(everybody, deal, *payer, *amount)?])
        }
        Event::MilestoneRefunded(_) | Event::MilestoneSplit { .. } => {
            let mut messages = vec![];
            for payer in &deal.payers {
                let minor = settled(decision, event, payer.user);
                if deal.buyer != Some(payer.user) && minor > 0 {
                    let amount = Money::new(minor, deal.currency).map_err(Error::row)?;
                    messages.push(returned(everybody, deal, payer.user, amount)?);
                }
            }
            Ok(messages)
        }
        Event::Created
        | Event::Joined(_)
        | Event::Proposed
        | Event::Countered(_)
        | Event::Agreed(_)
        | Event::Paid { .. }
        | Event::Funded
        | Event::MilestoneDelivered(_)
        | Event::MilestoneRejected(_)
        | Event::MilestoneReleased(_)
        | Event::SplitOffered { .. }
        | Event::DisputeOpened { .. }
        | Event::DisputeAnswered(_)
        | Event::AwardProposed { .. }
        | Event::Awarded { .. }
        | Event::ExtensionRequested { .. }
        | Event::Extended { .. }
        | Event::CancellationRequested(_)
        | Event::Cancelled
        | Event::Expired
        | Event::Completed => Ok(vec![]),
    }
}

/// Returns the message to the broker: about the agreement, and about each payment of commission.
pub(super) fn to_broker(
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
            (Template::BrokerPaid, settled(decision, event, broker.user))
        }
        Event::Created
        | Event::Joined(_)
        | Event::Proposed
        | Event::Countered(_)
        | Event::PayerAdded(_)
        | Event::Paid { .. }
        | Event::PaymentReturned { .. }
        | Event::Funded
        | Event::MilestoneDelivered(_)
        | Event::MilestoneRejected(_)
        | Event::MilestoneRefunded(_)
        | Event::SplitOffered { .. }
        | Event::DisputeOpened { .. }
        | Event::DisputeAnswered(_)
        | Event::AwardProposed { .. }
        | Event::Awarded { .. }
        | Event::ExtensionRequested { .. }
        | Event::Extended { .. }
        | Event::CancellationRequested(_)
        | Event::Cancelled
        | Event::Expired
        | Event::Completed => return Ok(None),
    };
    if minor == 0 {
        return Ok(None);
    }
    let to = known(everybody, broker.user)?;
    let amount = Money::new(minor, deal.currency).map_err(Error::row)?;
    let mut params = json!({ "deal_title": deal.title, "amount": amount.to_string() });
    let milestone = event.milestone().and_then(|id| deal.milestone(id));
    if let (Some(milestone), Some(map)) = (milestone, params.as_object_mut()) {
        map.insert("milestone".to_owned(), json!(part(deal, milestone)));
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

/// Returns the amount that the settlement of the event's milestone credited to a user's wallet.
fn settled(decision: &Decision, event: &Event, to: UserId) -> i64 {
    event.milestone().map_or(0, |id| received(decision, Some(id), &[to]))
}
