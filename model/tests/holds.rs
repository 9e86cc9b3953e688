//! A small world fulfils every law, and times relative to now are sufficient.

use amana_domain::deal::{Actor, Command, Deal, decide};
use amana_model::action::{self, Action};
use amana_model::cast::{AMINA, JUMA};
use amana_model::clock::{self, NOW};
use amana_model::market::Market;
use amana_model::provider::Said;
use amana_model::report::explore;
use amana_model::world::{Ruling, World};
use amana_model::{step, worlds};
use chrono::TimeDelta;
use stateright::Model;

/// A small world with every feature.
fn small() -> World {
    World {
        name: "small",
        disputes: true,
        payments_max: 1,
        said: vec![Said::CallbackFailed, Said::CallbackPaid],
        awards: vec![Ruling::plain(60)],
        ..worlds::plain()
    }
}

#[test]
fn every_law_holds_in_a_small_world() {
    let explored = explore(small(), 2).unwrap();
    assert!(explored.broken.is_none(), "{explored}");
    assert!(explored.states > 1_000, "{explored}");
}

#[test]
fn every_world_can_begin() {
    for world in worlds::all() {
        let market = Market::new(world).unwrap();
        let mut actions = vec![];
        market.actions(&market.opening, &mut actions);
        let next = |action| market.next_state(&market.opening, action);
        assert!(actions.into_iter().filter_map(next).count() > 0, "{}", market.world.name);
    }
}

/// Walks at random through a world with relative times, and with the same commands through one with absolute times.
/// Both reject the same commands and end in equal states.
#[test]
fn it_makes_no_difference_where_time_is_counted_from() {
    let market = Market::new(World { exact: true, moved_max: 2, ..small() }).unwrap();
    let mut dice = Dice(7);
    let (mut accepted, mut refused) = (0, 0);
    let paid = [
        (Command::Propose, Actor::User(JUMA)),
        (Command::Agree(1), Actor::User(AMINA)),
        (Command::Fund { payer: AMINA, amount: None }, Actor::User(AMINA)),
    ];
    for walk in 0..400 {
        // Some walks start with the new deal, most with a later state.
        let mut state = market.opening.clone();
        for (command, actor) in paid.iter().filter(|_| walk % 4 > 0) {
            state = step::command(&market, &state, *actor, command).unwrap();
        }
        let (mut deal, mut now) = (Deal::clone(&state.deal), NOW);
        for _ in 0..25 {
            let mut actions = vec![];
            market.actions(&state, &mut actions);
            // Most actions are rejected and have no effect.
            if dice.roll(4) > 0 {
                actions.retain(|action| market.next_state(&state, *action).is_some());
            }
            let Some(action) = actions.get(dice.roll(actions.len())).copied() else { continue };
            if let Some(by) = action::wait(&state, &action) {
                now = clock::plus(now, by);
                state = market.next_state(&state, action).unwrap();
            }
            let Some((actor, command)) = action::command(&market, &state, &action) else {
                continue;
            };
            let there = decide(&deal, &told_from(&command, now), actor, now);
            let here = decide(&state.deal, &command, actor, NOW);
            assert_eq!(there.is_ok(), here.is_ok(), "{command:?} by {actor:?}");
            if let (Ok(there), Ok(here)) = (there, here) {
                assert_eq!(there.entries, here.entries);
                deal = there.deal;
                state.deal = here.deal.into();
                accepted += 1;
            } else {
                refused += 1;
            }
            assert_eq!(
                clock::later(&deal, now.signed_duration_since(NOW)),
                clock::later(&state.deal, TimeDelta::zero())
            );
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} and {refused}");
}

/// Only one command contains a time.
fn told_from(command: &Command, now: chrono::DateTime<chrono::Utc>) -> Command {
    match command {
        Command::Extend { timer, until } => Command::Extend {
            timer: *timer,
            until: clock::plus(*until, now.signed_duration_since(NOW)),
        },
        other => other.clone(),
    }
}

/// A linear congruential generator: the numbers are the same in every run, so the test is deterministic.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap_or_default().checked_rem(sides).unwrap_or_default()
    }
}

#[test]
fn what_may_not_be_done_is_tried() {
    let market = Market::new(small()).unwrap();
    let mut actions = vec![];
    market.actions(&market.opening, &mut actions);
    let tried: Vec<_> =
        actions.iter().filter_map(|a| action::command(&market, &market.opening, a)).collect();
    let names: std::collections::BTreeSet<_> = tried.iter().map(|(_, c)| c.name()).collect();
    // No deadline runs, so none can be moved.
    assert_eq!(names.len(), 18, "{names:?}");
    assert!(tried.iter().any(|(actor, _)| *actor == Actor::System));
    assert!(!actions.iter().any(|action| matches!(action, Action::Wait { .. })));
}
