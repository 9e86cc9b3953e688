//! A model checker for deals: it tries every action of every actor in every order, and checks each resulting state.
//!
//! The rules are those of the domain. This crate contains only the actors (users, a provider and a clock) and the laws
//! that every state must fulfil.

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
