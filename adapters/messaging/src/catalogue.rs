//! The closed list of templates: the stable name of each and the variables it needs.

use std::fmt;
use std::str::FromStr;

/// The text names no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such message template")]
pub struct UnknownTemplate;

macro_rules! templates {
    ($($variant:ident $name:literal [$($variable:literal),+];)+) => {
        /// Everything we ever write to people about. The names are stored, so they never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Template {
            $($variant,)+
        }

        impl Template {
            pub const ALL: &[Template] = &[$(Template::$variant,)+];

            /// The stored name, which is also the name of the message in the `.ftl` files.
            pub fn name(self) -> &'static str {
                match self {
                    $(Template::$variant => $name,)+
                }
            }

            /// What [`Params`](crate::Params) must hold, whatever the channel and the language.
            pub fn variables(self) -> &'static [&'static str] {
                match self {
                    $(Template::$variant => &[$($variable),+],)+
                }
            }
        }
    };
}

templates! {
    Welcome "welcome" ["name"];
    DealProposed "deal_proposed" ["name", "counterparty", "deal_title", "amount", "deadline"];
    DealAgreed "deal_agreed" ["name", "counterparty", "deal_title", "amount"];
    DealCancelled "deal_cancelled" ["name", "counterparty", "deal_title"];
    DealExpired "deal_expired" ["name", "counterparty", "deal_title"];
    PaymentRequested "payment_requested" ["name", "deal_title", "amount"];
    PaymentFailed "payment_failed" ["name", "deal_title", "amount", "reason"];
    DealFunded "deal_funded" ["name", "deal_title", "amount"];
    MilestoneDelivered "milestone_delivered"
        ["name", "counterparty", "deal_title", "milestone", "amount", "deadline"];
    MilestoneReleased "milestone_released" ["name", "deal_title", "milestone", "amount"];
    MilestoneRefunded "milestone_refunded" ["name", "deal_title", "milestone", "amount"];
    DealCompleted "deal_completed" ["name", "counterparty", "deal_title"];
    DepositReceived "deposit_received" ["name", "amount", "receipt"];
    WithdrawalRequested "withdrawal_requested" ["name", "amount"];
    WithdrawalHeld "withdrawal_held" ["name", "amount"];
    WithdrawalRefused "withdrawal_refused" ["name", "amount", "reason"];
    WithdrawalPaid "withdrawal_paid" ["name", "amount", "receipt"];
    WithdrawalFailed "withdrawal_failed" ["name", "amount", "reason"];
    PaymentReview "payment_review" ["name", "amount"];
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Template {
    type Err = UnknownTemplate;

    fn from_str(text: &str) -> Result<Self, UnknownTemplate> {
        Self::ALL.iter().copied().find(|template| template.name() == text).ok_or(UnknownTemplate)
    }
}
