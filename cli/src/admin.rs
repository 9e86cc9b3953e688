//! Commands without an API operation: create an operator, replace the signing keys.

use crate::config::{self, Source, Variable};
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

const PASSWORD_CHARS_MIN: usize = 10;

#[derive(Debug, Clone, Args)]
pub struct NewOperator {
    /// Full name, as the operator's messages show it
    #[arg(long)]
    pub name: String,
    /// E-mail address to log in with; it counts as verified
    #[arg(long)]
    pub email: String,
    /// Phone number with country code, such as 254712345678; it counts as verified
    #[arg(long)]
    pub phone: String,
    /// Rights of the operator: support, compliance, admin or super_admin
    #[arg(long, default_value = "super_admin", value_parser = staff_role)]
    pub role: UserRole,
}

fn staff_role(text: &str) -> Result<UserRole, String> {
    let role = text.parse::<UserRole>().ok().filter(|role| *role != UserRole::User);
    role.ok_or_else(|| "use support, compliance, admin or super_admin".to_owned())
}

/// # Errors
/// [`config::ConfigErrors`], also for a weak password; an invalid phone number; an e-mail address or phone number
/// that is already registered.
pub fn create(source: &Source, new: &NewOperator) -> Result<()> {
    let database = config::database_url(source).zip(config::master_keys(source));
    let password = password(source);
    let phone = Msisdn::parse(&new.phone);
    if let (Some(password), Ok(phone)) = (&password, &phone) {
        let known = KnownWords::of_person(&new.name, Some(&new.email), Some(phone));
        if let Err(weak) = check_password(password, &known) {
            source.refuse::<()>(Variable::AdminPassword, weak.to_string());
        }
    }
    let ((url, keys), password) = source.finish(database.zip(password))?;
    phone.context("--phone")?;
    block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        let id = create_in(&store, new, &password).await?;
        println!("{} can log in as {} (operator {id})", new.email, new.role);
        Ok(())
    })?
}

fn password(source: &Source) -> Option<SecretString> {
    let password = source.untrimmed(Variable::AdminPassword).unwrap_or_default();
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let why = format!("must be set, with at least {PASSWORD_CHARS_MIN} characters");
        return source.refuse(Variable::AdminPassword, why);
    }
    Some(SecretString::from(password))
}

/// # Errors
/// An invalid phone number, or an e-mail address or phone number that is already registered.
pub async fn create_in(
    store: &Store,
    new: &NewOperator,
    password: &SecretString,
) -> Result<amana_domain::id::UserId> {
    let operator = NewUser {
        name: new.name.clone(),
        email: Some(Personal::new(new.email.to_lowercase())),
        phone: Some(Msisdn::parse(&new.phone)?),
        password_hash: amana_api::hash_password(password)
            .context("the password could not be hashed")?,
        role: new.role,
        locale: Locale::English,
        handle: None,
    };
    // The caller has access to the database, so the contacts are trusted without a code.
    let registered = store.register_vouched(&operator, Clock::default().now()).await;
    registered.map(|user| user.id).map_err(|error| match error {
        Error::Conflict(Conflict::EmailTaken) => anyhow!("{} is already registered", new.email),
        Error::Conflict(Conflict::PhoneTaken) => {
            anyhow!("the phone number {} is already registered", new.phone)
        }
        other => other.into(),
    })
}

/// # Errors
/// [`config::ConfigErrors`], or that PostgreSQL is unavailable.
pub fn replace_signing_keys(source: &Source) -> Result<()> {
    let database = config::database_url(source).zip(config::master_keys(source));
    let ((url, keys), secret) = source.finish(database.zip(config::jwt_secret(source)))?;
    let pair = amana_api::key_pair(&secret, &amana_api::new_private_key()?)?;
    block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        store.replace_signing_keys(&pair, Clock::default().now()).await?;
        println!(
            "key {} now signs access tokens; older access tokens are rejected within seconds",
            pair.kid
        );
        Ok(())
    })?
}
