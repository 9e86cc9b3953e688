//! Quotes of transfers.

use super::NewTransfer;
use super::batch;
use super::parties::Parties;
use crate::error::Error;
use crate::ledger;
use crate::pool::Store;
use crate::quote::{Allowance, Quote};
use amana_domain::id::EntryId;
use amana_domain::limits::day_of;
use amana_domain::transfer::{self, Transfer, TransferRefusal};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Store {
    /// # Errors
    /// Every refusal that the transfer itself would get now.
    pub async fn quote_transfer(
        &self,
        request: &NewTransfer,
        now: DateTime<Utc>,
    ) -> Result<Quote, Error> {
        let mut conn = self.connection().await?;
        let parties = Parties::of(&mut conn, self.vault()?, &[request]).await?;
        let recipient = parties.payee(&request.to).ok_or(TransferRefusal::UnknownRecipient)?;
        let sender = request.keyed.user;
        let id = EntryId::new(Uuid::now_v7());
        let transfer = Transfer { id, sender, recipient, amount: request.amount };
        let (limits, _) =
            transfer::screen(&transfer, parties.party(sender), parties.party(recipient))?;
        let accounts = BTreeSet::from([transfer.from(), transfer.to()]);
        let positions = ledger::positions(&mut conn, &accounts).await?;
        let before = positions.get(&transfer.from()).balance_minor;
        let mut book = batch::book(&mut conn, &[&transfer], &parties, positions).await?;
        let accepted = book.accept(&transfer, day_of(now))?;
        Ok(Quote {
            amount: request.amount,
            fee_minor: 0,
            available_before_minor: before,
            available_after_minor: book.positions.get(&transfer.from()).balance_minor,
            allowance: Some(Allowance::after(&limits, accepted.usage)),
            recipient: Some(parties.view(recipient)?),
            payments: vec![],
        })
    }
}
