//! Response of a call with `dry_run=true`.

use crate::people::PersonAnswer;
use crate::wire::{Money, Nullable, inline, single_value};
use amana_postgres::Quote;
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::Type;
use std::marker::PhantomData;

/// Expected result of a call. Nothing was changed, and later calls may change the result.
#[derive(Debug, Object)]
#[oai(rename = "Quote")]
pub(crate) struct QuoteAnswer {
    /// Amount that would be moved.
    amount: Money,
    /// Fee that you would pay.
    fee: Money,
    /// Amount plus fee.
    total: Money,
    /// Your available balance now.
    available_before: Money,
    /// Your available balance after the call.
    available_after: Money,
    /// Your limit per transaction; `null` if no limit applies.
    transaction_limit: Nullable<Money>,
    /// Rest of your daily limit after the call; `null` if no limit applies.
    remaining_today: Nullable<Money>,
    /// Recipient; `null` if it is not a user.
    recipient: Nullable<PersonAnswer>,
    /// M-Pesa payments that would be prompted one after the other; empty if no mobile money comes in.
    payments: Vec<Money>,
}

impl From<Quote> for QuoteAnswer {
    fn from(quote: Quote) -> Self {
        let minor = |minor| Money::minor(minor, quote.amount.currency());
        let amount_minor = quote.amount.minor();
        Self {
            amount: quote.amount.into(),
            fee: minor(quote.fee_minor),
            total: minor(amount_minor.saturating_add(quote.fee_minor)),
            available_before: minor(quote.available_before_minor),
            available_after: minor(quote.available_after_minor),
            transaction_limit: Nullable::of(
                quote.allowance.map(|it| minor(it.transaction_minor_max)),
            ),
            remaining_today: Nullable::of(quote.allowance.map(|it| minor(it.day_left_minor))),
            recipient: Nullable::of(quote.recipient),
            payments: quote.payments.into_iter().map(Money::from).collect(),
        }
    }
}

/// Schema of a response that has either the result or, with the same status, a quote.
#[derive(Debug)]
pub(crate) struct OrQuote<T>(PhantomData<fn() -> T>);

single_value!(
    [T: Type] OrQuote<T>,
    format!("{}_or_{}", T::name(), QuoteAnswer::name()).into(),
    inline(MetaSchema {
        any_of: vec![T::schema_ref(), QuoteAnswer::schema_ref()],
        ..MetaSchema::ANY
    }),
    |registry| {
        T::register(registry);
        QuoteAnswer::register(registry);
    }
);
