//! `amana-sandbox`: the sandbox as a process of its own.

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use amana_sandbox::{Credentials, Settings, start};
use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Simulates Safaricom Daraja with a virtual phone, and catches e-mails and SMS.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[arg(long, env = "SANDBOX_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    #[arg(long, env = "SANDBOX_SMTP", default_value = "127.0.0.1:8025")]
    smtp: SocketAddr,
    /// Keeps balances, statement, phones and messages over a restart.
    #[arg(long, env = "SANDBOX_DATA")]
    data: Option<PathBuf>,
    /// Shown in prompts and SMS.
    #[arg(long, env = "SANDBOX_ORGANISATION", default_value = "AMANA")]
    organisation: String,
    #[arg(long, env = "SANDBOX_PROMPT_TIMEOUT_SECONDS", default_value_t = 60)]
    prompt_timeout_seconds: u32,
    #[arg(long, env = "SANDBOX_CALLBACK_DELAY_MS", default_value_t = 300)]
    callback_delay_ms: u32,
    #[arg(long, env = "SANDBOX_LATE_CALLBACK_DELAY_MS", default_value_t = 10_000)]
    late_callback_delay_ms: u32,
    /// Utility float at the first start, in cents.
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

/// Nothing to run with: a bad argument, a port that is taken, a foreign snapshot.
const EXIT_CONFIGURATION: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: whoever starts us passes it on. A closed stderr changes nothing.
            let _ = writeln!(std::io::stderr(), "amana-sandbox: {error:#}");
            ExitCode::from(EXIT_CONFIGURATION)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Before the line that says we are ready: whoever reads it may send the signal at once.
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let running = start(arguments.settings()).await?;
    let line = format!("sandbox ready: http://{} smtp://{}\n", running.http, running.smtp);
    // A closed stdout is no reason to end.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}
