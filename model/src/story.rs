//! A path of the exploration, in words.

use crate::action::{self, Action};
use crate::cast::{self, KES, MILESTONES};
use crate::market::Market;
use crate::provider::Said;
use crate::state::State;
use amana_domain::deal::{Actor, Award, Command, Timer};
use amana_domain::id::{MilestoneId, UserId};
use amana_domain::ledger::{Account, AccountKind};
use chrono::TimeDelta;

/// Describes an action and its actor.
#[must_use]
pub fn step(market: &Market, state: &State, action: &Action) -> String {
    if let Some((actor, command)) = action::command(market, state, action) {
        let who = match actor {
            Actor::User(user) | Actor::Arbiter(user) => cast::name(user),
            Actor::System => "Amana",
        };
        return format!("{who}: {}", does(&command));
    }
    match action {
        Action::Ask { payer, part } => format!(
            "{}: pays {} by phone",
            cast::name(*payer),
            part.map_or("the outstanding amount".into(), |minor| cast::kes(minor).to_string())
        ),
        Action::Say { payment, said } => {
            format!("M-Pesa about payment {}: {}", payment.saturating_add(1), says(*said))
        }
        Action::Wait { .. } | Action::Try { .. } | Action::Extend { .. } => {
            let by = action::wait(state, action).unwrap_or_default();
            format!("{} pass without any action", span(by))
        }
    }
}

fn does(command: &Command) -> String {
    match command {
        Command::Join(_) => "the invited party joins".into(),
        Command::Propose => "proposes the deal".into(),
        Command::Counter(_) => "makes another offer".into(),
        Command::Agree(revision) => format!("accepts revision {revision}"),
        Command::AddPayer(user) => format!("adds {} as a payer", cast::name(*user)),
        Command::Fund { payer, amount } => format!(
            "pays {} from the wallet of {}",
            amount.map_or("the outstanding amount".into(), |amount| amount.to_string()),
            cast::name(*payer)
        ),
        Command::Deliver { milestone, .. } => format!("delivers {}", part(*milestone)),
        Command::Reject(id) => format!("rejects {}", part(*id)),
        Command::Release(id) => format!("releases {}", part(*id)),
        Command::Refund(id) => format!("refunds {}", part(*id)),
        Command::OfferSplit { milestone, to_seller } => {
            format!("offers {to_seller} to the seller for {}", part(*milestone))
        }
        Command::AcceptSplit { milestone, to_seller } => {
            format!("accepts the offer of {to_seller} for {}", part(*milestone))
        }
        Command::Dispute(id) => format!("disputes {}", part(*id)),
        Command::Answer(id) => format!("answers the dispute about {}", part(*id)),
        Command::Award { milestone, award } => {
            format!("awards {} for {}", ruling(award), part(*milestone))
        }
        Command::Extend { timer, .. } => format!("requests a later {}", deadline(*timer)),
        Command::Cancel => "cancels the deal".into(),
        Command::MutualCancel => "requests or accepts mutual cancellation".into(),
        Command::Expire(timer) => format!("{} expires", deadline(*timer)),
    }
}

fn ruling(award: &Award) -> String {
    let waived = if award.fees_waived { ", without fees" } else { "" };
    let costs = award.costs.map_or(String::new(), |costs| {
        format!(", costs of {} borne by the {}", costs.amount, costs.borne_by)
    });
    format!("{} to the seller{waived}{costs}", award.to_seller)
}

fn part(id: MilestoneId) -> String {
    let place = MILESTONES.iter().position(|known| *known == id).unwrap_or(MILESTONES.len());
    format!("milestone {}", place.saturating_add(1))
}

fn deadline(timer: Timer) -> String {
    let of = timer.milestone().map_or(String::new(), |id| format!(" of {}", part(id)));
    format!("{} deadline{of}", timer.name())
}

const fn says(said: Said) -> &'static str {
    match said {
        Said::Accepted => "accepted",
        Said::Lost => "(no answer)",
        Said::Refused => "refused",
        Said::CallbackPaid => "callback: paid",
        Said::CallbackFailed => "callback: failed",
        Said::CallbackOdd => "callback: another amount paid",
        Said::PollPaid => "status query: paid",
        Said::PollFailed => "status query: failed",
        Said::OnStatement => "on the statement",
        Said::NotOnStatement => "not on the statement",
    }
}

/// Replaces ids by names in a text.
#[must_use]
pub fn named(text: &str) -> String {
    let people = cast::PEOPLE.iter().map(|(user, name)| (user.to_string(), (*name).to_owned()));
    let parts = MILESTONES.iter().map(|id| (id.to_string(), part(*id)));
    people.chain(parts).fold(text.to_owned(), |text, (id, name)| text.replace(&id, &name))
}

/// `2 d 03:00:01`.
#[must_use]
pub fn span(by: TimeDelta) -> String {
    let seconds = by.num_seconds().rem_euclid(60);
    let minutes = by.num_minutes().rem_euclid(60);
    let (days, hours) = (by.num_days(), by.num_hours().rem_euclid(24));
    format!("{days} d {hours:02}:{minutes:02}:{seconds:02}")
}

/// Lists the balances that are not zero.
#[must_use]
pub fn accounts(state: &State) -> String {
    let held = state.books.positions.iter().filter(|(_, position)| position.balance_minor != 0);
    let words = held
        .map(|(account, held)| format!("{} {}", owner(account), KES.decimal(held.balance_minor)));
    words.collect::<Vec<_>>().join(" · ")
}

fn owner(account: &Account) -> &'static str {
    match account.kind {
        AccountKind::UserAvailable | AccountKind::UserHeld => {
            cast::name(UserId::new(account.owner))
        }
        AccountKind::DealEscrow => "escrow",
        AccountKind::ProviderClearing => "M-Pesa",
        AccountKind::PlatformFees => "fees",
        AccountKind::PlatformProviderCosts => "provider costs",
        AccountKind::PlatformSuspense => "suspense",
        AccountKind::PlatformBank => "bank",
    }
}
