//! A model checker for deals: it tries everything that anybody can do, in every order, with the rules that the
//! product runs, and looks at each situation that can come of it.
//!
//! There is no rule in here, only people, a clock and a provider who do things, and laws that must hold after each.

pub mod action;
pub mod cast;
pub mod clock;
pub mod laws;
pub mod market;
pub mod provider;
pub mod report;
pub mod rights;
pub mod state;
pub mod step;
pub mod story;
pub mod tally;
pub mod world;
pub mod worlds;
