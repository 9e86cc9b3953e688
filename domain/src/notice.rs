//! Messages to users: their templates, channels and languages.

mod cause;
mod of_deals;
mod of_events;

pub use cause::{COUNTED, Cause};
pub use of_deals::{Notice, of_decision};
pub use of_events::{EventNotice, of_event};

use crate::code::Purpose;
use crate::money::{Currency, Money};
use crate::text_enum;

text_enum! {
    pub enum Channel as "channel" {
        Email = "email",
        Sms = "sms",
    }
}

text_enum! {
    pub enum Locale as "language" {
        English = "en",
        Swahili = "sw",
    }
}

text_enum! {
    /// A message, with a text for every language and channel.
    pub enum Template as "template" {
        Welcome = "welcome",
        NewDevice = "new_device",
        SessionReused = "session_reused",
        DeviceTrusted = "device_trusted",
        FactorAdded = "factor_added",
        FactorRemoved = "factor_removed",
        /// Too many wrong codes were entered.
        FactorLocked = "factor_locked",
        BackupCodeUsed = "backup_code_used",
        ApiKeyCreated = "api_key_created",
        /// An API key has a new secret.
        ApiKeyRotated = "api_key_rotated",
        DealProposed = "deal_proposed",
        /// The other party has made another offer.
        DealCountered = "deal_countered",
        /// To an invited counterparty, who may not have an account.
        DealInvitation = "deal_invitation",
        /// The invited party has joined.
        DealJoined = "deal_joined",
        /// To the broker.
        BrokerAgreed = "broker_agreed",
        BrokerPaid = "broker_paid",
        /// To an additional payer whom the buyer named.
        PayerAdded = "payer_added",
        DealAgreed = "deal_agreed",
        DealPaidInPart = "deal_paid_in_part",
        /// The deal ended before it was funded.
        PaymentReturned = "payment_returned",
        DealCancelled = "deal_cancelled",
        CancellationRequested = "cancellation_requested",
        DealExpired = "deal_expired",
        PaymentRequested = "payment_requested",
        PaymentFailed = "payment_failed",
        PaymentReview = "payment_review",
        DealFunded = "deal_funded",
        MilestoneDelivered = "milestone_delivered",
        MilestoneRejected = "milestone_rejected",
        MilestoneReleased = "milestone_released",
        /// To the buyer: the seller was paid without an action of the buyer alone.
        SellerPaid = "seller_paid",
        MilestoneRefunded = "milestone_refunded",
        /// To the seller: the money was refunded to the payers.
        BuyerRefunded = "buyer_refunded",
        /// The code that the buyer gives the seller when they receive the goods.
        DeliveryCode = "delivery_code",
        /// To each party, with its own part.
        MilestoneSplit = "milestone_split",
        SplitOffered = "split_offered",
        DisputeOpened = "dispute_opened",
        DisputeAnswered = "dispute_answered",
        DisputeAwarded = "dispute_awarded",
        ExtensionRequested = "extension_requested",
        DeadlineExtended = "deadline_extended",
        /// To the party that has to act before the deadline.
        DeadlineNear = "deadline_near",
        DealCompleted = "deal_completed",
        DepositReceived = "deposit_received",
        DepositFailed = "deposit_failed",
        WithdrawalRequested = "withdrawal_requested",
        WithdrawalHeld = "withdrawal_held",
        WithdrawalRejected = "withdrawal_rejected",
        WithdrawalPaid = "withdrawal_paid",
        WithdrawalFailed = "withdrawal_failed",
        TransferReceived = "transfer_received",
        TransferSent = "transfer_sent",
        /// The withdrawal was refused because it was not decided in time.
        WithdrawalExpired = "withdrawal_expired",
        HoldCreated = "hold_created",
        HoldReceived = "hold_received",
        HoldSettled = "hold_settled",
        HoldReleased = "hold_released",
        HoldExpired = "hold_expired",
        VerifyEmail = "verify_email",
        VerifyPhone = "verify_phone",
        ResetPassword = "reset_password",
        LeaveEmail = "leave_email",
        LeavePhone = "leave_phone",
        SecondFactorCode = "second_factor_code",
        PasswordChanged = "password_changed",
        /// The password was reset with a code; sessions and API keys are revoked.
        PasswordReset = "password_reset",
        /// To the owner of a verified contact that was used for another registration.
        AccountExists = "account_exists",
        /// `EmailChanged` and `PhoneChanged` go to the replaced contact.
        EmailChanged = "email_changed",
        PhoneChanged = "phone_changed",
        KycSubmitted = "kyc_submitted",
        KycApproved = "kyc_approved",
        KycRejected = "kyc_rejected",
        /// To an invited e-mail address, which may not have an account.
        Invitation = "invitation",
        InvitationAccepted = "invitation_accepted",
        TierChanged = "tier_changed",
        /// Money in suspense was credited to the user.
        PaymentMatched = "payment_matched",
        /// An operator requested the removal of the user's second factor.
        FactorRecoveryRequested = "factor_recovery_requested",
        FactorRecovered = "factor_recovered",
    }
}

/// Returns the message for a code. A new contact and the present contact get the same text.
#[must_use]
pub const fn of_code(purpose: Purpose) -> Template {
    match purpose {
        Purpose::VerifyEmail | Purpose::ChangeEmail => Template::VerifyEmail,
        Purpose::VerifyPhone | Purpose::ChangePhone => Template::VerifyPhone,
        Purpose::ResetPassword => Template::ResetPassword,
        Purpose::LeaveEmail => Template::LeaveEmail,
        Purpose::LeavePhone => Template::LeavePhone,
        Purpose::SecondFactor => Template::SecondFactorCode,
    }
}

/// KES 100 in cents: the smallest amount with an SMS. An SMS about less is not worth its cost and could be abused for
/// nuisance.
const SMS_MINOR_MIN: i64 = 10_000;

/// Returns whether an amount is worth an SMS besides the e-mail. Other currencies cannot be compared with the floor and
/// always are.
#[must_use]
pub const fn is_worth_sms(amount: Money) -> bool {
    !matches!(amount.currency(), Currency::Kes) || amount.minor() >= SMS_MINOR_MIN
}

/// Returns the channels of a message. An SMS costs money, so it is sent only if the reader has to act or money has
/// moved. A code is sent to the contact that it is for, regardless of this list.
#[must_use]
pub const fn channels(template: Template) -> &'static [Channel] {
    match template {
        Template::DealProposed
        | Template::DealCountered
        | Template::DealInvitation
        | Template::PayerAdded
        | Template::PaymentReturned
        | Template::MilestoneRejected
        | Template::MilestoneSplit
        | Template::DisputeOpened
        | Template::DisputeAwarded
        | Template::DeadlineNear
        | Template::DealFunded
        | Template::MilestoneDelivered
        | Template::MilestoneReleased
        | Template::SellerPaid
        | Template::MilestoneRefunded
        | Template::BuyerRefunded
        | Template::PaymentFailed
        | Template::PaymentReview
        | Template::WithdrawalHeld
        | Template::WithdrawalPaid
        | Template::WithdrawalFailed
        | Template::TransferReceived
        | Template::HoldReceived
        | Template::HoldSettled
        | Template::ResetPassword
        | Template::SecondFactorCode
        | Template::KycRejected
        | Template::PaymentMatched
        | Template::FactorRecoveryRequested
        | Template::FactorRecovered => &[Channel::Email, Channel::Sms],
        Template::VerifyPhone
        | Template::LeavePhone
        | Template::PhoneChanged
        | Template::DeliveryCode => &[Channel::Sms],
        Template::Welcome
        | Template::NewDevice
        | Template::SessionReused
        | Template::DeviceTrusted
        | Template::FactorAdded
        | Template::FactorRemoved
        | Template::FactorLocked
        | Template::BackupCodeUsed
        | Template::ApiKeyCreated
        | Template::ApiKeyRotated
        | Template::DealAgreed
        | Template::DealJoined
        | Template::BrokerAgreed
        | Template::BrokerPaid
        | Template::DealPaidInPart
        | Template::SplitOffered
        | Template::DisputeAnswered
        | Template::ExtensionRequested
        | Template::DeadlineExtended
        | Template::DealCancelled
        | Template::CancellationRequested
        | Template::DealExpired
        | Template::PaymentRequested
        | Template::DealCompleted
        | Template::DepositReceived
        | Template::DepositFailed
        | Template::WithdrawalRequested
        | Template::WithdrawalRejected
        | Template::TransferSent
        | Template::WithdrawalExpired
        | Template::HoldCreated
        | Template::HoldReleased
        | Template::HoldExpired
        | Template::VerifyEmail
        | Template::LeaveEmail
        | Template::PasswordChanged
        | Template::PasswordReset
        | Template::AccountExists
        | Template::EmailChanged
        | Template::KycSubmitted
        | Template::KycApproved
        | Template::Invitation
        | Template::InvitationAccepted
        | Template::TierChanged => &[Channel::Email],
    }
}
