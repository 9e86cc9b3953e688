//! Adapter for domain types that are strings over HTTP.

use super::{inline, register_named, single_value};
use amana_domain::api_key::{KeyMode, KeyState, Scope};
use amana_domain::contact::ContactKind;
use amana_domain::deal::{
    Action, DeadlineName, DealState, DealTemplate, MilestoneState, Proof, Role, Silence,
};
use amana_domain::fee::FeePayer;
use amana_domain::id::{
    ApiKeyId, ApprovalId, CallbackId, DealId, DiscrepancyId, DisputeId, DocumentId, EntryId,
    HoldId, InvitationId, JobId, KycId, MilestoneId, OrganisationId, PaymentId, RunId, SessionId,
    TrustedDeviceId, UserId,
};
use amana_domain::ledger::EntryKind;
use amana_domain::money::Currency;
use amana_domain::notice::Locale;
use amana_domain::payment::{Doubt, FailureReason, Purpose, State};
use amana_domain::permission::UserRole;
use amana_domain::transaction::Direction;
use amana_domain::transfer::Category;
use amana_postgres::{CallbackOutcome, JobState, Queue, ReconciliationOutcome};

use poem::http::HeaderValue;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToHeader, ToJSON,
};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;

/// A value that is a string over HTTP.
pub(crate) trait Text: Sized + Send + Sync {
    const NAME: &'static str;

    /// Whether the document describes the type once by name instead of at every use.
    const IS_SHARED: bool = false;

    /// # Errors
    /// The reason why the text is invalid, for the caller.
    fn parse(text: &str) -> Result<Self, String>;

    fn text(&self) -> String;

    fn schema() -> MetaSchema;
}

/// Converts a [`Text`] in JSON, parameters and headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire<T>(pub(crate) T);

impl<T> From<T> for Wire<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

fn schema_ref<T: Text>() -> MetaSchemaRef {
    if T::IS_SHARED { MetaSchemaRef::Reference(T::NAME.to_owned()) } else { inline(T::schema()) }
}

single_value!([T: Text] Wire<T>, T::NAME.into(), schema_ref::<T>(), |registry| {
    if T::IS_SHARED {
        register_named::<Self>(registry, T::NAME, T::schema());
    }
});

impl<'de, T: Text> Deserialize<'de> for Wire<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = value.as_str().ok_or_else(|| D::Error::custom("expected a string"))?;
        T::parse(text).map(Self).map_err(D::Error::custom)
    }
}

impl<T: Text> ParseFromJSON for Wire<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value = value.unwrap_or_default();
        let text = value.as_str().ok_or_else(|| ParseError::custom("expected a string"))?;
        T::parse(text).map(Self).map_err(ParseError::custom)
    }
}

impl<T: Text> ParseFromParameter for Wire<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        T::parse(value).map(Self).map_err(ParseError::custom)
    }
}

impl<T: Text> ToJSON for Wire<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.text().into())
    }
}

impl<T: Text> ToHeader for Wire<T> {
    fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0.text()).ok()
    }
}

macro_rules! ids {
    ($($id:ident = $format:literal),+ $(,)?) => {$(
        impl Text for $id {
            const NAME: &'static str = $format;

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|e: amana_domain::id::IdError| e.to_string())
            }

            fn text(&self) -> String {
                self.to_string()
            }

            fn schema() -> MetaSchema {
                let pattern = Some(<Self as crate::page::Place>::pattern());
                MetaSchema { pattern, ..MetaSchema::new_with_format("string", $format) }
            }
        }

        impl crate::page::Place for $id {
            fn pattern() -> String {
                format!("^{}_[0-9a-f]{{32}}$", Self::PREFIX)
            }
        }
    )+};
}

ids! {
    UserId = "user-id",
    DealId = "deal-id",
    MilestoneId = "milestone-id",
    PaymentId = "payment-id",
    EntryId = "entry-id",
    JobId = "job-id",
    CallbackId = "callback-id",
    DiscrepancyId = "discrepancy-id",
    RunId = "run-id",
    HoldId = "hold-id",
    SessionId = "session-id",
    KycId = "kyc-id",
    DocumentId = "document-id",
    OrganisationId = "organisation-id",
    InvitationId = "invitation-id",
    ApprovalId = "approval-id",
    TrustedDeviceId = "trusted-device-id",
    ApiKeyId = "api-key-id",
    DisputeId = "dispute-id",
}

/// Implements [`Text`] for enumerations, each described once.
macro_rules! text_values {
    ($($(#[doc = $doc:literal])+ $name:ident as $schema:literal;)+) => {$(
        impl $crate::wire::Text for $name {
            const NAME: &'static str = $schema;
            const IS_SHARED: bool = true;

            fn parse(text: &str) -> Result<Self, String> {
                let known = || $name::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", ");
                text.parse().map_err(|_| format!("expected one of: {}", known()))
            }

            fn text(&self) -> String {
                self.as_str().to_owned()
            }

            fn schema() -> poem_openapi::registry::MetaSchema {
                poem_openapi::registry::MetaSchema {
                    enum_items: $name::ALL.iter().map(|v| v.as_str().into()).collect(),
                    description: Some(concat!($($doc, "\n"),+).trim_ascii()),
                    ..poem_openapi::registry::MetaSchema::new("string")
                }
            }
        }
    )+};
}
pub(crate) use text_values;

text_values! {
    /// ISO 4217 code of a currency.
    Currency as "Currency";
    /// Party of a deal.
    Role as "Role";
    /// Payer of a deal's fee: one party, or both by half.
    FeePayer as "FeePayer";
    /// State of a deal. `released`, `refunded`, `cancelled` and `expired` are final.
    DealState as "DealState";
    /// Action in a deal, named like its operation.
    Action as "DealAction";
    /// State of a milestone. `released`, `refunded` and `split` are final.
    MilestoneState as "MilestoneState";
    /// Proof of delivery: a carrier's tracking number, files, or the delivery code that the buyer tells on receipt.
    Proof as "DeliveryProof";
    /// Kind of a deal's deadline.
    DeadlineName as "DeadlineName";
    /// Outcome when a deadline passes without action. `proposed_award_or_equal_split`: the first arbiter's award, or
    /// half for each party.
    Silence as "DefaultOutcome";
    /// Template of a deal with suitable milestones and periods.
    DealTemplate as "DealTemplateName";
    /// Kind of a movement. `fund`, `release`, `refund` and `split` belong to deals. `payout_reserve` reserves money for
    /// a withdrawal, and `payout_return` returns it. `hold` reserves money for another user, `hold_settle` pays it, and
    /// `hold_release` returns it.
    EntryKind as "TransactionKind";
    /// Direction of a movement: incoming or outgoing.
    Direction as "Direction";
    /// Category of a transfer, chosen by the sender.
    Category as "Category";
    /// Purpose of a payment.
    Purpose as "PaymentPurpose";
    /// State of a payment. `succeeded` and `failed` are final. `unknown`: the provider's response was lost, and the
    /// result is being queried. `review`: staff are checking the payment.
    State as "PaymentState";
    /// Reason of a failed payment.
    FailureReason as "FailureReason";
    /// Reason why staff must review a payment.
    Doubt as "ReviewReason";
    /// Role of a user, which determines their permissions.
    UserRole as "UserRole";
    /// Language of messages.
    Locale as "Language";
    /// Kind of contact.
    ContactKind as "ContactKind";
    /// Scope of an API key. Every operation for API keys names the scope that it needs; no scope includes another.
    /// `transfers:write`, `deals:write`, `payments:write` and `holds:write` can move the user's money.
    Scope as "ApiKeyScope";
    /// Mode of an API key: play money or real money. A service accepts only one mode.
    KeyMode as "ApiKeyMode";
    /// State of an API key.
    KeyState as "ApiKeyState";
    /// State of a job. A `dead` job has used up its attempts.
    JobState as "JobState";
    /// Queue of background jobs.
    Queue as "QueueName";
    /// Result of a reconciliation: everything matches, discrepancies are open, or the job failed.
    ReconciliationOutcome as "ReconciliationOutcome";
    /// State of a provider's callback.
    CallbackOutcome as "CallbackState";
}
