//! A path of the exploration, in plain words.

use crate::action::{self, Action};
use crate::cast::{self, KES, MILESTONES};
use crate::market::Market;
use crate::provider::Said;
use crate::state::State;
use amana_domain::deal::{Actor, Award, Command, Timer};
use amana_domain::id::{MilestoneId, UserId};
use amana_domain::ledger::{Account, AccountKind};
use chrono::TimeDelta;

/// Who does what.
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
            part.map_or("what is outstanding".into(), |minor| cast::kes(minor).to_string())
        ),
        Action::Say { payment, said } => {
            format!("M-Pesa, of payment {}: {}", payment.saturating_add(1), says(*said))
        }
        Action::Wait { .. } | Action::Try { .. } | Action::Extend { .. } => {
            let by = action::wait(state, action).unwrap_or_default();
            format!("Nobody does anything for {}", span(by))
        }
    }
}

fn does(command: &Command) -> String {
    match command {
        Command::Join(_) => "the invited side joins".into(),
        Command::Propose => "proposes the deal".into(),
        Command::Counter(_) => "makes another offer".into(),
        Command::Agree(revision) => format!("signs revision {revision}"),
        Command::AddPayer(user) => format!("lets {} pay too", cast::name(*user)),
        Command::Fund { payer, amount } => format!(
            "pays {} from the wallet of {}",
            amount.map_or("what is outstanding".into(), |amount| amount.to_string()),
            cast::name(*payer)
        ),
        Command::Deliver { milestone, .. } => format!("delivers {}", part(*milestone)),
        Command::Reject(id) => format!("sends {} back", part(*id)),
        Command::Release(id) => format!("releases {}", part(*id)),
        Command::Refund(id) => format!("gives back the money for {}", part(*id)),
        Command::OfferSplit { milestone, to_seller } => {
            format!("offers {to_seller} to the seller for {}", part(*milestone))
        }
        Command::AcceptSplit { milestone, to_seller } => {
            format!("takes the offer of {to_seller} for {}", part(*milestone))
        }
        Command::Dispute(id) => format!("disputes {}", part(*id)),
        Command::Answer(id) => format!("answers the dispute about {}", part(*id)),
        Command::Award { milestone, award } => {
            format!("awards {} for {}", ruling(award), part(*milestone))
        }
        Command::Extend { timer, .. } => format!("asks for a later end of {}", deadline(*timer)),
        Command::Cancel => "calls the deal off".into(),
        Command::MutualCancel => "wants to call the deal off".into(),
        Command::Expire(timer) => format!("{} runs out", deadline(*timer)),
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
    format!("the time for {}{of}", timer.name())
}

const fn says(said: Said) -> &'static str {
    match said {
        Said::Accepted => "accepted",
        Said::Lost => "(no answer)",
        Said::Refused => "refused",
        Said::CallbackPaid => "calls back that it is paid",
        Said::CallbackFailed => "calls back that it has failed",
        Said::CallbackOdd => "calls back that another amount was paid",
        Said::PollPaid => "answers when asked that it is paid",
        Said::PollFailed => "answers when asked that it has failed",
        Said::OnStatement => "it is on the statement",
        Said::NotOnStatement => "it is not on the statement",
    }
}

/// A text with names in the place of ids.
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

/// What every account holds that holds anything, and has in this world.
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
