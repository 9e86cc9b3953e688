//! The laws about deadlines that pass without action.

use super::ensure;
use crate::cast::{AMINA, DEAL, JUMA, KES, ZURI};
use crate::clock::{self, MOMENT, NOW};
use crate::state::State;
use amana_domain::deal::{
    Actor, Command, Deal, DealState, Decision, Division, Milestone, MilestoneState, Silence, Stage,
    Timer, decide, declared_outcome,
};
use amana_domain::id::UserId;
use amana_domain::ledger::{Account, Entry};
use amana_domain::money::Money;

/// Maximum number of deadlines that a deal of two milestones has left: funding, and one for each milestone.
const LAPSES_MAX: usize = 3;

/// Checks that deadlines alone, in their order, end the deal with an empty escrow. [`declared`] checks the outcome of
/// each deadline, when it expires as a step.
///
/// # Errors
/// A description of the state in which the deal stays.
pub fn ends(state: &State) -> Result<(), String> {
    let escrow = Account::escrow(DEAL, KES);
    if state.books.holds(&escrow) > 0 {
        ensure(!state.deal.dues().is_empty(), || {
            "money is in escrow, but no deadline runs".into()
        })?;
    } else if state.deal.state == DealState::Draft || state.deal.state.is_final() {
        return Ok(());
    }
    let mut deal = Deal::clone(&state.deal);
    let mut positions = state.books.positions.clone();
    let mut now = NOW;
    for _ in 0..LAPSES_MAX {
        let Some((timer, due_at)) = clock::first(&deal) else { break };
        now = now.max(clock::plus(due_at, MOMENT));
        let decision = decide(&deal, &Command::Expire(timer), Actor::System, now)
            .map_err(|refusal| format!("{} cannot expire: {refusal}", timer.name()))?;
        for entry in &decision.entries {
            positions.apply(entry).map_err(|error| error.to_string())?;
        }
        deal = decision.deal;
    }
    let left = positions.get(&escrow).balance_minor;
    ensure(deal.state.is_final() && left == 0, || {
        format!("without any action the deal stays {}, with {left} in escrow", deal.state)
    })
}

/// Compares the effect of a deadline with its declared outcome.
///
/// # Errors
/// A description of the difference.
pub fn declared(deal: &Deal, timer: Timer, decision: &Decision) -> Result<(), String> {
    let milestone = timer.milestone().and_then(|id| deal.milestone(id));
    let dispute = milestone.and_then(|milestone| milestone.dispute);
    let outcome = declared_outcome(timer, dispute.map(|dispute| dispute.opened_by));
    let after = timer.milestone().and_then(|id| decision.deal.milestone(id));
    let is = |state| after.is_some_and(|milestone| milestone.state == state);
    let holds = match (outcome, milestone) {
        (Silence::DealExpires, None) => {
            decision.deal.state == DealState::Expired && decision.entries.is_empty()
        }
        (Silence::PaymentsReturn, None) => {
            decision.deal.state == DealState::Expired
                && [AMINA, ZURI].into_iter().all(|user| {
                    let paid = deal.payers.iter().find(|payer| payer.user == user);
                    gets(&decision.entries, user) == paid.map_or(0, |payer| payer.paid.minor())
                })
        }
        (Silence::BuyerRefunded, Some(milestone)) => {
            is(MilestoneState::Refunded) && shared(milestone, decision, 0, whole(milestone))
        }
        (Silence::SellerPaid, Some(milestone)) => {
            let earned = milestone.amount.minus(milestone.charge.seller);
            is(MilestoneState::Released) && shared(milestone, decision, minor(earned.ok()), 0)
        }
        (Silence::Award, Some(milestone)) => {
            let (to_seller, to_buyer) = awarded(milestone);
            shared(milestone, decision, to_seller, to_buyer)
        }
        _ => false,
    };
    ensure(holds, || format!("the deadline did not lead to its declared outcome `{outcome}`"))
}

/// Returns the amounts for the seller and the payers: those of the proposed award, or half of the amount each, with all
/// fees returned to the payers.
fn awarded(milestone: &Milestone) -> (i64, i64) {
    if let Some(Stage::Awarded { award, .. }) = milestone.dispute.map(|dispute| dispute.stage) {
        let division = Division::of(milestone, &award).ok();
        return (minor(division.map(|d| d.to_seller())), minor(division.map(|d| d.to_buyer())));
    }
    let half = milestone.amount.minor().div_euclid(2);
    (half, whole(milestone).saturating_sub(half))
}

fn whole(milestone: &Milestone) -> i64 {
    minor(milestone.in_escrow().ok())
}

/// Returns -1 for a missing amount, which equals no valid amount.
fn minor(money: Option<Money>) -> i64 {
    money.map_or(-1, Money::minor)
}

/// Returns whether seller and payers get exactly these amounts, from the escrow of this milestone only.
fn shared(milestone: &Milestone, decision: &Decision, to_seller: i64, to_buyers: i64) -> bool {
    let taken = taken(&decision.entries).saturating_neg();
    let gets = (gets(&decision.entries, JUMA), buyers(&decision.entries));
    taken == whole(milestone) && gets == (to_seller, to_buyers)
}

/// Checks that after a deadline no other outcome is possible, however late its timer runs. Only the party that benefits
/// from the outcome may give it up.
///
/// # Errors
/// A description of the late action or of the loss of a party.
pub fn kept(deal: &Deal, actor: Actor, decision: &Decision) -> Result<(), String> {
    let after = &decision.deal;
    if clock::own(deal).is_some_and(|due_at| NOW > due_at) {
        let same = (after.state, after.due_at) == (deal.state, deal.due_at);
        let over = same || after.state == DealState::Cancelled;
        ensure(over && after.fundings == deal.fundings, || {
            "the deal continued after its deadline".into()
        })?;
    }
    for (before, after) in deal.milestones.iter().zip(&after.milestones) {
        let Some((timer, _)) = before.due().filter(|(_, due_at)| NOW > *due_at) else { continue };
        if after.state.is_open() {
            let same = (after.state, after.due_at, after.dispute)
                == (before.state, before.due_at, before.dispute);
            ensure(same, || format!("the milestone changed after the {} deadline", timer.name()))?;
            continue;
        }
        let silent = decide(deal, &Command::Expire(timer), Actor::System, NOW)
            .map_err(|refusal| format!("{} cannot expire: {refusal}", timer.name()))?;
        let settles = |entry: &&Entry| silent.entries.iter().any(|other| other.key == entry.key);
        let entry: Vec<Entry> = decision.entries.iter().filter(settles).cloned().collect();
        let sides = [
            (Actor::User(JUMA), "seller", gets(&silent.entries, JUMA), gets(&entry, JUMA)),
            (Actor::User(AMINA), "buyer", buyers(&silent.entries), buyers(&entry)),
        ];
        for (side, name, declared, got) in sides {
            ensure(actor == side || got >= declared, || {
                let deadline = timer.name();
                format!("after the {deadline} deadline the {name} gets {got}, not {declared}")
            })?;
        }
    }
    Ok(())
}

fn buyers(entries: &[Entry]) -> i64 {
    gets(entries, AMINA).saturating_add(gets(entries, ZURI))
}

fn gets(entries: &[Entry], user: UserId) -> i64 {
    of(entries, Account::available(user, KES))
}

fn taken(entries: &[Entry]) -> i64 {
    of(entries, Account::escrow(DEAL, KES))
}

fn of(entries: &[Entry], account: Account) -> i64 {
    let postings = entries.iter().flat_map(Entry::postings);
    let own = postings.filter(|posting| posting.account == account);
    own.fold(0i64, |sum, posting| sum.saturating_add(posting.amount_minor))
}
