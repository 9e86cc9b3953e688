//! Typed ids with a readable prefix: a `deal_0190…` is not accepted as the id of a payment.

use thiserror::Error;
use uuid::Uuid;

/// The text is not an id of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected an id that starts with `{prefix}_` followed by 32 hexadecimal digits")]
pub struct IdError {
    pub prefix: &'static str,
}

macro_rules! typed_id {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let error = IdError { prefix: $prefix };
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(error.clone())?;
                if hex.len() != 32 {
                    return Err(error);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| error)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let pattern = concat!("^", $prefix, "_[0-9a-f]{32}$");
                schemars::json_schema!({ "type": "string", "pattern": pattern })
            }
        }
    )+};
}

typed_id! {
    UserId = "usr";
    DealId = "deal";
    MilestoneId = "ms";
    PaymentId = "pay";
    EntryId = "ent";
    JobId = "job";
    CallbackId = "cb";
    DiscrepancyId = "dsc";
    RunId = "run";
    HoldId = "hold";
    SessionId = "ses";
    /// An application for a tier.
    KycId = "kyc";
    DocumentId = "doc";
    OrganisationId = "org";
    InvitationId = "inv";
    ApprovalId = "apr";
    TrustedDeviceId = "dev";
    ApiKeyId = "key";
    DisputeId = "dsp";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_a_wrong_prefix_does_not() {
        let id = DealId::new(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "deal_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in [
            "",
            "deal_",
            "pay_00000000000000000000000000000007",
            "deal_7",
            "deal_{00000000000000000000000000000}",
        ] {
            assert_eq!(text.parse::<DealId>(), Err(IdError { prefix: "deal" }), "{text}");
        }
    }
}
