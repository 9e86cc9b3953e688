//! Movements of the caller's wallet.

use crate::Chapter;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::people::PersonAnswer;
use crate::principal::{Principal, WalletRead};
use crate::problem::ApiError;
use crate::range;
use crate::wire::{AmountMinor, AnyOf, DayOrMoment, Limit, Moment, Money, Nullable, Wire};
use amana_domain::id::{DealId, EntryId, HoldId, PaymentId, UserId};
use amana_domain::ledger::EntryKind;
use amana_domain::money::Currency;
use amana_domain::transaction::{Direction, Reference, Transaction};
use amana_domain::transfer::Category;
use amana_postgres::TransactionFilter;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A movement of the available balance.
#[derive(Debug, Object)]
#[oai(rename = "Transaction")]
pub(crate) struct TransactionAnswer {
    /// Id of the movement, equal for all parties.
    id: Wire<EntryId>,
    /// Kind of the movement.
    kind: Wire<EntryKind>,
    /// Time of the movement in microseconds. `get_wallet` at this time returns the balance after it, or after the last
    /// of several movements with the same time.
    at: Wire<Moment>,
    /// Amount: positive if the balance grew, negative if it shrank.
    amount: Money,
    /// Available balance after the movement.
    balance_after: Money,
    /// The other party; `null` for deposits and withdrawals.
    counterparty: Nullable<PersonAnswer>,
    /// Note from the sender of a transfer.
    note: Nullable<String>,
    /// Category from the sender of a transfer.
    category: Nullable<Wire<Category>>,
    /// Metadata from the sender of a transfer; empty for other kinds.
    metadata: BTreeMap<String, String>,
    /// Deal of the movement.
    deal_id: Nullable<Wire<DealId>>,
    /// Mobile-money payment of the movement.
    payment_id: Nullable<Wire<PaymentId>>,
    /// Hold of the movement.
    hold_id: Nullable<Wire<HoldId>>,
}

impl From<Transaction> for TransactionAnswer {
    fn from(transaction: Transaction) -> Self {
        let currency = transaction.currency;
        let (mut deal, mut payment, mut hold) = (None, None, None);
        match transaction.reference {
            Some(Reference::Deal(id)) => deal = Some(id),
            Some(Reference::Payment(id)) => payment = Some(id),
            Some(Reference::Hold(id)) => hold = Some(id),
            None => {}
        }
        Self {
            id: transaction.id.into(),
            kind: transaction.kind.into(),
            at: Moment(transaction.at).into(),
            amount: Money::minor(transaction.amount_minor, currency),
            balance_after: Money::minor(transaction.balance_after_minor, currency),
            counterparty: Nullable::of(transaction.counterparty),
            note: Nullable::of(transaction.note),
            category: Nullable::of(transaction.category),
            metadata: transaction.metadata,
            deal_id: Nullable::of(deal),
            payment_id: Nullable::of(payment),
            hold_id: Nullable::of(hold),
        }
    }
}

#[derive(ApiResponse)]
enum Listed {
    /// One page of movements.
    #[oai(status = 200)]
    Page(Json<PageOf<TransactionAnswer>>),
}

#[derive(ApiResponse)]
enum Found {
    /// The movement.
    #[oai(status = 200)]
    Transaction(Json<TransactionAnswer>),
}

/// Returns the requested currency or the default.
pub(crate) fn currency(asked: Option<Wire<Currency>>) -> Currency {
    asked.map_or(Currency::Kes, |currency| currency.0)
}

pub(crate) struct Transactions;

#[OpenApi(prefix_path = "/v1/transactions", tag = "Chapter::Wallet")]
impl Transactions {
    /// List your transactions
    ///
    /// Movements of your available balance in one currency, newest first, each with the balance after it. All filters
    /// must match. One call examines at most 2,000 movements, so a page may be short or empty and still have a
    /// `next_cursor`. Problems: `invalid_parameter` (400) for a reversed range.
    #[oai(path = "/", method = "get", operation_id = "list_transactions")]
    #[expect(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
    async fn list_transactions(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
        /// Currency of the movements; `KES` by default.
        #[oai(name = "currency")]
        asked: Query<Option<Wire<Currency>>>,
        /// Only movements of these kinds; repeat the parameter or separate kinds by commas.
        kind: Query<AnyOf<EntryKind>>,
        /// Only movements from this time (RFC 3339) or day in Nairobi.
        from: Query<Option<Wire<DayOrMoment>>>,
        /// Only movements before this time (RFC 3339), or up to and including this day in Nairobi.
        to: Query<Option<Wire<DayOrMoment>>>,
        /// Only transfers of this category.
        category: Query<Option<Wire<Category>>>,
        /// Only movements with this user.
        counterparty: Query<Option<Wire<UserId>>>,
        /// Only incoming or only outgoing movements.
        direction: Query<Option<Wire<Direction>>>,
        /// Only movements of at least this amount, in minor units, in either direction.
        amount_min: Query<Option<AmountMinor>>,
        /// Only movements of at most this amount, in minor units, in either direction.
        amount_max: Query<Option<AmountMinor>>,
        /// `next_cursor` of the previous page, with the same filters.
        after: Query<Option<Cursor<i64>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Listed, ApiError> {
        let (from, to) = (from.0.map(|from| from.0.from()), to.0.map(|to| to.0.to()));
        range::in_order(from, to)?;
        range::amounts_in_order(amount_min.0.as_ref(), amount_max.0.as_ref())?;
        let filter = TransactionFilter {
            kinds: kind.0.0,
            from,
            to,
            category: category.0.map(|category| category.0),
            counterparty: counterparty.0.map(|person| person.0),
            direction: direction.0.map(|direction| direction.0),
            minor_min: amount_min.0.map(AmountMinor::get),
            minor_max: amount_max.0.map(AmountMinor::get),
        };
        let whose = (caller.user(), currency(asked.0));
        let after = after.0.map(|Cursor(seq)| seq);
        let page = context.store.transactions(whose, &filter, after, limit(size.0)).await?;
        let items = page.items.into_iter().map(TransactionAnswer::from).collect();
        let next_cursor = Nullable::of(page.next.map(|seq| seq.to_string()));
        Ok(Listed::Page(Json(PageOf { items, next_cursor })))
    }

    /// Get one of your transactions
    ///
    /// The other party of a transfer sees the same id and the opposite amount. Returns `not_found` (404) for movements
    /// that did not change your available balance.
    #[oai(path = "/:id", method = "get", operation_id = "get_transaction")]
    async fn get_transaction(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
        /// Id of the movement.
        id: Path<Wire<EntryId>>,
    ) -> Result<Found, ApiError> {
        let transaction = context.store.transaction(caller.user(), id.0.0).await?;
        Ok(Found::Transaction(Json(transaction.into())))
    }
}
