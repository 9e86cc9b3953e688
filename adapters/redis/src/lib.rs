//! Job transport over Redis: it carries row ids and wakes workers, and owns no truth. Beside it, the budgets of
//! callers, which may be lost too.
//!
//! Every id in Redis can be pushed again from the database, so losing the whole of Redis loses no
//! job; and an id may arrive more than once, so whoever takes one must claim its row first.

mod backoff;
mod consumer;
mod fetcher;
mod limiter;
mod transport;

pub use consumer::{Consumer, JobId};
pub use limiter::{Away, Limiter, RateRule, Taken};
pub use transport::{Transport, TransportError};
