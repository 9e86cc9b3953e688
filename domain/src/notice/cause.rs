//! Messages that other users can trigger: their causes, and the maximum per contact and day.

use super::{Channel, Template};
use crate::text_enum;
use chrono::TimeDelta;

/// Period over which messages to a contact are counted.
pub const COUNTED: TimeDelta = TimeDelta::days(1);

/// Maximum per day and cause. An SMS costs money and disturbs more than an e-mail.
const SMS_DAY_MAX: i64 = 10;
const EMAILS_DAY_MAX: i64 = 50;

/// Maximum number of reminders. A busy seller has many deals, and a missed deadline can cost money.
const REMINDERS_SMS_DAY_MAX: i64 = 20;
const REMINDERS_EMAILS_DAY_MAX: i64 = 100;

text_enum! {
    /// An action of other users that sends a message to a contact and has no limit of its own.
    pub enum Cause as "cause of messages" {
        /// A transfer to the reader.
        Transfers = "transfers",
        /// A hold for the reader.
        Holds = "holds",
        /// An offer of a deal, or a role in it.
        Offers = "offers",
        /// A cancellation, split, extension or partial payment of a deal.
        Negotiations = "negotiations",
        /// A deadline of a deal that is near.
        Reminders = "reminders",
        /// An invitation to an organisation or a deal.
        Invitations = "invitations",
        /// A code to a contact that is not verified, or a password reset code.
        Codes = "codes",
    }
}

impl Cause {
    /// Returns the maximum number of messages per contact and day for this cause.
    #[must_use]
    pub const fn day_max(self, channel: Channel) -> i64 {
        let (sms, emails) = match self {
            Cause::Reminders => (REMINDERS_SMS_DAY_MAX, REMINDERS_EMAILS_DAY_MAX),
            Cause::Transfers
            | Cause::Holds
            | Cause::Offers
            | Cause::Negotiations
            | Cause::Invitations
            | Cause::Codes => (SMS_DAY_MAX, EMAILS_DAY_MAX),
        };
        match channel {
            Channel::Sms => sms,
            Channel::Email => emails,
        }
    }

    /// Returns the cause of a message. `None` if the reader caused it, another rule limits it, or it must be delivered.
    #[must_use]
    pub const fn of(template: Template) -> Option<Self> {
        match template {
            Template::TransferReceived => Some(Cause::Transfers),
            Template::HoldReceived | Template::HoldSettled => Some(Cause::Holds),
            Template::DealProposed | Template::DealCountered | Template::PayerAdded => {
                Some(Cause::Offers)
            }
            Template::BrokerAgreed
            | Template::CancellationRequested
            | Template::DealCancelled
            | Template::DealExpired
            | Template::DealPaidInPart
            | Template::ExtensionRequested
            | Template::SplitOffered => Some(Cause::Negotiations),
            Template::DeadlineNear => Some(Cause::Reminders),
            Template::DealInvitation | Template::Invitation => Some(Cause::Invitations),
            Template::VerifyEmail | Template::VerifyPhone | Template::ResetPassword => {
                Some(Cause::Codes)
            }
            Template::Welcome
            | Template::AccountExists
            | Template::NewDevice
            | Template::SessionReused
            | Template::DeviceTrusted
            | Template::FactorAdded
            | Template::FactorRemoved
            | Template::FactorLocked
            | Template::BackupCodeUsed
            | Template::ApiKeyCreated
            | Template::ApiKeyRotated
            | Template::DealJoined
            | Template::BrokerPaid
            | Template::DealAgreed
            | Template::PaymentReturned
            | Template::PaymentRequested
            | Template::PaymentFailed
            | Template::PaymentReview
            | Template::DealFunded
            | Template::MilestoneDelivered
            | Template::MilestoneRejected
            | Template::MilestoneReleased
            | Template::SellerPaid
            | Template::MilestoneRefunded
            | Template::BuyerRefunded
            | Template::DeliveryCode
            | Template::MilestoneSplit
            | Template::DisputeOpened
            | Template::DisputeAnswered
            | Template::DisputeAwarded
            | Template::DeadlineExtended
            | Template::DealCompleted
            | Template::DepositReceived
            | Template::DepositFailed
            | Template::WithdrawalRequested
            | Template::WithdrawalHeld
            | Template::WithdrawalRejected
            | Template::WithdrawalPaid
            | Template::WithdrawalFailed
            | Template::TransferSent
            | Template::WithdrawalExpired
            | Template::HoldCreated
            | Template::HoldReleased
            | Template::HoldExpired
            | Template::LeaveEmail
            | Template::LeavePhone
            | Template::SecondFactorCode
            | Template::PasswordChanged
            | Template::PasswordReset
            | Template::EmailChanged
            | Template::PhoneChanged
            | Template::KycSubmitted
            | Template::KycApproved
            | Template::KycRejected
            | Template::InvitationAccepted
            | Template::TierChanged
            | Template::PaymentMatched
            | Template::FactorRecoveryRequested
            | Template::FactorRecovered => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_cause_sends_something_and_is_bounded() {
        let sent: BTreeSet<&str> = Template::ALL
            .iter()
            .filter_map(|template| Cause::of(*template))
            .map(Cause::as_str)
            .collect();
        assert_eq!(sent, Cause::ALL.iter().map(|cause| cause.as_str()).collect());
        for cause in Cause::ALL {
            let (sms, emails) = (cause.day_max(Channel::Sms), cause.day_max(Channel::Email));
            assert!(0 < sms && sms < emails && emails <= 100, "{cause}");
        }
    }
}
