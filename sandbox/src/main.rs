//! The program `amana-sandbox`.

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use amana_sandbox::{Credentials, Settings, start};
use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Simulate Safaricom Daraja with virtual phones, and catch e-mails and SMS
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address of the HTTP server
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Address of the SMTP server
    #[arg(long, env = "SANDBOX_SMTP", default_value = "127.0.0.1:8025")]
    smtp: SocketAddr,
    /// Folder for balances, statement, phones and messages; without it, a restart loses them
    #[arg(long, env = "SANDBOX_DATA")]
    data: Option<PathBuf>,
    /// Name of the organisation in prompts and SMS
    #[arg(long, env = "SANDBOX_ORGANISATION", default_value = "AMANA")]
    organisation: String,
    /// Seconds until an unanswered prompt ends
    #[arg(long, env = "SANDBOX_PROMPT_TIMEOUT_SECONDS", default_value_t = 60)]
    prompt_timeout_seconds: u32,
    /// Milliseconds between a result and its callback
    #[arg(long, env = "SANDBOX_CALLBACK_DELAY_MS", default_value_t = 300)]
    callback_delay_ms: u32,
    /// The same for the fault callback_late
    #[arg(long, env = "SANDBOX_LATE_CALLBACK_DELAY_MS", default_value_t = 10_000)]
    late_callback_delay_ms: u32,
    /// Utility float at the first start, in cents
    #[arg(long, env = "SANDBOX_OPENING_FLOAT_CENTS", default_value_t = 0)]
    opening_float_cents: u32,
}

impl Arguments {
    fn settings(self) -> Settings {
        Settings {
            listen: self.listen,
            smtp_listen: self.smtp,
            data: self.data,
            organisation: self.organisation,
            opening_float_cents: i64::from(self.opening_float_cents),
            prompt_timeout: Duration::from_secs(u64::from(self.prompt_timeout_seconds)),
            callback_delay: Duration::from_millis(u64::from(self.callback_delay_ms)),
            late_callback_delay: Duration::from_millis(u64::from(self.late_callback_delay_ms)),
            credentials: Credentials::default(),
        }
    }
}

/// The exit code for a failed start: an invalid argument, a port in use, an unreadable snapshot.
const EXIT_CONFIGURATION: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, so that a parent process can show it. A closed stderr is ignored.
            let _ = writeln!(std::io::stderr(), "amana-sandbox: {error:#}");
            ExitCode::from(EXIT_CONFIGURATION)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Before the ready line, because its reader may send a signal at once.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let running = start(arguments.settings()).await?;
    let line = format!("sandbox ready: http://{} smtp://{}\n", running.http, running.smtp);
    // A closed stdout is ignored.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}
