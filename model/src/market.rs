//! The world as a model of stateright.

use crate::action::{self, Action};
use crate::cast::CAST;
use crate::laws::{self, Law};
use crate::state::State;
use crate::tally::Tally;
use crate::world::World;
use crate::{provider, step};
use amana_domain::deal::{Command, Refusal};
use stateright::{Model, Property};

#[derive(Debug)]
pub struct Market {
    pub world: World,
    pub opening: State,
    pub tally: Tally,
    /// The commands to try, for milestones with the sizes of the first and of the second offer.
    commands: [Vec<Command>; 2],
}

impl Market {
    /// # Errors
    /// [`Refusal`] if the deal of the world is invalid.
    pub fn new(world: World) -> Result<Self, Refusal> {
        let [first, second] = world.sizes;
        let commands =
            [[first, second], [second, first]].map(|sizes| action::commands(&world, sizes));
        Ok(Self { opening: world.opening()?, tally: Tally::default(), commands, world })
    }

    /// Returns the commands to try in this state.
    #[must_use]
    pub fn commands(&self, state: &State) -> &[Command] {
        let [first, second] = &self.commands;
        let size = state.deal.milestones.first().map(|milestone| milestone.amount.minor());
        if size == Some(self.world.amount(0)) { first } else { second }
    }
}

impl Model for Market {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.opening.clone()]
    }

    fn actions(&self, state: &State, into: &mut Vec<Action>) {
        action::actions(self, state, into);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        match action {
            Action::Try { who, what } => {
                step::command(self, state, *CAST.get(who)?, self.commands(state).get(what)?)
            }
            Action::Extend { who, timer, until } => {
                step::command(self, state, *CAST.get(who)?, &Command::Extend { timer, until })
            }
            Action::Ask { payer, part } => provider::ask(state, payer, part),
            Action::Say { payment, said } => provider::say(self, state, payment, said),
            Action::Wait { .. } => step::wait(state, action::wait(state, &action)?),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            always(Law::Conserved, |m, s| laws::check(Law::Conserved, m, s).is_ok()),
            always(Law::PaidOnce, |m, s| laws::check(Law::PaidOnce, m, s).is_ok()),
            always(Law::NeverStuck, |m, s| laws::check(Law::NeverStuck, m, s).is_ok()),
            always(Law::RightParty, |m, s| laws::check(Law::RightParty, m, s).is_ok()),
            always(Law::DeclaredOutcome, |m, s| laws::check(Law::DeclaredOutcome, m, s).is_ok()),
            always(Law::ProvenStays, |m, s| laws::check(Law::ProvenStays, m, s).is_ok()),
        ]
    }
}

fn always(law: Law, holds: fn(&Market, &State) -> bool) -> Property<Market> {
    Property::always(law.as_str(), holds)
}
