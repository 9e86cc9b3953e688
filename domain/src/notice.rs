//! Who is told what: which event leads to which message for which party.

use crate::deal::{Event, Role};
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
        FactorAdded = "factor_added",
        FactorRemoved = "factor_removed",
        /// Too many wrong codes.
        FactorLocked = "factor_locked",
        BackupCodeUsed = "backup_code_used",
        DealProposed = "deal_proposed",
        DealAgreed = "deal_agreed",
        DealCancelled = "deal_cancelled",
        CancelAsked = "cancel_asked",
        DealExpired = "deal_expired",
        PaymentRequested = "payment_requested",
        PaymentFailed = "payment_failed",
        PaymentReview = "payment_review",
        DealFunded = "deal_funded",
        MilestoneDelivered = "milestone_delivered",
        MilestoneReleased = "milestone_released",
        MilestoneRefunded = "milestone_refunded",
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
    }
}

/// The messages that an event of a deal leads to.
#[must_use]
pub fn of_event(event: &Event, proposer: Role) -> Vec<(Role, Template)> {
    let both = |template| vec![(Role::Buyer, template), (Role::Seller, template)];
    match event {
        Event::Created => vec![],
        Event::Proposed => vec![(proposer.other(), Template::DealProposed)],
        Event::Agreed => both(Template::DealAgreed),
        Event::Funded => both(Template::DealFunded),
        Event::MilestoneDelivered(_) => vec![(Role::Buyer, Template::MilestoneDelivered)],
        Event::MilestoneReleased(_) => vec![(Role::Seller, Template::MilestoneReleased)],
        Event::MilestoneRefunded(_) => both(Template::MilestoneRefunded),
        Event::CancelAsked(role) => vec![(role.other(), Template::CancelAsked)],
        Event::Cancelled => both(Template::DealCancelled),
        Event::Expired => both(Template::DealExpired),
        Event::Completed => both(Template::DealCompleted),
    }
}

/// E-mail for everything; SMS, which costs money, only where somebody has to act or money has moved.
#[must_use]
pub const fn channels(template: Template) -> &'static [Channel] {
    match template {
        Template::DealProposed
        | Template::DealFunded
        | Template::MilestoneDelivered
        | Template::MilestoneReleased
        | Template::MilestoneRefunded
        | Template::PaymentFailed
        | Template::PaymentReview
        | Template::WithdrawalHeld
        | Template::WithdrawalPaid
        | Template::WithdrawalFailed
        | Template::TransferReceived
        | Template::HoldReceived
        | Template::HoldSettled => &[Channel::Email, Channel::Sms],
        Template::Welcome
        | Template::NewDevice
        | Template::SessionReused
        | Template::FactorAdded
        | Template::FactorRemoved
        | Template::FactorLocked
        | Template::BackupCodeUsed
        | Template::DealAgreed
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
        | Template::HoldExpired => &[Channel::Email],
    }
}
