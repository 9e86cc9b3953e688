//! Our books against the provider's statement.

mod breaks;
mod healing;
mod off;
mod runs;
