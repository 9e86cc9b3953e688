//! Private PostgreSQL and Redis servers, for users without servers of their own.
//!
//! All functions block, because they start processes and wait for them. Call them before the async runtime starts, or
//! from `spawn_blocking`.

mod binaries;
mod folder;
mod lock;
mod orphan;
mod part;
mod ports;
mod postgres;
mod private;
mod process;
mod redis;
mod scratch;
mod user;

pub use lock::Lock;
pub use part::Part;
pub use ports::Port;
pub use postgres::{Postgres, running_url};
pub use private::{data_folder, private_folder};
pub use process::{Child, Program, how};
pub use redis::Redis;
pub use scratch::Scratch;
pub use user::{User, run_as};

/// Whether a private server's data survives a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: committed data is synced to disk.
    Full,
    /// Nothing is synced to disk. For data of one test run.
    TestOnly,
}
