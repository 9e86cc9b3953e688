//! Who is told what: which event leads to which message for which party.

mod cause;
mod of_deals;

pub use cause::{COUNTED, Cause};
pub use of_deals::{Notice, of_decision};

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
    /// One message, in every language and for every channel.
    pub enum Template as "template" {
        Welcome = "welcome",
        NewDevice = "new_device",
        SessionReused = "session_reused",
        DeviceTrusted = "device_trusted",
        FactorAdded = "factor_added",
        FactorRemoved = "factor_removed",
        /// Too many wrong codes.
        FactorLocked = "factor_locked",
        BackupCodeUsed = "backup_code_used",
        ApiKeyMade = "api_key_made",
        /// It has a new secret.
        ApiKeyRotated = "api_key_rotated",
        DealProposed = "deal_proposed",
        /// The other side has made another offer.
        DealCountered = "deal_countered",
        /// To somebody who is to stand on the other side and may not be one of ours.
        DealInvitation = "deal_invitation",
        /// Somebody who was invited is there.
        DealJoined = "deal_joined",
        /// To whoever brought the two together.
        BrokerAgreed = "broker_agreed",
        BrokerPaid = "broker_paid",
        /// The buyer lets them pay, too.
        PayerNamed = "payer_named",
        DealAgreed = "deal_agreed",
        DealPaidInPart = "deal_paid_in_part",
        /// The deal came to nothing before it was funded.
        PaymentReturned = "payment_returned",
        DealCancelled = "deal_cancelled",
        CancelAsked = "cancel_asked",
        DealExpired = "deal_expired",
        PaymentRequested = "payment_requested",
        PaymentFailed = "payment_failed",
        PaymentReview = "payment_review",
        DealFunded = "deal_funded",
        MilestoneDelivered = "milestone_delivered",
        MilestoneRejected = "milestone_rejected",
        MilestoneReleased = "milestone_released",
        /// To the buyer: the seller was paid without their doing.
        SellerPaid = "seller_paid",
        MilestoneRefunded = "milestone_refunded",
        /// To those who got nothing of it: the money is back with whoever paid.
        MoneyWentBack = "money_went_back",
        /// The code that the buyer tells when goods change hands.
        HandOverCode = "hand_over_code",
        /// Divided: each side is told its own part.
        MilestoneSplit = "milestone_split",
        SplitOffered = "split_offered",
        DisputeOpened = "dispute_opened",
        DisputeAnswered = "dispute_answered",
        DisputeAwarded = "dispute_awarded",
        ExtensionAsked = "extension_asked",
        DeadlineExtended = "deadline_extended",
        /// To the side whose silence it would be.
        DeadlineNear = "deadline_near",
        DealCompleted = "deal_completed",
        DepositReceived = "deposit_received",
        DepositFailed = "deposit_failed",
        WithdrawalRequested = "withdrawal_requested",
        WithdrawalHeld = "withdrawal_held",
        WithdrawalRefused = "withdrawal_refused",
        WithdrawalPaid = "withdrawal_paid",
        WithdrawalFailed = "withdrawal_failed",
        TransferReceived = "transfer_received",
        TransferSent = "transfer_sent",
        /// Refused because nobody decided in time.
        WithdrawalExpired = "withdrawal_expired",
        HoldMade = "hold_made",
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
        /// By a code: whatever others may have made has ended.
        PasswordReset = "password_reset",
        /// To the owner of a contact with which somebody else has registered.
        AccountExists = "account_exists",
        /// These two go to what was replaced.
        EmailChanged = "email_changed",
        PhoneChanged = "phone_changed",
        KycSubmitted = "kyc_submitted",
        KycApproved = "kyc_approved",
        KycRejected = "kyc_rejected",
        /// To somebody who may not be one of ours.
        Invitation = "invitation",
        InvitationAccepted = "invitation_accepted",
        TierChanged = "tier_changed",
        /// Money that nobody had expected is theirs.
        PaymentMatched = "payment_matched",
        /// Somebody who works here asks for the second factor to be taken away.
        FactorRecoveryAsked = "factor_recovery_asked",
        FactorRecovered = "factor_recovered",
    }
}

/// The message that a code goes out in. Who gets one for a new address or number reads the same as who
/// proves the present one.
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

/// KES 100, in cents: an SMS about less costs more than it is worth, and could be sent to annoy somebody.
const SMS_MINOR_MIN: i64 = 10_000;

/// Whether an amount is worth an SMS besides the e-mail. Amounts of other currencies cannot be compared with the floor.
#[must_use]
pub const fn is_worth_sms(amount: Money) -> bool {
    !matches!(amount.currency(), Currency::Kes) || amount.minor() >= SMS_MINOR_MIN
}

/// E-mail for everything; SMS, which costs money, only where somebody has to act or money has moved.
/// A code goes where it was asked for, whatever is said here.
#[must_use]
pub const fn channels(template: Template) -> &'static [Channel] {
    match template {
        Template::DealProposed
        | Template::DealCountered
        | Template::DealInvitation
        | Template::PayerNamed
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
        | Template::MoneyWentBack
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
        | Template::FactorRecoveryAsked
        | Template::FactorRecovered => &[Channel::Email, Channel::Sms],
        Template::VerifyPhone
        | Template::LeavePhone
        | Template::PhoneChanged
        | Template::HandOverCode => &[Channel::Sms],
        Template::Welcome
        | Template::NewDevice
        | Template::SessionReused
        | Template::DeviceTrusted
        | Template::FactorAdded
        | Template::FactorRemoved
        | Template::FactorLocked
        | Template::BackupCodeUsed
        | Template::ApiKeyMade
        | Template::ApiKeyRotated
        | Template::DealAgreed
        | Template::DealJoined
        | Template::BrokerAgreed
        | Template::BrokerPaid
        | Template::DealPaidInPart
        | Template::SplitOffered
        | Template::DisputeAnswered
        | Template::ExtensionAsked
        | Template::DeadlineExtended
        | Template::DealCancelled
        | Template::CancelAsked
        | Template::DealExpired
        | Template::PaymentRequested
        | Template::DealCompleted
        | Template::DepositReceived
        | Template::DepositFailed
        | Template::WithdrawalRequested
        | Template::WithdrawalRefused
        | Template::TransferSent
        | Template::WithdrawalExpired
        | Template::HoldMade
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
