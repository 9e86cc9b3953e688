//! Registers the callback addresses with M-Pesa.

use crate::config::{Servers, Source, Worker};
use crate::serve;
use crate::stack::block_on;
use amana_postgres::Clock;
use anyhow::{Context as _, Result};
use secrecy::ExposeSecret;

/// Registers new addresses for the paybill and returns its number. From then on, deals show how to pay there.
///
/// # Errors
/// [`crate::config::ConfigErrors`], or that M-Pesa or PostgreSQL is unavailable or rejected the request.
pub fn register_urls(source: &Source) -> Result<String> {
    let (servers, config) = source.finish(Servers::read(source).zip(Worker::read(source)))?;
    block_on(async move {
        let url = servers.database_url.expose_secret();
        let store =
            serve::store(url, servers.database_connections_max, &servers.master_keys).await?;
        let mpesa = serve::mpesa(config.mpesa, &config.certificate).await?;
        let token = store.new_paybill_token(Clock::default().now()).await?;
        mpesa
            .register_urls(&token)
            .await
            .context("M-Pesa did not accept the callback addresses")?;
        store.paybill_registered(&token, Clock::default().now()).await?;
        store.note_paybill(mpesa.shortcode(), Clock::default().now()).await?;
        Ok(mpesa.shortcode().to_owned())
    })?
}
