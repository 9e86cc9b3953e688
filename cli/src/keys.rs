//! `amana keys rewrap`: the last step of replacing the master key.

use crate::config::{self, Source};
use crate::environment::Environment;
use crate::serve;
use crate::stack::block_on;
use anyhow::{Context, Result};
use secrecy::ExposeSecret;

/// # Errors
/// [`config::ConfigError`], or that a key could not be read or written.
pub fn rewrap() -> Result<()> {
    let environment = Environment::read()?;
    let lookup = |name: &str| environment.get(name);
    let source = Source::new(&lookup);
    let (url, keys) = (config::database_url(&source)?, config::master_keys(&source)?);
    let count = block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        store.rewrap_keys().await.context("not all keys could be wrapped; run it again")
    })??;
    println!("{count} keys were wrapped again; AMANA_MASTER_KEY_PREVIOUS can be removed");
    Ok(())
}
