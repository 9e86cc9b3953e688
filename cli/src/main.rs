//! The one door to the product: `amana --help`.

use amana::{admin, config, demo, exchanges, keys, ledger, mpesa, schema, serve, stack, up};
use amana_domain::id::PaymentId;
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

// The API makes and drops many small values for each request: under load, a quarter of its time was in the
// system's allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a wrong or missing setting ends with.
const EXIT_CONFIGURATION: u8 = 2;

/// Escrow and payments for mobile money.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything privately and stay up; the data is kept in .amana/
    Up,
    /// Run one whole deal on private servers and print it as a story
    Demo,
    /// Serve the HTTP API
    Api,
    /// Carry out jobs
    Worker,
    /// Bring the database schema up to date
    Migrate,
    /// Print the OpenAPI document
    Openapi,
    /// What cannot be done through the API
    #[command(subcommand)]
    Admin(Admin),
    /// Look after the keys that personal data is sealed with
    #[command(subcommand)]
    Keys(Keys),
    /// Print what the provider and we said to each other about a payment; it is noted who was looked at
    Exchanges { payment: PaymentId },
    /// Deal with the provider
    #[command(subcommand)]
    Mpesa(Mpesa),
    /// Look after the ledger
    #[command(subcommand)]
    Ledger(Ledger),
    /// Compare or rewrite the store's schema.rs
    Schema(Schema),
}

#[derive(Subcommand)]
enum Admin {
    /// Make an operator; the password is read from AMANA_ADMIN_PASSWORD
    Create(admin::NewOperator),
    /// Put a new key in place of those that sign access tokens, if one may have been stolen; sessions go on
    ReplaceSigningKeys,
}

#[derive(Subcommand)]
enum Keys {
    /// Wrap all keys by AMANA_MASTER_KEY, so that AMANA_MASTER_KEY_PREVIOUS can go
    Rewrap,
}

#[derive(Subcommand)]
enum Mpesa {
    /// Tell M-Pesa where to ask about payments at the paybill and to confirm them
    RegisterUrls,
}

#[derive(Subcommand)]
enum Ledger {
    /// Read every row, and end with exit code 1 and the name of the first one that is wrong
    Check,
}

#[derive(Args)]
struct Schema {
    #[arg(long, value_name = "FILE", conflicts_with = "write", required_unless_present = "write")]
    check: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs();
    keep_pages_small();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("amana: {error:#}");
            let wrong_setting = error.downcast_ref::<config::ConfigError>().is_some();
            if wrong_setting { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Up => up::run(),
        Command::Demo => demo::run(),
        Command::Api => serve::api(),
        Command::Worker => serve::worker(),
        Command::Migrate => serve::migrate(),
        Command::Openapi => {
            print!("{}", amana_api::document());
            Ok(())
        }
        Command::Admin(Admin::Create(new)) => admin::create(&new),
        Command::Admin(Admin::ReplaceSigningKeys) => admin::replace_signing_keys(),
        Command::Keys(Keys::Rewrap) => keys::rewrap(),
        Command::Exchanges { payment } => exchanges::print(payment),
        Command::Mpesa(Mpesa::RegisterUrls) => {
            let environment = |name: &str| std::env::var(name).ok();
            let shortcode = mpesa::register_urls(&config::Source::new(&environment))?;
            println!("M-Pesa tells of payments at paybill {shortcode} here from now on.");
            Ok(())
        }
        Command::Ledger(Ledger::Check) => ledger::check(),
        Command::Schema(args) => {
            let printed = schema::print(|url| stack::block_on(serve::migrate_url(url))?)?;
            match (args.check, args.write) {
                (Some(file), _) => schema::check(&file, &printed),
                (None, Some(file)) => schema::write(&file, &printed),
                (None, None) => Ok(()),
            }
        }
    }
}

/// A huge page is resident as a whole as soon as one value lies in it: without them, an idle API holds half as
/// much. It only costs memory if it fails.
fn keep_pages_small() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_thp_disable(true) {
        tracing::debug!(%error, "huge pages stay on");
    }
}

/// `AMANA_LOG` filters as `RUST_LOG` does; `AMANA_LOG_FORMAT=json` is for machines.
fn start_logs() {
    let filter = EnvFilter::try_from_env("AMANA_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("AMANA_LOG_FORMAT").is_ok_and(|format| format == "json") {
        // Without the list: it would repeat the current span.
        logs.json().with_current_span(true).with_span_list(false).init();
    } else {
        logs.with_ansi(false).init();
    }
}
