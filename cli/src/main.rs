//! The program `amana`.

use amana::commands::{Admin, Cli, Command, Keys, Ledger, Mpesa};
use amana::config::{Log, LogFormat, Source};
use amana::environment::by_hand;
use amana::{admin, config, demo, exchanges, keys, ledger, mpesa, schema, serve, stack, up};
use anyhow::Result;
use clap::Parser;
use std::process::ExitCode;

// The API allocates many small values per request: under load, a quarter of its time was spent in the system's
// allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code for a missing or invalid setting.
const EXIT_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let source = Source::environment();
    // An invalid log setting is reported later, with all other invalid settings.
    start_logs(Log::read(&source).unwrap_or_default());
    keep_pages_small();
    match run(cli.command, &source) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("amana: {error:#}");
            let is_wrong_setting = config::is_wrong_setting(&error);
            if is_wrong_setting { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}

fn run(command: Command, source: &Source) -> Result<()> {
    match command {
        Command::Api => serve::api(source),
        Command::Worker => serve::worker(source),
        Command::Migrate => serve::migrate(source),
        Command::Admin(Admin::Create(new)) => admin::create(&by_hand(source)?, &new),
        Command::Admin(Admin::ReplaceSigningKeys) => admin::replace_signing_keys(&by_hand(source)?),
        Command::Keys(Keys::Rewrap) => keys::rewrap(&by_hand(source)?),
        Command::Exchanges { payment } => exchanges::print(&by_hand(source)?, payment),
        Command::Mpesa(Mpesa::RegisterUrls) => {
            let shortcode = mpesa::register_urls(source)?;
            println!("M-Pesa now sends confirmations for paybill {shortcode} to this API.");
            Ok(())
        }
        Command::Ledger(Ledger::Check) => ledger::check(&by_hand(source)?),
        // These commands read no settings; unknown names and an invalid log filter are errors nevertheless.
        Command::Up(options) => {
            source.finish(Some(()))?;
            if options.print_env { up::print_environment() } else { up::run() }
        }
        Command::Demo => {
            source.finish(Some(()))?;
            demo::run()
        }
        Command::Openapi => {
            source.finish(Some(()))?;
            print!("{}", amana_api::document());
            Ok(())
        }
        Command::Schema(args) => {
            source.finish(Some(()))?;
            let printed = schema::print(|url| stack::block_on(serve::migrate_url(url))?)?;
            match (args.check, args.write) {
                (Some(file), _) => schema::check(&file, &printed),
                (None, Some(file)) => schema::write(&file, &printed),
                (None, None) => Ok(()),
            }
        }
    }
}

/// Switches huge pages off, because they double the memory of an idle API. A failure costs only memory.
fn keep_pages_small() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_thp_disable(true) {
        tracing::debug!(%error, "huge pages could not be switched off");
    }
}

fn start_logs(log: Log) {
    let logs = tracing_subscriber::fmt().with_env_filter(log.filter).with_writer(std::io::stderr);
    match log.format {
        // Without the span list, which would repeat the current span.
        LogFormat::Json => logs.json().with_current_span(true).with_span_list(false).init(),
        LogFormat::Text => logs.with_ansi(false).init(),
    }
}
