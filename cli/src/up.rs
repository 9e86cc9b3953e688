//! `amana up`: the whole system, supervised, with demo users.

use crate::admin;
use crate::demo::{
    BUYER, OPERATOR, PASSWORD, Person, SECOND_OPERATOR, SELLER, new_customer, new_operator,
};
use crate::local;
use crate::ports::Ports;
use crate::stack::{Stack, block_on, runtime};
use crate::supervisor::Supervisor;
use amana_domain::contact::Contact;
use amana_domain::phone::Msisdn;
use amana_postgres::{Clock, Store};
use anyhow::{Context, Result, bail, ensure};
use secrecy::SecretString;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The data folder of `amana up`, in the working folder.
pub const FOLDER: &str = ".amana";
const WATCH_EVERY: Duration = Duration::from_millis(250);

const OPERATORS: [Person; 2] = [OPERATOR, SECOND_OPERATOR];
const CUSTOMERS: [Person; 2] = [BUYER, SELLER];
const ROLES: [(Person, &str); 4] =
    [(BUYER, "buyer"), (SELLER, "seller"), (OPERATOR, "operator"), (SECOND_OPERATOR, "operator")];

/// # Errors
/// If a part does not start, or ends too often.
pub fn run() -> Result<()> {
    let folder = Path::new(FOLDER);
    local::data_folder(folder)?;
    // The servers lock their own folders, but with DATABASE_URL and REDIS_URL there are none.
    let Some(_lock) = local::Lock::take(folder)? else {
        bail!("another amana is running from {FOLDER}/: stop it first");
    };
    eprintln!("amana: starting; the first start takes a little longer");
    let mut stack = Stack::start(folder, Ports::kept(folder)?.unwrap_or(Ports::WELL_KNOWN))?;
    stack.ports.keep(folder)?;
    let people = block_on(people(&stack))??;
    // Before the text that mentions Ctrl-C, which would end this process without a clean shutdown until now.
    let runtime = runtime()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    print(&stack, &people);
    let outcome = stay_up(&mut stack, &runtime, &mut signals);
    eprintln!("amana: stopping");
    let stopped = stack.stop();
    // If a part ended too often, its stop fails too. The first error is the cause.
    outcome.and(stopped)
}

/// Creates missing demo users and returns all that can log in.
///
/// Their password is public and two of them are super admins, so a database that `DATABASE_URL` names gets none.
async fn people(stack: &Stack) -> Result<Vec<(Person, &'static str)>> {
    if stack.postgres.is_none() {
        return Ok(vec![]);
    }
    let store = stack.store().await?;
    make_people(&store).await?;
    let mut people = Vec::new();
    for (person, role) in ROLES {
        if store.user_by_login(&email(&person)).await?.is_some() {
            people.push((person, role));
        }
    }
    Ok(people)
}

async fn make_people(store: &Store) -> Result<()> {
    let password = SecretString::from(PASSWORD);
    for person in OPERATORS {
        if is_missing(store, &person).await? {
            admin::create_in(store, &new_operator(&person), &password).await?;
        }
    }
    for person in CUSTOMERS {
        if is_missing(store, &person).await? {
            // Already verified, so that a first deal can start at once.
            store.register_vouched(&new_customer(&person)?, Clock::default().now()).await?;
        }
    }
    Ok(())
}

/// Whether the user must be created. A user whose e-mail address was changed is found by phone number.
async fn is_missing(store: &Store, person: &Person) -> Result<bool> {
    let phone = Contact::Phone(Msisdn::parse(person.phone)?);
    Ok(store.user_by_login(&email(person)).await?.is_none()
        && store.user_by_login(&phone).await?.is_none())
}

fn email(person: &Person) -> Contact {
    Contact::Email(person.email.to_owned())
}

fn print(stack: &Stack, people: &[(Person, &str)]) {
    let (api, sandbox) = (&stack.api_url, &stack.sandbox_url);
    println!("amana is up\n");
    println!("  API              {api}/v1");
    println!("  API document     {api}/docs  ({api}/openapi.json)");
    println!("  provider sandbox {sandbox}/");
    println!("  virtual phones   {sandbox}/phone/{}  (buyer, PIN 1234)", BUYER.phone);
    println!("                   {sandbox}/phone/{}  (seller)", SELLER.phone);
    println!("  mails and SMS    {sandbox}/mail  {sandbox}/sms");
    let program = std::env::args().next().unwrap_or_else(|| "amana".to_owned());
    println!("  shell variables  eval \"$({program} up --print-env)\"\n");
    println!("  data             {FOLDER}/");
    println!("  logs             {}\n", logs(stack));
    if people.is_empty() {
        println!(
            "  no demo users    DATABASE_URL names another database: create operators with `amana admin create`\n"
        );
    } else {
        println!("  log in with the password {PASSWORD:?} as");
        people.iter().for_each(|(person, role)| println!("    {}  {role}", person.email));
        println!();
    }
    println!("Ctrl-C stops everything");
}

/// Lists log folders. Servers that this process did not start log elsewhere.
fn logs(stack: &Stack) -> String {
    let servers = [
        stack.postgres.as_ref().map(|server| server.folder().join("log")),
        stack.redis.as_ref().map(|server| server.folder().join("log")),
    ];
    let servers = servers.into_iter().flatten().map(|log| format!("  {}", log.display()));
    format!("{FOLDER}/logs/{}", servers.collect::<String>())
}

/// Prints shell variables with the addresses of the running or the last `amana up`. Starts nothing.
///
/// # Errors
/// If `amana up` was never ready in this folder.
pub fn print_environment() -> Result<()> {
    let folder = Path::new(FOLDER);
    ensure!(folder.is_dir(), "there is no {FOLDER}/ in this folder: run `amana up` first");
    let ports = Ports::kept(folder)?;
    let ports = ports
        .with_context(|| format!("{FOLDER}/ has no ports yet: wait until `amana up` is ready"))?;
    print!("{}", shell_variables(ports));
    Ok(())
}

fn shell_variables(ports: Ports) -> String {
    let variables = [
        ("API", format!("http://127.0.0.1:{}", ports.api)),
        ("SANDBOX", format!("http://127.0.0.1:{}", ports.sandbox)),
        ("DEMO_PASSWORD", PASSWORD.to_owned()),
        ("BUYER_EMAIL", BUYER.email.to_owned()),
        ("BUYER_PHONE", BUYER.phone.to_owned()),
        ("SELLER_EMAIL", SELLER.email.to_owned()),
        ("SELLER_PHONE", SELLER.phone.to_owned()),
        ("OPERATOR_EMAIL", OPERATOR.email.to_owned()),
        ("SECOND_OPERATOR_EMAIL", SECOND_OPERATOR.email.to_owned()),
    ];
    variables.iter().map(|(name, value)| format!("export {name}={value}\n")).collect()
}

/// Restarts parts that end, until Ctrl-C, SIGTERM or SIGHUP.
fn stay_up(stack: &mut Stack, runtime: &Runtime, signals: &mut Signals) -> Result<()> {
    let mut supervisor = Supervisor::default();
    // Restarts block on runtimes of their own, so they must not run inside this one.
    while !runtime.block_on(signals.come_within(WATCH_EVERY)) {
        supervisor.look_after(stack.parts())?;
    }
    Ok(())
}

struct Signals([Signal; 3]);

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self([
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn come_within(&mut self, time: Duration) -> bool {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => true,
            _ = interrupt.recv() => true,
            _ = hangup.recv() => true,
            () = tokio::time::sleep(time) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_variables_need_no_quotes() {
        let text = shell_variables(Ports::WELL_KNOWN);
        assert!(text.starts_with("export API=http://127.0.0.1:8080\nexport SANDBOX="), "{text}");
        let plain = |letter: char| letter.is_ascii_alphanumeric() || ":/.@-_".contains(letter);
        for line in text.lines() {
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            assert!(
                name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_'),
                "{line}"
            );
            assert!(!value.is_empty() && value.chars().all(plain), "{line}");
        }
    }
}
