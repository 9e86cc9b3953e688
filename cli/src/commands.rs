//! The command line: what `amana --help` and `amana <command> --help` print.

use crate::{admin, help};
use amana_domain::id::PaymentId;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Escrow and payments for mobile money.
#[derive(Debug, Parser)]
#[command(name = "amana", version, about, after_long_help = help::amana())]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the whole system with play money on this machine, and keep it running
    ///
    /// PostgreSQL, Redis, the M-Pesa sandbox, the API and a worker start on loopback. Data and logs are in .amana/. A
    /// part that ends is restarted. If a part ends four times within a minute, everything stops. Ports 8080, 8090 and
    /// 8025 are used if they are free; the chosen ports are stored in .amana/ports.
    ///
    /// DATABASE_URL and REDIS_URL replace the private servers. A database named by DATABASE_URL gets no demo users.
    #[command(after_long_help = help::up())]
    Up(Up),
    /// Run one whole deal on temporary servers and print each step
    #[command(after_long_help = help::demo())]
    Demo,
    /// Serve the HTTP API
    #[command(after_long_help = help::api())]
    Api,
    /// Run jobs: payments, payouts, messages, deadlines, reconciliation
    #[command(after_long_help = help::worker())]
    Worker,
    /// Create or update the tables of the database
    #[command(after_long_help = help::migrate())]
    Migrate,
    /// Print the OpenAPI document
    #[command(after_long_help = help::openapi())]
    Openapi,
    /// Create operators and replace signing keys, which the API cannot do
    #[command(subcommand)]
    Admin(Admin),
    /// Manage the keys that encrypt personal data
    #[command(subcommand)]
    Keys(Keys),
    /// Print the requests and responses that were exchanged with M-Pesa about a payment
    ///
    /// The audit log records whose data was read.
    #[command(after_long_help = help::exchanges())]
    Exchanges {
        /// Id of the payment, such as pay_0197a1b2c3d4e5f60718293a4b5c6d7e
        payment: PaymentId,
    },
    /// Set up M-Pesa
    #[command(subcommand)]
    Mpesa(Mpesa),
    /// Verify the ledger
    #[command(subcommand)]
    Ledger(Ledger),
    /// Compare schema.rs with the migrations, or rewrite it
    #[command(after_long_help = help::schema())]
    Schema(Schema),
}

#[derive(Debug, Args)]
pub struct Up {
    /// Print shell variables with the addresses of the running or last system, and start nothing
    #[arg(long)]
    pub print_env: bool,
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Create an operator, such as the first super admin
    ///
    /// The password comes from AMANA_ADMIN_PASSWORD, so that it does not appear in the process list.
    #[command(after_long_help = help::admin_create())]
    Create(admin::NewOperator),
    /// Replace the keys that sign access tokens, for example after a leak
    ///
    /// Access tokens signed with the old keys are rejected within seconds. Sessions continue.
    #[command(after_long_help = help::replace_signing_keys())]
    ReplaceSigningKeys,
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Encrypt all data keys with AMANA_MASTER_KEY, so that AMANA_MASTER_KEY_PREVIOUS can be removed
    #[command(after_long_help = help::rewrap())]
    Rewrap,
}

#[derive(Debug, Subcommand)]
pub enum Mpesa {
    /// Register the addresses at which M-Pesa validates and confirms payments to the paybill
    #[command(after_long_help = help::register_urls())]
    RegisterUrls,
}

#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Recompute every balance; on an error, print the first wrong row and exit with code 1
    #[command(after_long_help = help::ledger_check())]
    Check,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// Fail if this file differs from the schema of the migrations
    #[arg(long, value_name = "FILE", conflicts_with = "write", required_unless_present = "write")]
    pub check: Option<PathBuf>,
    /// Write the schema of the migrations to this file
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}
