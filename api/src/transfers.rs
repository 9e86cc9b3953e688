//! Transfers between users.

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

/// A new transfer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateTransfer {
    /// Recipient.
    to: PayeeObject,
    /// Amount of the transfer, at least KES 1.
    amount: PositiveMoney,
    /// Note to the recipient, at most 140 characters.
    note: Option<Wire<Message>>,
    /// Category of the transfer; `general` by default.
    category: Option<Wire<Category>>,
    /// Data for programs, visible to both parties: at most 20 members, with names of at most 40 and values of at most
    /// 200 characters.
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
            // PostgreSQL text cannot contain NUL.
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

/// A transfer between two users.
#[derive(Debug, Object)]
#[oai(rename = "Transfer")]
struct TransferAnswer {
    /// Id of the transaction, equal for sender and recipient.
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

/// Counts a transfer to an unknown number or address as a look-up, because the error reveals that there is no such
/// user.
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
    /// Send money to a user
    ///
    /// Transfers the money immediately and free of charge. A transfer is final. Both parties see the same transaction
    /// id. Problems: `insufficient_funds`, `transfer_too_small` (below KES 1), `transaction_limit`, `daily_limit`,
    /// `recipient_limit`, `unknown_recipient`, `recipient_closed`, `same_party`, `unsupported_currency` (422),
    /// `account_closed`, `verified_contact_required` (403), `rate_limited` (429) above 60 unknown numbers or addresses,
    /// or dry runs with numbers or addresses, per hour, `step_up_required` (403) above KES 50,000 if you have a second
    /// factor, `busy` (503) if nothing was changed, `unavailable` (503) if the result is unknown (repeat the call with
    /// the same key), `idempotency_key_required` (400), `idempotency_key_reused` (422), `idempotency_key_in_progress`
    /// (409).
    #[oai(path = "/", method = "post", operation_id = "create_transfer")]
    async fn create_transfer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<TransfersWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, returns the expected result and changes nothing. An API key then also needs `wallet:read` and
        /// `people:read`.
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
