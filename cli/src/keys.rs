//! `amana keys rewrap`: the last step of a change of the master key.

use crate::config::{self, Source};
use crate::serve;
use crate::stack::block_on;
use anyhow::{Context, Result};
use secrecy::ExposeSecret;

/// # Errors
/// [`config::ConfigErrors`], or that a data key could not be read or written.
pub fn rewrap(source: &Source) -> Result<()> {
    let settings = config::database_url(source).zip(config::master_keys(source));
    let (url, keys) = source.finish(settings)?;
    let count = block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        store.rewrap_keys().await.context(
            "not all data keys were encrypted with the new master key; run this command again",
        )
    })??;
    println!(
        "{count} keys are now encrypted with AMANA_MASTER_KEY; remove AMANA_MASTER_KEY_PREVIOUS"
    );
    Ok(())
}
