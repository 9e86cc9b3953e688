//! The binary `amana`: its commands, and the private servers they run on.

pub mod local;
pub mod schema;
