//! The events of the log. Every change has one of these kinds.

mod deals;
mod kinds;
mod money;
mod operations;
mod organisations;
mod payments;
mod people;

pub use deals::{CostShare, DealEvent, MilestoneStates, States};
pub use money::{HoldEvent, TransferEvent};
pub use operations::{ApprovalEvent, OperationEvent};
pub use organisations::OrganisationEvent;
pub use payments::{PaymentEvent, ReconciliationEvent};
pub use people::{AccessEvent, KycEvent, UserEvent};

use crate::deal;
use crate::id::UserId;
use crate::text_enum;
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize as _, Serialize};

text_enum! {
    /// The readers of an event, besides auditors.
    pub enum Audience as "audience" {
        Parties = "parties",
        Staff = "staff",
        Audit = "audit",
    }
}

/// The originator of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    User(UserId),
    Operator(UserId),
    Provider,
    System,
}

impl Actor {
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Actor::User(_) => "user",
            Actor::Operator(_) => "operator",
            Actor::Provider => "provider",
            Actor::System => "system",
        }
    }

    /// Reads an actor that was written as its kind and the user behind it.
    #[must_use]
    pub fn read(kind: &str, user: Option<UserId>) -> Option<Self> {
        match (kind, user) {
            ("user", Some(user)) => Some(Actor::User(user)),
            ("operator", Some(user)) => Some(Actor::Operator(user)),
            ("provider", None) => Some(Actor::Provider),
            ("system", None) => Some(Actor::System),
            _ => None,
        }
    }

    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Actor::User(user) | Actor::Operator(user) => Some(user),
            Actor::Provider | Actor::System => None,
        }
    }
}

impl From<deal::Actor> for Actor {
    fn from(actor: deal::Actor) -> Self {
        match actor {
            deal::Actor::User(user) => Actor::User(user),
            deal::Actor::Arbiter(user) => Actor::Operator(user),
            deal::Actor::System => Actor::System,
        }
    }
}

macro_rules! areas {
    ($($area:ident($events:ty),)+) => {
        /// One event, of any area.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($area($events),)+
        }

        impl Event {
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Event::$area(event) => event.kind(),)+ }
            }

            #[must_use]
            pub const fn audience(&self) -> Audience {
                match self { $(Event::$area(event) => event.audience(),)+ }
            }

            /// Returns the kinds of all areas.
            pub fn kinds() -> impl Iterator<Item = &'static str> {
                [$(<$events>::KINDS,)+].into_iter().flatten().copied()
            }

            /// Returns the JSON schema of each area: a choice among its kinds.
            #[must_use]
            pub fn schemas() -> Vec<Schema> {
                vec![$(SchemaGenerator::default().into_root_schema_for::<$events>(),)+]
            }

            /// Reads an event that was written as `kind` and `data`.
            ///
            /// # Errors
            /// The deserializer's, also for an unknown kind.
            pub fn read<'de, D: serde::Deserializer<'de>>(kind: &str, event: D) -> Result<Self, D::Error> {
                $(if <$events>::KINDS.contains(&kind) {
                    return <$events>::deserialize(event).map(Event::$area);
                })+
                Err(serde::de::Error::custom(format_args!("unknown event kind `{kind}`")))
            }
        }

        $(impl From<$events> for Event {
            fn from(event: $events) -> Self {
                Event::$area(event)
            }
        })+
    };
}

areas! {
    Deal(DealEvent),
    Payment(PaymentEvent),
    Reconciliation(ReconciliationEvent),
    Transfer(TransferEvent),
    Hold(HoldEvent),
    User(UserEvent),
    Access(AccessEvent),
    Kyc(KycEvent),
    Organisation(OrganisationEvent),
    Approval(ApprovalEvent),
    Operation(OperationEvent),
}
