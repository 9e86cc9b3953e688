//! Tasks that the API does not offer: making the first operator, and replacing the signing keys.

use crate::config::{self, ConfigError, Source};
use crate::environment::Environment;
use crate::serve;
use crate::stack::block_on;
use amana_api::{KnownWords, check_password};
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_postgres::{Clock, Conflict, Error, NewUser, Store};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

const PASSWORD_VARIABLE: &str = "AMANA_ADMIN_PASSWORD";
const PASSWORD_CHARS_MIN: usize = 10;

#[derive(Debug, Clone, Args)]
pub struct NewOperator {
    /// Full name, as the operator's messages have it
    #[arg(long)]
    pub name: String,
    /// E-mail address to log in with
    #[arg(long)]
    pub email: String,
    /// Phone number with country code, such as 254712345678
    #[arg(long)]
    pub phone: String,
    /// Rights of the operator: support, compliance, admin or super_admin
    #[arg(long, default_value = "super_admin", value_parser = staff_role)]
    pub role: UserRole,
}

fn staff_role(text: &str) -> Result<UserRole, String> {
    let role = text.parse::<UserRole>().ok().filter(|role| *role != UserRole::User);
    role.ok_or_else(|| "must be support, compliance, admin or super_admin".to_owned())
}

/// # Errors
/// [`ConfigError`] also for a weak password, a bad phone number, or that e-mail or phone are taken.
pub fn create(new: &NewOperator) -> Result<()> {
    let environment = Environment::read()?;
    let lookup = |name: &str| environment.get(name);
    let source = Source::new(&lookup);
    let (url, keys) = (config::database_url(&source)?, config::master_keys(&source)?);
    let password = lookup(PASSWORD_VARIABLE)
        .filter(|password| password.chars().count() >= PASSWORD_CHARS_MIN)
        .map(SecretString::from)
        .ok_or_else(|| ConfigError {
            variable: PASSWORD_VARIABLE,
            why: format!("must be set, with at least {PASSWORD_CHARS_MIN} characters"),
        })?;
    let phone = Msisdn::parse(&new.phone).context("--phone")?;
    check_password(&password, &KnownWords::of_person(&new.name, &new.email, &phone))
        .map_err(|weak| ConfigError { variable: PASSWORD_VARIABLE, why: weak.to_string() })?;
    block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        let id = create_in(&store, new, &password).await?;
        println!("{} can log in as {} (operator {id})", new.email, new.role);
        Ok(())
    })?
}

/// # Errors
/// A bad phone number, or that e-mail or phone are taken.
pub async fn create_in(
    store: &Store,
    new: &NewOperator,
    password: &SecretString,
) -> Result<amana_domain::id::UserId> {
    let operator = NewUser {
        name: new.name.clone(),
        email: Personal::new(new.email.to_lowercase()),
        phone: Msisdn::parse(&new.phone)?,
        password_hash: amana_api::hash_password(password)
            .context("the password could not be hashed")?,
        role: new.role,
        locale: Locale::English,
        handle: None,
    };
    let registered = store.register(&operator, Clock::default().now()).await;
    registered.map(|user| user.id).map_err(|error| match error {
        Error::Conflict(Conflict::EmailTaken) => anyhow!("{} is already registered", new.email),
        Error::Conflict(Conflict::PhoneTaken) => {
            anyhow!("the phone number {} is already registered", new.phone)
        }
        other => other.into(),
    })
}

/// # Errors
/// [`ConfigError`], or that PostgreSQL cannot be used.
pub fn replace_signing_keys() -> Result<()> {
    let environment = Environment::read()?;
    let lookup = |name: &str| environment.get(name);
    let source = Source::new(&lookup);
    let (url, keys) = (config::database_url(&source)?, config::master_keys(&source)?);
    let secret = config::jwt_secret(&source)?;
    let pair = amana_api::key_pair(&secret, &amana_api::new_private_key()?)?;
    block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        store.replace_signing_keys(&pair, Clock::default().now()).await?;
        println!(
            "key {} signs from now on; access tokens of before are refused within seconds",
            pair.kid
        );
        Ok(())
    })?
}
