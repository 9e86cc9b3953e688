//! Messages about a deal's events, with the amounts and names at that time.

mod others;

use super::write::By;
use crate::error::Error;
use crate::notifications::{Message, deadline_text};
use crate::users::User;
use amana_domain::deal::{
    Deal, DealState, Decision, Event, Milestone, MilestoneState, Proof, Role,
};
use amana_domain::id::{MilestoneId, UserId};
use amana_domain::ledger::Account;
use amana_domain::money::Money;
use amana_domain::notice::{self, Locale, Notice, Template};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// All users whom the deal concerns, by id.
type Everybody = BTreeMap<UserId, User>;

pub(super) fn messages(
    before: &Deal,
    decision: &Decision,
    by: &By,
    everybody: &Everybody,
) -> Result<Vec<Message>, Error> {
    let deal = &decision.deal;
    let side = |role| deal.party(role).and_then(|id| everybody.get(&id));
    let mut messages = vec![];
    for notice in notice::of_decision(decision, before, by.actor) {
        let Some(to) = side(notice.to) else { continue };
        let other = side(notice.to.other());
        let other = other.map_or(nobody_yet(to.locale), |user| user.name.as_str());
        let told = Told { before, decision, by, notice, to: to.id };
        messages.push(Message::new(to, told.template()?, told.params(other)?));
    }
    for event in &decision.events {
        messages.extend(others::to_payers(decision, event, everybody)?);
        messages.extend(others::to_broker(decision, event, everybody)?);
        if let Some(buyer) = side(Role::Buyer) {
            messages.extend(hand_over_codes(deal, event, buyer, side(Role::Seller)));
        }
    }
    Ok(messages)
}

/// Returns the name for an invitee who has not joined yet, because their own name is unknown.
const fn nobody_yet(locale: Locale) -> &'static str {
    match locale {
        Locale::English => "the person you invited",
        Locale::Swahili => "uliyemwalika",
    }
}

/// Returns the messages with delivery codes for the buyer: all codes when the deal is funded, a new one after a
/// delivery was rejected.
fn hand_over_codes(
    deal: &Deal,
    event: &Event,
    buyer: &User,
    seller: Option<&User>,
) -> Vec<Message> {
    let wanted = |milestone: &&Milestone| {
        let is_new = *event == Event::Funded || *event == Event::MilestoneRejected(milestone.id);
        is_new
            && milestone.proof == Some(Proof::HandOver)
            && milestone.state == MilestoneState::Funded
    };
    let message = |milestone: &Milestone| {
        let params = json!({
            "counterparty": seller.map(|seller| seller.name.as_str()),
            "deal_title": deal.title,
            "milestone": part(deal, milestone),
        });
        Message::new(buyer, Template::DeliveryCode, params).with_hand_over(milestone.id)
    };
    deal.milestones.iter().filter(wanted).map(message).collect()
}

/// Returns a milestone's name in messages. A deal with one milestone uses the deal's title.
fn part<'a>(deal: &'a Deal, milestone: &'a Milestone) -> &'a str {
    if deal.milestones.len() == 1 { &deal.title } else { &milestone.title }
}

/// One message to one party.
struct Told<'a> {
    before: &'a Deal,
    decision: &'a Decision,
    by: &'a By,
    notice: Notice<'a>,
    to: UserId,
}

impl Told<'_> {
    /// Returns the template. A buyer whose deal was paid by others gets no refund, and so another template.
    fn template(&self) -> Result<Template, Error> {
        let is_back = self.notice.template == Template::MilestoneRefunded;
        let nothing = is_back && self.own()?.is_zero();
        Ok(if nothing { Template::BuyerRefunded } else { self.notice.template })
    }

    fn milestone(&self) -> Option<&Milestone> {
        self.notice.event.milestone().and_then(|id| self.decision.deal.milestone(id))
    }

    fn params(&self, counterparty: &str) -> Result<Value, Error> {
        let (deal, event) = (&self.decision.deal, self.notice.event);
        let mut params = Map::from_iter([
            ("counterparty".to_owned(), json!(counterparty)),
            ("deal_title".to_owned(), json!(deal.title)),
            ("deadline".to_owned(), json!(self.deadline())),
            ("reason".to_owned(), json!(self.by.reason.as_deref().unwrap_or_default())),
            ("amount".to_owned(), json!(self.amount()?.to_string())),
            ("next".to_owned(), json!(self.notice.to.as_str())),
            ("outcome".to_owned(), json!(outcome(deal))),
            ("ended".to_owned(), json!(self.before.state.as_str())),
            ("why".to_owned(), json!(self.notice.cause.map(|cause| cause.as_str()))),
        ]);
        if let Event::Paid { .. } = event {
            let left = deal.outstanding().map_err(Error::row)?;
            params.insert("left".to_owned(), json!(left.to_string()));
        }
        if let Some(milestone) = self.milestone() {
            let title = if self.notice.is_sum { &deal.title } else { part(deal, milestone) };
            params.insert("milestone".to_owned(), json!(title));
            self.settled(milestone, &mut params)?;
        }
        Ok(Value::Object(params))
    }

    /// Adds both parties' amounts: of an award before fees, of a split after fees.
    fn settled(&self, milestone: &Milestone, params: &mut Map<String, Value>) -> Result<(), Error> {
        let whole = milestone.amount;
        let (for_seller, for_buyer) = match self.notice.event {
            Event::Awarded { award, .. } => {
                (award.to_seller, whole.minus(award.to_seller).map_err(Error::row)?)
            }
            Event::MilestoneSplit { to_seller, to_buyer, .. } => (*to_seller, *to_buyer),
            Event::Created
            | Event::Joined(_)
            | Event::Proposed
            | Event::Countered(_)
            | Event::Agreed(_)
            | Event::PayerAdded(_)
            | Event::Paid { .. }
            | Event::PaymentReturned { .. }
            | Event::Funded
            | Event::MilestoneDelivered(_)
            | Event::MilestoneRejected(_)
            | Event::MilestoneReleased(_)
            | Event::MilestoneRefunded(_)
            | Event::SplitOffered { .. }
            | Event::DisputeOpened { .. }
            | Event::DisputeAnswered(_)
            | Event::AwardProposed { .. }
            | Event::ExtensionRequested { .. }
            | Event::Extended { .. }
            | Event::CancellationRequested(_)
            | Event::Cancelled
            | Event::Expired
            | Event::Completed => return self.paid(whole, params),
        };
        params.insert("for_seller".to_owned(), json!(for_seller.to_string()));
        params.insert("for_buyer".to_owned(), json!(for_buyer.to_string()));
        Ok(())
    }

    /// Adds the price, and the fee that was deducted from it.
    fn paid(&self, price: Money, params: &mut Map<String, Value>) -> Result<(), Error> {
        if self.notice.template == Template::MilestoneReleased {
            let fee = price.minus(self.own()?).map_err(Error::row)?;
            params.insert("price".to_owned(), json!(price.to_string()));
            params.insert("fee".to_owned(), json!(fee.to_string()));
        }
        Ok(())
    }

    fn deadline(&self) -> String {
        let due_at = match self.notice.event {
            Event::ExtensionRequested { until, .. } | Event::Extended { until, .. } => Some(*until),
            Event::Created
            | Event::Joined(_)
            | Event::Proposed
            | Event::Countered(_)
            | Event::Agreed(_)
            | Event::PayerAdded(_)
            | Event::Paid { .. }
            | Event::PaymentReturned { .. }
            | Event::Funded
            | Event::MilestoneDelivered(_)
            | Event::MilestoneRejected(_)
            | Event::MilestoneReleased(_)
            | Event::MilestoneRefunded(_)
            | Event::MilestoneSplit { .. }
            | Event::SplitOffered { .. }
            | Event::DisputeOpened { .. }
            | Event::DisputeAnswered(_)
            | Event::AwardProposed { .. }
            | Event::Awarded { .. }
            | Event::CancellationRequested(_)
            | Event::Cancelled
            | Event::Expired
            | Event::Completed => {
                self.milestone().map_or(self.decision.deal.due_at, |milestone| milestone.due_at)
            }
        };
        due_at.map(deadline_text).unwrap_or_default()
    }

    /// Returns the amount in the message: the recipient's share if the event pays out, or else the event's own or the
    /// full amount.
    fn amount(&self) -> Result<Money, Error> {
        let deal = &self.decision.deal;
        match (self.notice.event, self.milestone()) {
            (Event::Paid { amount, .. }, _) => Ok(*amount),
            (Event::SplitOffered { to_seller, .. }, _) => Ok(*to_seller),
            (Event::MilestoneReleased(_), Some(milestone))
                if self.notice.template == Template::SellerPaid =>
            {
                Ok(milestone.amount)
            }
            (Event::MilestoneRefunded(_), Some(_))
                if self.template()? == Template::BuyerRefunded =>
            {
                self.given_back()
            }
            (
                Event::MilestoneReleased(_)
                | Event::MilestoneRefunded(_)
                | Event::MilestoneSplit { .. }
                | Event::Awarded { .. },
                Some(_),
            ) => self.own(),
            (_, Some(milestone)) => Ok(milestone.amount),
            (_, None) => deal.price().map_err(Error::row),
        }
    }

    /// Returns the recipient's share of the milestone, or of all milestones.
    fn own(&self) -> Result<Money, Error> {
        self.sum(&[self.to])
    }

    /// Returns the amount that was refunded to the payers.
    fn given_back(&self) -> Result<Money, Error> {
        let payers = self.decision.deal.payers.iter();
        self.sum(&payers.map(|payer| payer.user).collect::<Vec<_>>())
    }

    fn sum(&self, people: &[UserId]) -> Result<Money, Error> {
        let minor = match self.notice.event.milestone() {
            Some(_) if self.notice.is_sum => received(self.decision, None, people),
            Some(id) => received(self.decision, Some(id), people),
            None => 0,
        };
        Money::new(minor, self.decision.deal.currency).map_err(Error::row)
    }
}

/// Returns how the money of an ended deal was settled.
fn outcome(deal: &Deal) -> &'static str {
    let ended = |state| deal.milestones.iter().all(|milestone| milestone.state == state);
    if deal.state == DealState::Refunded {
        "refunded"
    } else if ended(MilestoneState::Released) {
        "released"
    } else {
        "divided"
    }
}

/// Returns the amount that the settlement of one or of all milestones credited to these users' wallets.
fn received(decision: &Decision, id: Option<MilestoneId>, to: &[UserId]) -> i64 {
    let key = id.map(|id| format!("{id}:settle"));
    let is_wanted = |entry_key: &str| match &key {
        Some(key) => entry_key == key,
        None => entry_key.ends_with(":settle"),
    };
    let wallets: Vec<Account> =
        to.iter().map(|user| Account::available(*user, decision.deal.currency)).collect();
    let entries = decision.entries.iter().filter(|entry| is_wanted(&entry.key));
    let postings = entries.flat_map(|entry| entry.postings());
    let own = postings.filter(|posting| wallets.contains(&posting.account));
    own.map(|posting| posting.amount_minor).fold(0, i64::saturating_add)
}
