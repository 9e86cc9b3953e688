//! The one door to the product: `amana --help`.

use amana::commands::{Admin, Cli, Command, Keys, Ledger, Mpesa};
use amana::{admin, config, demo, exchanges, keys, ledger, mpesa, schema, serve, stack, up};
use anyhow::Result;
use clap::Parser;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

// The API makes and drops many small values for each request: under load, a quarter of its time was in the
// system's allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code for a wrong or missing setting.
const EXIT_CONFIGURATION: u8 = 2;

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
        Command::Up(options) if options.print_env => up::print_environment(),
        Command::Up(_) => up::run(),
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
            println!("M-Pesa now confirms payments to paybill {shortcode} here.");
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
        logs.json().init();
    } else {
        logs.with_ansi(false).init();
    }
}
