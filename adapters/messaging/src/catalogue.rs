//! The variables of each message: the required ones and the optional one.

use std::borrow::Cow;

use amana_domain::deal::Cause;
use amana_domain::notice::Template;
use amana_domain::payment::FailureReason;

/// The variables of a template, the same for every channel and language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variables {
    pub required: &'static [&'static str],
    pub detail: Option<Detail>,
}

/// An optional value. It is inserted as a whole sentence, so that the text is complete without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The provider's receipt.
    Receipt,
    /// The code of a [`FailureReason`], for the payer.
    PaymentFailure,
    /// The code of a [`FailureReason`], for the recipient of a payout. The payer is Amana.
    PayoutFailure,
    /// A note that an operator wrote.
    Explanation,
    /// An approximate location.
    Place,
    /// The name of a deadline: the expected action and the default outcome.
    Silence,
    /// The cause of a movement of money: the code of a [`Cause`].
    Why,
    /// The end of a deal: `released`, `refunded` or `divided`.
    Outcome,
    /// The state in which a deal expired.
    Ended,
    /// The reader's next step once a deal is agreed, by their side.
    AgreedNext,
    /// The reader's next step once a deal is funded, by their side.
    FundedNext,
    /// The web address of the app.
    Link,
}

/// The text for a code that is missing or unknown to this version.
const REASON_UNKNOWN: &str = "unknown";

const OUTCOMES: [&str; 3] = ["released", "refunded", "divided"];
const ENDED: [&str; 2] = ["proposed", "agreed"];
const SIDES: [&str; 2] = ["buyer", "seller"];
const READERS: [&str; 3] = ["buyer", "seller", "payer"];

/// Deadlines that wait for the buyer or the seller.
const DEADLINES: [&str; 5] = ["acceptance", "funding", "delivery", "inspection", "answer"];

#[must_use]
pub const fn variables(template: Template) -> Variables {
    match template {
        Template::NewDevice => with(&["name", "device", "at"], Detail::Place),
        Template::SessionReused | Template::DeviceTrusted => only(&["name", "device", "at"]),
        Template::Welcome
        | Template::KycSubmitted
        | Template::KycApproved
        | Template::PasswordChanged
        | Template::PasswordReset
        | Template::AccountExists
        | Template::EmailChanged
        | Template::PhoneChanged => only(&["name"]),
        // The contact may not be verified, and then the user who typed it chose the name too.
        Template::VerifyEmail | Template::VerifyPhone | Template::ResetPassword => only(&["code"]),
        Template::LeaveEmail | Template::LeavePhone | Template::SecondFactorCode => {
            only(&["name", "code"])
        }
        Template::KycRejected => with(&["name"], Detail::Explanation),
        Template::FactorAdded
        | Template::FactorRemoved
        | Template::FactorLocked
        | Template::FactorRecoveryRequested
        | Template::FactorRecovered => only(&["name", "at"]),
        Template::TierChanged => only(&["name", "tier"]),
        Template::Invitation => only(&["counterparty", "organisation", "code", "deadline"]),
        Template::DeliveryCode => {
            only(&["name", "counterparty", "deal_title", "milestone", "code"])
        }
        Template::InvitationAccepted => only(&["name", "counterparty", "organisation"]),
        Template::BackupCodeUsed => only(&["name", "at", "left"]),
        Template::ApiKeyCreated | Template::ApiKeyRotated => only(&["name", "key", "at"]),
        Template::DealProposed | Template::DealCountered => {
            only(&["name", "counterparty", "deal_title", "amount", "deadline"])
        }
        Template::DealInvitation => {
            with(&["counterparty", "deal_title", "amount", "code", "deadline"], Detail::Link)
        }
        Template::BrokerAgreed => only(&["name", "deal_title", "amount"]),
        Template::DealAgreed => {
            with(&["name", "counterparty", "deal_title", "amount"], Detail::AgreedNext)
        }
        Template::PayerAdded => only(&["name", "counterparty", "deal_title", "amount"]),
        Template::DealPaidInPart => only(&["name", "deal_title", "amount", "left"]),
        Template::ExtensionRequested => only(&["name", "counterparty", "deal_title", "deadline"]),
        Template::DeadlineExtended => only(&["name", "deal_title", "deadline"]),
        Template::DeadlineNear => with(&["name", "deal_title", "deadline"], Detail::Silence),
        Template::MilestoneRejected => with(
            &["name", "counterparty", "deal_title", "milestone", "deadline"],
            Detail::Explanation,
        ),
        Template::SplitOffered => {
            only(&["name", "counterparty", "deal_title", "milestone", "amount"])
        }
        Template::DisputeOpened => with(
            &["name", "counterparty", "deal_title", "milestone", "deadline"],
            Detail::Explanation,
        ),
        Template::DisputeAnswered => only(&["name", "deal_title", "milestone", "deadline"]),
        Template::DisputeAwarded => with(
            &["name", "deal_title", "milestone", "amount", "for_seller", "for_buyer"],
            Detail::Explanation,
        ),
        Template::DealCancelled | Template::DealJoined | Template::CancellationRequested => {
            only(&["name", "counterparty", "deal_title"])
        }
        Template::DealExpired => with(&["name", "counterparty", "deal_title"], Detail::Ended),
        Template::DealCompleted => with(&["name", "counterparty", "deal_title"], Detail::Outcome),
        Template::PaymentRequested | Template::PaymentReturned => {
            only(&["name", "deal_title", "amount"])
        }
        Template::DealFunded => with(&["name", "deal_title", "amount"], Detail::FundedNext),
        Template::PaymentFailed => with(&["name", "deal_title", "amount"], Detail::PaymentFailure),
        Template::PaymentReview => only(&["name", "amount"]),
        Template::MilestoneDelivered => {
            only(&["name", "counterparty", "deal_title", "milestone", "amount", "deadline"])
        }
        Template::MilestoneReleased => {
            with(&["name", "deal_title", "milestone", "amount", "price", "fee"], Detail::Why)
        }
        Template::SellerPaid => {
            with(&["name", "counterparty", "deal_title", "milestone", "amount"], Detail::Why)
        }
        Template::MilestoneRefunded | Template::BuyerRefunded => {
            with(&["name", "deal_title", "milestone", "amount"], Detail::Why)
        }
        Template::MilestoneSplit => with(
            &["name", "deal_title", "milestone", "amount", "for_seller", "for_buyer"],
            Detail::Why,
        ),
        Template::BrokerPaid => only(&["name", "deal_title", "milestone", "amount"]),
        Template::DepositReceived | Template::PaymentMatched => {
            with(&["name", "amount"], Detail::Receipt)
        }
        Template::DepositFailed => with(&["name", "amount"], Detail::PaymentFailure),
        Template::WithdrawalRequested | Template::WithdrawalHeld | Template::WithdrawalExpired => {
            only(&["name", "amount"])
        }
        Template::HoldCreated | Template::HoldReceived => {
            only(&["name", "counterparty", "amount", "deadline"])
        }
        Template::HoldSettled | Template::HoldReleased | Template::HoldExpired => {
            only(&["name", "counterparty", "amount"])
        }
        Template::WithdrawalRejected => with(&["name", "amount"], Detail::Explanation),
        Template::WithdrawalPaid => with(&["name", "amount"], Detail::Receipt),
        Template::TransferReceived | Template::TransferSent => {
            only(&["name", "counterparty", "amount"])
        }
        Template::WithdrawalFailed => with(&["name", "amount"], Detail::PayoutFailure),
    }
}

const fn only(required: &'static [&'static str]) -> Variables {
    Variables { required, detail: None }
}

const fn with(required: &'static [&'static str], detail: Detail) -> Variables {
    Variables { required, detail: Some(detail) }
}

impl Detail {
    /// Returns the name of the value, which is also the variable in the texts.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Detail::Receipt => "receipt",
            Detail::Place => "place",
            Detail::Silence => "silence",
            Detail::Why => "why",
            Detail::Outcome => "outcome",
            Detail::Ended => "ended",
            Detail::AgreedNext | Detail::FundedNext => "next",
            Detail::Link => "link",
            Detail::PaymentFailure | Detail::PayoutFailure | Detail::Explanation => "reason",
        }
    }

    /// Returns the id of the sentence for the value, if there is one.
    pub(crate) fn text_id(self, value: Option<&str>) -> Option<Cow<'static, str>> {
        let by_reason = |message: &str| {
            let reason = value.and_then(|code| code.parse().ok());
            let attribute = reason.map_or(REASON_UNKNOWN, FailureReason::as_str);
            Some(Cow::Owned(format!("{message}.{attribute}")))
        };
        let among = |message: &str, known: &[&str]| {
            let attribute = value.filter(|name| known.contains(name)).unwrap_or(REASON_UNKNOWN);
            Some(Cow::Owned(format!("{message}.{attribute}")))
        };
        match self {
            Detail::Receipt => value.map(|_| Cow::Borrowed("receipt")),
            Detail::Place => value.map(|_| Cow::Borrowed("place")),
            Detail::Explanation => value.map(|_| Cow::Borrowed("explanation")),
            Detail::PaymentFailure => by_reason("payment_failure"),
            Detail::PayoutFailure => by_reason("payout_failure"),
            Detail::Link => value.map(|_| Cow::Borrowed("link")),
            Detail::Why => {
                let cause = value.and_then(|code| code.parse::<Cause>().ok())?;
                Some(Cow::Owned(format!("why.{cause}")))
            }
            Detail::Silence => among("silence", &DEADLINES),
            Detail::Outcome => among("outcome", &OUTCOMES),
            Detail::Ended => among("ended", &ENDED),
            Detail::AgreedNext => among("agreed_next", &SIDES),
            Detail::FundedNext => among("funded_next", &READERS),
        }
    }
}
