//! `amana up`: everything, staying up, with people to log in as.

use crate::local;
use crate::stack::{Ports, Stack, block_on};
use crate::{admin, demo};
use anyhow::{Context, Result, bail};
use secrecy::SecretString;
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

const FOLDER: &str = ".amana";
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// # Errors
/// If something does not start, or ends by itself.
pub fn run() -> Result<()> {
    local::data_folder(Path::new(FOLDER))?;
    // The servers lock their own folders, but with DATABASE_URL and REDIS_URL given there are none.
    let Some(_lock) = local::Lock::take(Path::new(FOLDER))? else {
        bail!("another amana is running from {FOLDER}/: stop it first");
    };
    eprintln!("amana: starting; the first time takes a little longer");
    let mut stack = Stack::start(Path::new(FOLDER), Ports::WELL_KNOWN)?;
    block_on(people(&stack))??;
    print(&stack);
    let ended = block_on(wait(&mut stack))??;
    eprintln!("amana: stopping");
    stack.stop()?;
    match ended {
        Some(why) => bail!("{why}; its log is in {FOLDER}/logs/"),
        None => Ok(()),
    }
}

/// Makes the demo people, unless an earlier start has made them.
async fn people(stack: &Stack) -> Result<()> {
    let store = stack.store().await?;
    let password = SecretString::from(demo::PASSWORD);
    if store.user_by_email(demo::OPERATOR.email).await?.is_none() {
        admin::create_in(&store, &demo::operator(), &password).await?;
    }
    let client = demo::Client::new(&stack.api_url)?;
    for person in [demo::BUYER, demo::SELLER] {
        if store.user_by_email(person.email).await?.is_none() {
            client.register(&person).await?;
        }
    }
    Ok(())
}

fn print(stack: &Stack) {
    let (api, sandbox) = (&stack.api_url, &stack.sandbox_url);
    println!("amana is up; the data is in {FOLDER}/, Ctrl-C stops everything\n");
    println!("  API              {api}/v1");
    println!("  its document     {api}/docs  ({api}/openapi.json)");
    println!("  provider sandbox {sandbox}/");
    println!("  virtual phones   {sandbox}/phone/{}  (buyer, PIN 1234)", demo::BUYER.phone);
    println!("                   {sandbox}/phone/{}  (seller)", demo::SELLER.phone);
    println!("  mails and SMS    {sandbox}/mail  {sandbox}/sms\n");
    println!("  log in with the password {:?} as", demo::PASSWORD);
    println!("    {}  buyer", demo::BUYER.email);
    println!("    {}  seller", demo::SELLER.email);
    println!("    {}  operator", demo::OPERATOR.email);
}

/// Until Ctrl-C, SIGTERM or the end of the terminal (`None`), or until a part ends by itself.
async fn wait(stack: &mut Stack) -> Result<Option<String>> {
    let listen = |kind| signal(kind).context("signals cannot be listened for");
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hangup = listen(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(None),
            _ = interrupt.recv() => return Ok(None),
            _ = hangup.recv() => return Ok(None),
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
        if let Some(ended) = stack.ended()? {
            return Ok(Some(ended));
        }
    }
}
