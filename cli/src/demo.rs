//! `amana demo`: one whole deal through the public API, step by step, and a check of all balances at the end.

mod client;
mod contacts;
mod proof;
mod story;

pub use client::Client;

use crate::admin;
use crate::admin::NewOperator;
use crate::local::Scratch;
use crate::stack::{Ports, Stack, block_on};
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_postgres::NewUser;
use anyhow::{Context, Result, ensure};
use secrecy::SecretString;
use std::time::Instant;
use uuid::Uuid;

/// A fictitious user of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub name: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub language: &'static str,
}

pub const PASSWORD: &str = "karibu-amana-2026";
/// The sandbox gives the owners of these phone numbers these names.
pub const BUYER: Person = Person {
    name: "Amina Wanjiku",
    email: "amina@example.com",
    phone: "254711000092",
    language: "en",
};
pub const SELLER: Person = Person {
    name: "Juma Otieno",
    email: "juma@example.com",
    phone: "254711000081",
    language: "sw",
};
pub const OPERATOR: Person = Person {
    name: "Neema (operator)",
    email: "operator@example.com",
    phone: "254711000003",
    language: "en",
};

/// Approvals need two operators: one requests, another approves.
pub const SECOND_OPERATOR: Person = Person {
    name: "Baraka (operator)",
    email: "operator2@example.com",
    phone: "254711000004",
    language: "en",
};

#[must_use]
pub fn new_operator(person: &Person) -> NewOperator {
    let Person { name, email, phone, .. } = person;
    NewOperator {
        name: (*name).to_owned(),
        email: (*email).to_owned(),
        phone: (*phone).to_owned(),
        role: UserRole::SuperAdmin,
    }
}

/// A buyer or a seller.
///
/// # Errors
/// If the phone number is invalid, or the password cannot be hashed.
pub fn new_customer(person: &Person) -> Result<NewUser> {
    let Person { name, email, phone, language } = person;
    Ok(NewUser {
        name: (*name).to_owned(),
        email: Some(Personal::new((*email).to_owned())),
        phone: Some(Msisdn::parse(phone)?),
        password_hash: amana_api::hash_password(&SecretString::from(PASSWORD))
            .context("the password could not be hashed")?,
        role: UserRole::User,
        locale: language.parse()?,
        handle: None,
    })
}

/// # Errors
/// If a part does not start, or a step has another result than expected.
pub fn run() -> Result<()> {
    let began = Instant::now();
    let scratch = Scratch::new()?;
    println!("Starting PostgreSQL, Redis, the M-Pesa sandbox, the API and a worker …");
    let stack = Stack::start(scratch.path(), Ports::ANY)?;
    println!("… ready after {:.1} s.\n", began.elapsed().as_secs_f64());
    let told = block_on(tell(&stack))?;
    if told.is_err() {
        print_logs(scratch.path());
    }
    stack.stop()?;
    told?;
    println!("\nThe whole demo took {:.1} s.", began.elapsed().as_secs_f64());
    println!("demo: completed");
    Ok(())
}

async fn tell(stack: &Stack) -> Result<()> {
    let store = stack.store().await?;
    // DATABASE_URL may name a database that is in use.
    ensure!(
        !store.has_users().await?,
        "the demo needs a database without users: unset DATABASE_URL, or name an empty database"
    );
    // The database may be kept, and it must not have a super admin with a published password.
    let password = SecretString::from(format!("demo-{}", Uuid::new_v4()));
    admin::create_in(&store, &new_operator(&OPERATOR), &password).await?;
    let api = Client::new(&stack.api_url)?.with_password(password);
    story::tell(&api, &stack.sandbox_url, &store).await
}

/// Prints the end of each log, because the folder is deleted with the demo.
fn print_logs(folder: &std::path::Path) {
    for part in ["api", "worker", "sandbox"] {
        let log =
            std::fs::read_to_string(folder.join(format!("logs/{part}.log"))).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        eprintln!("--- end of the log of {part}");
        tail.into_iter().rev().for_each(|line| eprintln!("{line}"));
    }
}
