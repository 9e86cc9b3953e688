//! Private PostgreSQL and Redis servers, for users without servers of their own.
//!
//! Everything here blocks (it starts processes and waits for them): call it before the async
//! runtime, or from `spawn_blocking`.

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

/// The data that a private server may lose when the machine loses power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: what was committed stays.
    Full,
    /// Nothing is synced to disk. For clusters that live as long as one test run or demo.
    TestOnly,
}
