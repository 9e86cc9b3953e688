//! Sending money from person to person.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Created, answer, keyed};
use crate::payee::PayeeObject;
use crate::people::PersonAnswer;
use crate::principal::{Principal, TransfersWrite};
use crate::problem::{ApiError, Code};
use crate::step_up::before_sending;
use crate::wire::{Key, Message, Money, Nullable, PositiveMoney, Timestamp, Wire};
use amana_domain::api_key::Scope;
use amana_domain::id::{EntryId, UserId};
use amana_domain::payee::Payee;
use amana_domain::transfer::{
    Category, METADATA_FIELDS_MAX, METADATA_NAME_CHARS_MAX, METADATA_VALUE_CHARS_MAX, check_amount,
};
use amana_postgres::{Answer, Keyed, NewTransfer, TransferDetails, TransferView};
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Query};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sending money to somebody.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateTransfer {
    to: PayeeObject,
    amount: PositiveMoney,
    /// For the recipient to read; at most 140 characters.
    note: Option<Wire<Message>>,
    /// What it is for; `general` if left out.
    category: Option<Wire<Category>>,
    /// For programs: at most 20 members, names of at most 40 and values of at most 200 characters. Both sides see it.
    metadata: Option<BTreeMap<String, String>>,
}

impl CreateTransfer {
    fn parse(self, keyed: Keyed) -> Result<NewTransfer, ApiError> {
        let details = TransferDetails {
            note: self.note.map(|note| note.0.0),
            category: self.category.map_or(Category::General, |category| category.0),
            metadata: bounded(self.metadata.unwrap_or_default())?,
        };
        let (to, amount) = (self.to.parse()?, self.amount.money()?);
        check_amount(amount)?;
        Ok(NewTransfer { keyed, to, amount, details, render })
    }
}

fn bounded(metadata: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ApiError> {
    let fits = |(name, value): (&String, &String)| {
        (1..=METADATA_NAME_CHARS_MAX).contains(&name.chars().count())
            && value.chars().count() <= METADATA_VALUE_CHARS_MAX
            // PostgreSQL keeps no text with a NUL in it.
            && !name.contains('\0')
            && !value.contains('\0')
    };
    if metadata.len() <= METADATA_FIELDS_MAX && metadata.iter().all(fits) {
        return Ok(metadata);
    }
    let detail = format!(
        "expected at most {METADATA_FIELDS_MAX} members, names of 1 to {METADATA_NAME_CHARS_MAX} and \
        values of at most {METADATA_VALUE_CHARS_MAX} characters"
    );
    Err(ApiError::field("/metadata", detail))
}

/// Money that went from one person to another.
#[derive(Debug, Object)]
#[oai(rename = "Transfer")]
struct TransferAnswer {
    /// Of the transaction; sender and recipient see the same one.
    id: Wire<EntryId>,
    amount: Money,
    sender: PersonAnswer,
    recipient: PersonAnswer,
    note: Nullable<String>,
    category: Wire<Category>,
    metadata: BTreeMap<String, String>,
    at: Timestamp,
}

impl From<&TransferView> for TransferAnswer {
    fn from(transfer: &TransferView) -> Self {
        Self {
            id: transfer.id.into(),
            amount: transfer.amount.into(),
            sender: transfer.sender.clone().into(),
            recipient: transfer.recipient.clone().into(),
            note: Nullable::of(transfer.details.note.clone()),
            category: transfer.details.category.into(),
            metadata: transfer.details.metadata.clone(),
            at: transfer.at.into(),
        }
    }
}

fn render(transfer: &TransferView) -> Answer {
    answer(StatusCode::CREATED, &TransferAnswer::from(transfer))
}

/// What a refused call is answered: to learn that nobody has a number or an address costs a look-up.
pub(crate) async fn missed(
    context: &Context,
    (user, to): (UserId, &Payee),
    refusal: ApiError,
) -> ApiError {
    if refusal.code != Code::UnknownRecipient {
        return refusal;
    }
    context.budgets.look_up(user, to, context.now()).await.err().unwrap_or(refusal)
}

pub(crate) struct Transfers;

#[OpenApi(prefix_path = "/v1/transfers", tag = "Chapter::Transfers")]
impl Transfers {
    /// Send money to somebody
    ///
    /// Moves it at once and for good, free of charge; both sides see the same transaction id. Problems:
    /// `insufficient_funds`, `transfer_too_small` (below KES 1), `transaction_limit`, `daily_limit`, `recipient_limit`,
    /// `unknown_recipient`, `recipient_closed`, `same_party`, `unsupported_currency` (422), `account_closed`,
    /// `verified_contact_required` (403), `rate_limited` (429) beyond 60 unknown numbers or addresses, or dry runs by
    /// one, in an hour, `step_up_required`
    /// (403: above KES 50,000, for those who have a second factor), `busy` (503, nothing was done), `unavailable`
    /// (503: it may have been done; the same call with the same key tells),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422), `idempotency_key_in_progress` (409).
    #[oai(path = "/", method = "post", operation_id = "create_transfer")]
    async fn create_transfer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<TransfersWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, answers what the call would do, and does nothing. An API key needs `wallet:read` and
        /// `people:read` for it as well.
        dry_run: Query<Option<bool>>,
        body: Body<CreateTransfer>,
    ) -> Result<Created<TransferAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_transfer", &body.canonical);
        let transfer = body.value.parse(keyed)?;
        if dry_run.0 == Some(true) {
            caller.require(Scope::WalletRead)?;
            caller.require(Scope::PeopleRead)?;
            let (user, now) = (caller.user(), context.now());
            context.budgets.look_up(user, &transfer.to, now).await?;
            let quote = context.store.quote_transfer(&transfer, now).await?;
            return Ok(quote.into());
        }
        let (keyed, amount) = (&transfer.keyed, transfer.amount);
        if let Some(answered) = before_sending(&context, &caller, keyed, amount).await? {
            return Ok(answered.into());
        }
        let (user, to) = (caller.user(), transfer.to.clone());
        match context.transfers.make(transfer).await {
            Ok(made) => Ok(made.into()),
            Err(error) => Err(missed(&context, (user, &to), error.into()).await),
        }
    }
}
