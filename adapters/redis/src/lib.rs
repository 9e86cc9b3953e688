//! Job transport over Redis: it carries row ids and wakes workers. It also has the shared rate limits.
//!
//! All data in Redis may be lost. The database can push every id again. An id may arrive more than once, so a worker
//! must claim the row first.

mod backoff;
mod consumer;
mod fetcher;
mod limiter;
mod transport;

pub use consumer::{Consumer, JobId};
pub use limiter::{Away, Limiter, RateRule, Taken};
pub use transport::{Transport, TransportError};
