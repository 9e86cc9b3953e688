//! One adapter carries every domain type that is a text over HTTP.

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

/// A value that is a text on the wire.
pub(crate) trait Text: Sized + Send + Sync {
    const NAME: &'static str;

    /// Described once under its name instead of wherever it is used.
    const IS_SHARED: bool = false;

    /// # Errors
    /// What is wrong with the text, in a sentence for the caller.
    fn parse(text: &str) -> Result<Self, String>;

    fn text(&self) -> String;

    fn schema() -> MetaSchema;
}

/// Carries a [`Text`] through JSON, parameters and headers.
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

/// Carries closed sets of values; each is described once.
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
    /// A side of a deal.
    Role as "Role";
    /// Who bears the fee of a deal: one side, or both by half.
    FeePayer as "FeePayer";
    /// How far a deal has come. `released`, `refunded`, `cancelled` and `expired` are final.
    DealState as "DealState";
    /// Something that can be done in a deal, by the operation that does it.
    Action as "DealAction";
    /// How far a milestone has come. `released`, `refunded` and `split` are final.
    MilestoneState as "MilestoneState";
    /// What a seller shows to have delivered: a carrier's number for the parcel, files, or the code that the buyer told
    /// when goods changed hands.
    Proof as "DeliveryProof";
    /// What a deadline of a deal is for.
    DeadlineName as "DeadlineName";
    /// What happens if nobody does anything until a deadline. `proposed_award_or_equal_split`: what one arbiter has
    /// decided, or each side gets half.
    Silence as "DefaultOutcome";
    /// A usual kind of deal, with milestones and periods that fit it.
    DealTemplate as "DealTemplateName";
    /// What a movement was for. `fund`, `release`, `refund` and `split` belong to deals; `payout_reserve` takes the
    /// money of a withdrawal aside, `payout_return` gives it back; `hold` sets money aside for somebody, `hold_settle`
    /// pays it, `hold_release` gives it back.
    EntryKind as "TransactionKind";
    /// Whether a balance grew or shrank.
    Direction as "Direction";
    /// What the sender of a transfer says it is for.
    Category as "Category";
    /// What a payment is for.
    Purpose as "PaymentPurpose";
    /// How far a payment has come. `succeeded` and `failed` are final; `unknown` means that the provider's
    /// answer was lost and the outcome is being looked up; `review` means that a person looks into it.
    State as "PaymentState";
    /// Why a payment did not happen.
    FailureReason as "FailureReason";
    /// Why a person should look at a payment.
    Doubt as "ReviewReason";
    /// What a person may do.
    UserRole as "UserRole";
    /// The language of messages.
    Locale as "Language";
    /// A way in which a person is reached.
    ContactKind as "ContactKind";
    /// How far an API key reaches. Every operation that takes keys names the one that it needs; none includes another.
    /// Those of transfers, deals, payments and holds that end in `write` move the person's money.
    Scope as "ApiKeyScope";
    /// Whether an API key is for play money or for real money; a service takes one kind only.
    KeyMode as "ApiKeyMode";
    /// Whether an API key is good.
    KeyState as "ApiKeyState";
    /// How far a job has come; a `dead` one has used up its attempts.
    JobState as "JobState";
    /// A queue of background jobs.
    Queue as "QueueName";
    /// How the latest reconciliation ended: everything matches, discrepancies are open, or the job gave up.
    ReconciliationOutcome as "ReconciliationOutcome";
    /// What became of a provider's callback.
    CallbackOutcome as "CallbackState";
}
