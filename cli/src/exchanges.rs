//! `amana exchanges`: prints the stored requests and responses of a payment. The master key decrypts them.

use crate::config::{self, Source};
use crate::serve;
use crate::stack::block_on;
use amana_domain::id::PaymentId;
use amana_postgres::Clock;
use anyhow::{Context, Result};
use secrecy::ExposeSecret;

/// # Errors
/// [`config::ConfigErrors`], or that the payment does not exist, or its user's data was erased.
pub fn print(source: &Source, payment: PaymentId) -> Result<()> {
    let settings = config::database_url(source).zip(config::master_keys(source));
    let (url, keys) = source.finish(settings)?;
    let found = block_on(async move {
        let store = serve::store(url.expose_secret(), 1, &keys).await?;
        let now = Clock::default().now();
        store.exchanges(payment, now).await.context("cannot read the exchanges")
    })??;
    if let Some(address) = found.asked_from {
        println!("requested from {}", address.expose());
    }
    if let Some(reference) = found.provider_reference {
        println!("the provider's reference of {payment} is {}", reference.expose());
    }
    for record in found.records {
        let status = record.status.map_or("no response".to_owned(), |status| status.to_string());
        println!("\n{} {} ({status})", record.at.to_rfc3339(), record.operation);
        println!("> {}\n< {}", record.request.expose(), record.body.expose());
    }
    Ok(())
}
