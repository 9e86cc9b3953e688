//! Private PostgreSQL and Redis servers, for whoever brings none of their own.
//!
//! Everything here blocks (it starts processes and waits for them): call it before the async
//! runtime, or from `spawn_blocking`.

mod binaries;
mod folder;
mod lock;
mod orphan;
mod ports;
mod postgres;
mod private;
mod process;
mod redis;
mod scratch;
mod user;

pub use lock::Lock;
pub use ports::Port;
pub use postgres::Postgres;
pub use private::{data_folder, private_folder};
pub use process::{Child, Program};
pub use redis::Redis;
pub use scratch::Scratch;
pub use user::{User, run_as};

/// What a private server may lose when the machine loses power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: what was committed stays.
    Full,
    /// Nothing is synced to disk. For clusters that live as long as one test run or demo.
    TestOnly,
}
