//! Requests to a provider about a payment, and its responses, decrypted with the master key.

use crate::error::Error;
use crate::log;
use crate::page::PAGE_MAX;
use crate::pool::Store;
use crate::schema::{exchanges, payments};
use crate::vault::{Column, key_of_payer};
use amana_domain::deal::Actor;
use amana_domain::event::PaymentEvent;
use amana_domain::id::PaymentId;
use amana_domain::personal::Personal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

/// One request and its response.
#[derive(Debug, Clone)]
pub struct ExchangeRecord {
    pub operation: String,
    pub request: Personal<String>,
    pub status: Option<i32>,
    pub body: Personal<String>,
    pub at: DateTime<Utc>,
}

/// The newest exchanges about a payment, and the provider's reference for it.
#[derive(Debug, Clone)]
pub struct Exchanges {
    pub provider_reference: Option<Personal<String>>,
    /// IP address of the request; `None` for unsolicited payments.
    pub asked_from: Option<Personal<String>>,
    pub records: Vec<ExchangeRecord>,
}

type Row = (String, Vec<u8>, Option<i32>, Vec<u8>, DateTime<Utc>);

impl Store {
    /// Decrypts the exchanges about a payment, and records the access.
    ///
    /// # Errors
    /// [`Error::NotFound`], also if the payment's user has been erased.
    pub async fn exchanges(&self, id: PaymentId, now: DateTime<Utc>) -> Result<Exchanges, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let key = key_of_payer(conn, vault, id).await?.ok_or(Error::NotFound("payment"))?;
            let (reference, address): (Option<Vec<u8>>, Option<Vec<u8>>) = payments::table
                .find(id.uuid())
                .select((payments::provider_reference_sealed, payments::asked_from_sealed))
                .first(conn)
                .await?;
            let open = |column, sealed: Option<Vec<u8>>| {
                sealed.map(|sealed| key.open(column, &sealed).map(Personal::new)).transpose()
            };
            let provider_reference = open(Column::ProviderReference, reference)?;
            let asked_from = open(Column::PaymentAskedFrom, address)?;
            let rows: Vec<Row> = exchanges::table
                .filter(exchanges::payment_id.eq(id.uuid()))
                .order(exchanges::id.desc())
                .limit(PAGE_MAX)
                .select((
                    exchanges::operation,
                    exchanges::request_sealed,
                    exchanges::status,
                    exchanges::body_sealed,
                    exchanges::at,
                ))
                .load(conn)
                .await?;
            let record = |(operation, request, status, body, at): Row| {
                let request = Personal::new(key.open(Column::ExchangeRequest, &request)?);
                let body = Personal::new(key.open(Column::ExchangeBody, &body)?);
                Ok(ExchangeRecord { operation, request, status, body, at })
            };
            let records = rows.into_iter().map(record).collect::<Result<_, Error>>()?;
            let viewed = PaymentEvent::ExchangesViewed {};
            log::append(conn, now, Actor::System, id, viewed).await?;
            Ok(Exchanges { provider_reference, asked_from, records })
        })
        .await
    }
}
