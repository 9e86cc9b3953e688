//! Events about transfers and holds, the subjects.

use super::kinds::event_kinds;
use crate::hold::{self, Decision, Hold, State};
use crate::id::UserId;
use crate::money::Currency;

event_kinds! {
    /// Events about a transfer.
    TransferEvent {
        Created = "transfer.created" for Parties {
            recipient: UserId,
            amount_minor: i64,
            currency: Currency,
        }
    }
}

event_kinds! {
    /// Events about a hold.
    HoldEvent {
        Created = "hold.created" for Parties {
            to: hold::State,
            beneficiary: UserId,
            amount_minor: i64,
        }
        Settled = "hold.settled" for Parties {
            from: hold::State,
            to: hold::State,
            settled_minor: i64,
            returned_minor: i64,
        }
        Released = "hold.released" for Parties {
            from: hold::State,
            to: hold::State,
            settled_minor: i64,
            returned_minor: i64,
        }
        Expired = "hold.expired" for Parties {
            from: hold::State,
            to: hold::State,
            settled_minor: i64,
            returned_minor: i64,
        }
    }
}

impl HoldEvent {
    /// Returns the event that tells a decision about a hold that was open.
    #[must_use]
    pub fn of(before: &Hold, decision: &Decision) -> Self {
        let after = &decision.hold;
        let (from, to) = (before.state, after.state);
        let (settled_minor, returned_minor) = (after.settled.minor(), decision.returned.minor());
        match to {
            State::Open | State::Settled => {
                Self::Settled { from, to, settled_minor, returned_minor }
            }
            State::Released => Self::Released { from, to, settled_minor, returned_minor },
            State::Expired => Self::Expired { from, to, settled_minor, returned_minor },
        }
    }
}
