//! What was asked of a provider about a payment, and what it answered: opened for whoever has the master key.

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

/// One exchange, as it was.
#[derive(Debug, Clone)]
pub struct ExchangeRecord {
    pub operation: String,
    pub request: Personal<String>,
    pub status: Option<i32>,
    pub body: Personal<String>,
    pub at: DateTime<Utc>,
}

/// The newest exchanges about a payment, and what the provider calls it.
#[derive(Debug, Clone)]
pub struct Exchanges {
    pub provider_reference: Option<Personal<String>>,
    /// The internet address from which it was asked for; `None` for what came unasked.
    pub asked_from: Option<Personal<String>>,
    pub records: Vec<ExchangeRecord>,
}

type Row = (String, Vec<u8>, Option<i32>, Vec<u8>, DateTime<Utc>);

impl Store {
    /// Opens the exchanges about a payment, and notes that somebody did.
    ///
    /// # Errors
    /// [`Error::NotFound`] also if the person whose payment it is has been erased.
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
