//! All actions to try in a state, allowed or not.

use crate::cast::{AMINA, CAST, JUMA, MILESTONES, OTIENO, ZURI, kes};
use crate::clock;
use crate::market::Market;
use crate::provider::Said;
use crate::state::State;
use crate::world::World;
use amana_domain::deal::{Actor, Command, Proof, Timer};
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An actor tries a command: indexes into the cast and the command list.
    Try {
        who: usize,
        what: usize,
    },
    Extend {
        who: usize,
        timer: Timer,
        until: DateTime<Utc>,
    },
    /// Sends a payment prompt for the outstanding amount, or for a part of it.
    Ask {
        payer: UserId,
        part: Option<i64>,
    },
    /// The provider sends a message about a payment, possibly a repeated one.
    Say {
        payment: usize,
        said: Said,
    },
    /// Time passes until just after the next deadline, or to the deadline itself.
    Wait {
        at_the_moment: bool,
    },
}

/// Returns all commands except `Extend`, for milestones of these sizes.
#[must_use]
pub fn commands(world: &World, sizes: [i64; 2]) -> Vec<Command> {
    let mut all = vec![Command::Join(AMINA), Command::Join(JUMA), Command::Propose];
    all.extend(world.offers().map(Command::Counter));
    all.extend((1..=world.revisions_max).map(Command::Agree));
    all.extend([ZURI, JUMA].map(Command::AddPayer));
    for payer in [AMINA, ZURI, JUMA, OTIENO] {
        let parts = world.parts.iter();
        all.extend(parts.map(|part| Command::Fund { payer, amount: part.map(kes) }));
    }
    for (milestone, amount) in MILESTONES.into_iter().zip(sizes) {
        all.push(Command::Deliver { milestone, proof: None });
        if world.proof.is_some() {
            all.push(Command::Deliver { milestone, proof: Some(Proof::Files) });
            all.push(Command::Deliver { milestone, proof: Some(Proof::HandOver) });
        }
        all.extend([
            Command::Reject(milestone),
            Command::Release(milestone),
            Command::Refund(milestone),
            Command::Dispute(milestone),
            Command::Answer(milestone),
        ]);
        for to_seller in world.shares(amount) {
            all.push(Command::OfferSplit { milestone, to_seller });
            all.push(Command::AcceptSplit { milestone, to_seller });
        }
        all.extend(world.rulings(amount).map(|award| Command::Award { milestone, award }));
        let timers: [fn(_) -> Timer; 4] =
            [Timer::Delivery, Timer::Inspection, Timer::Answer, Timer::Award];
        all.extend(timers.map(|timer| Command::Expire(timer(milestone))));
    }
    all.extend([Command::Cancel, Command::MutualCancel]);
    all.extend([Timer::Acceptance, Timer::Funding].map(Command::Expire));
    all
}

/// Adds all actions of a state to the list, always in the same order.
pub fn actions(market: &Market, state: &State, into: &mut Vec<Action>) {
    // A state that breaks a law is not explored further.
    if !state.faults.is_empty() {
        return;
    }
    let dues = state.deal.dues();
    if !dues.is_empty() {
        into.push(Action::Wait { at_the_moment: false });
        if market.world.exact {
            into.push(Action::Wait { at_the_moment: true });
        }
    }
    for payment in 0..state.payments.len() {
        into.extend(market.world.said.iter().map(|said| Action::Say { payment, said: *said }));
    }
    if state.payments.len() < market.world.payments_max {
        let payers = [AMINA, ZURI].into_iter().take(if market.world.both_phones { 2 } else { 1 });
        for payer in payers {
            into.extend(market.world.parts.iter().map(|part| Action::Ask { payer, part: *part }));
        }
    }
    for who in 0..CAST.len() {
        let listed = 0..market.commands(state).len();
        into.extend(listed.map(|what| Action::Try { who, what }));
        for (timer, due_at) in &dues {
            let moments = market.world.moments(*due_at).into_iter();
            into.extend(moments.map(|until| Action::Extend { who, timer: *timer, until }));
        }
    }
}

/// Returns the actor and the command of an action, if it is a command.
#[must_use]
pub fn command(market: &Market, state: &State, action: &Action) -> Option<(Actor, Command)> {
    match action {
        Action::Try { who, what } => {
            let command = market.commands(state).get(*what)?;
            Some((*CAST.get(*who)?, command.clone()))
        }
        Action::Extend { who, timer, until } => {
            Some((*CAST.get(*who)?, Command::Extend { timer: *timer, until: *until }))
        }
        Action::Ask { .. } | Action::Say { .. } | Action::Wait { .. } => None,
    }
}

/// Returns the time that the action takes, if it is a wait.
#[must_use]
pub fn wait(state: &State, action: &Action) -> Option<chrono::TimeDelta> {
    match action {
        Action::Wait { at_the_moment } => clock::next(&state.deal, *at_the_moment),
        Action::Try { .. } | Action::Extend { .. } | Action::Ask { .. } | Action::Say { .. } => {
            None
        }
    }
}
