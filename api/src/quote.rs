//! The answer to a call with `dry_run=true`: what it would do, without doing it.

use crate::people::PersonAnswer;
use crate::wire::{Money, Nullable, inline, single_value};
use amana_postgres::Quote;
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::Type;
use std::marker::PhantomData;

/// What a call would do. Nothing was done, and nothing is promised: the next call may change it.
#[derive(Debug, Object)]
#[oai(rename = "Quote")]
pub(crate) struct QuoteAnswer {
    /// What would be moved.
    amount: Money,
    /// What the caller would pay for it.
    fee: Money,
    /// Both together.
    total: Money,
    /// What the caller can spend now.
    available_before: Money,
    /// What the caller could spend afterwards.
    available_after: Money,
    /// The most that one transaction of the caller may move; `null` where no limit applies.
    transaction_limit: Nullable<Money>,
    /// What would be left of the day's limit afterwards; `null` where no limit applies.
    remaining_today: Nullable<Money>,
    /// Who would get it; `null` if it is not for a person.
    recipient: Nullable<PersonAnswer>,
    /// What the phone would be asked for, one payment after the other; empty if no mobile money comes in.
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

/// The shape of an answer that says what was done, or with the same status what would be done.
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
