//! What moved in a person's wallet, one by one.

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

/// One movement of the available balance.
#[derive(Debug, Object)]
#[oai(rename = "Transaction")]
pub(crate) struct TransactionAnswer {
    /// The same for everybody whom the movement touches.
    id: Wire<EntryId>,
    kind: Wire<EntryKind>,
    /// To the microsecond: `get_wallet` at this time answers the balance after it, or after the last of several
    /// that share it.
    at: Wire<Moment>,
    /// Positive if the balance grew.
    amount: Money,
    /// The available balance after the movement.
    balance_after: Money,
    /// `null` if nobody else takes part: deposits and withdrawals.
    counterparty: Nullable<PersonAnswer>,
    /// What the sender of a transfer wrote.
    note: Nullable<String>,
    /// What the sender of a transfer says it is for.
    category: Nullable<Wire<Category>>,
    /// What the sender of a transfer attached; empty for everything else.
    metadata: BTreeMap<String, String>,
    /// The deal that it belongs to.
    deal_id: Nullable<Wire<DealId>>,
    /// The mobile-money payment that it belongs to.
    payment_id: Nullable<Wire<PaymentId>>,
    /// The hold that it belongs to.
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

/// The currency that was asked for, or the one of the home market.
pub(crate) fn currency(asked: Option<Wire<Currency>>) -> Currency {
    asked.map_or(Currency::Kes, |currency| currency.0)
}

pub(crate) struct Transactions;

#[OpenApi(prefix_path = "/v1/transactions", tag = "Chapter::Wallet")]
impl Transactions {
    /// List transactions
    ///
    /// What moved the caller's available balance in one currency, newest first. Each carries the balance that it
    /// left behind, so the list can be checked line by line. All filters must apply. One call looks through at
    /// most 2,000 movements for those that fit: a page may be short, or empty, and still have a `next_cursor`. Problems:
    /// `invalid_parameter` (400) for a range that ends before it begins.
    #[oai(path = "/", method = "get", operation_id = "list_transactions")]
    #[expect(clippy::too_many_arguments, reason = "one for each parameter of the operation")]
    async fn list_transactions(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
        /// `KES` if left out.
        #[oai(name = "currency")]
        asked: Query<Option<Wire<Currency>>>,
        /// Only of these kinds: given several times, or separated by commas.
        kind: Query<AnyOf<EntryKind>>,
        /// Only from then on: a time (RFC 3339), or a day in Nairobi.
        from: Query<Option<Wire<DayOrMoment>>>,
        /// Only before then: a time (RFC 3339), or a day in Nairobi, which is included.
        to: Query<Option<Wire<DayOrMoment>>>,
        /// Only transfers of this category.
        category: Query<Option<Wire<Category>>>,
        /// Only those with this person.
        counterparty: Query<Option<Wire<UserId>>>,
        /// Only what came in, or what went out.
        direction: Query<Option<Wire<Direction>>>,
        /// Only those that moved at least so much, in minor units, whichever way.
        amount_min: Query<Option<AmountMinor>>,
        /// Only those that moved at most so much, in minor units, whichever way.
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

    /// Get a transaction
    ///
    /// One movement as the caller sees it: the other side of a transfer has the same id and the opposite amount.
    /// Movements that did not touch the caller's available balance do not exist for the caller: `not_found` (404).
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
