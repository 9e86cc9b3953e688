//! Events about payments and their reconciliation.

use super::kinds::event_kinds;
use crate::id::{ApprovalId, PaymentId, UserId};
use crate::payment::{Purpose, State, Verdict};

event_kinds! {
    /// Events about a payment, the subject. A payment for a deal belongs to the deal's timeline too.
    PaymentEvent {
        Requested = "payment.requested" for Parties {
            payment_id: PaymentId,
            purpose: Purpose,
            amount_minor: i64,
            to: State,
            /// The receipt of the money that a return of suspense sends back.
            #[serde(skip_serializing_if = "Option::is_none")]
            receipt: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            approval: Option<ApprovalId>,
        }
        /// The request left for the provider.
        Sent = "payment.sent" for Staff {
            from: State,
            to: State,
        }
        /// The request did not reach the provider and is sent again.
        NotSent = "payment.not_sent" for Staff {
            from: State,
            to: State,
        }
        /// The payment returned to an earlier state: screening, held, queued or submitting.
        Requeued = "payment.requeued" for Staff {
            payment_id: PaymentId,
            from: State,
            to: State,
        }
        /// The payer's phone shows the prompt, or the provider works on the payout.
        Prompted = "payment.prompted" for Parties {
            payment_id: PaymentId,
            from: State,
            to: State,
            receipt: Option<String>,
            reason: Option<String>,
        }
        /// A callback reports success that the provider has to confirm.
        Confirming = "payment.confirming" for Parties {
            payment_id: PaymentId,
            from: State,
            to: State,
            receipt: Option<String>,
            reason: Option<String>,
        }
        Succeeded = "payment.succeeded" for Parties {
            payment_id: PaymentId,
            from: State,
            to: State,
            receipt: Option<String>,
            reason: Option<String>,
        }
        Failed = "payment.failed" for Parties {
            payment_id: PaymentId,
            from: State,
            to: State,
            receipt: Option<String>,
            reason: Option<String>,
        }
        /// The outcome is unknown until the provider or the statement reports it.
        Unknown = "payment.unknown" for Parties {
            payment_id: PaymentId,
            from: State,
            to: State,
            receipt: Option<String>,
            reason: Option<String>,
        }
        /// The provider's result is unknown to us; an operator resolves the payment.
        Review = "payment.review" for Parties {
            payment_id: PaymentId,
            from: State,
            to: State,
            receipt: Option<String>,
            reason: Option<String>,
        }
        /// The deal could not take the money; it stays in the payer's wallet.
        KeptInWallet = "payment.kept_in_wallet" for Parties {
            payment_id: PaymentId,
        }
        /// Two operators settled a payment in review.
        Resolved = "payment.resolved" for Staff {
            paid: bool,
            receipt: Option<String>,
            note: String,
        }
        Viewed = "payment.viewed" for Audit {
            user: Option<UserId>,
        }
        /// The stored requests and answers of the provider were opened.
        ExchangesViewed = "payment.exchanges_viewed" for Audit {}
        WithdrawalScreened = "withdrawal.screened" for Staff {
            from: State,
            to: State,
            score: i64,
            reasons: Vec<String>,
        }
        /// A withdrawal of a frozen user waits for a decision again.
        WithdrawalHeld = "withdrawal.held" for Staff {
            from: State,
            to: State,
            reasons: Vec<String>,
        }
        WithdrawalReleased = "withdrawal.released" for Staff {
            from: State,
            to: State,
            note: String,
        }
        WithdrawalRejected = "withdrawal.rejected" for Parties {
            from: State,
            to: State,
            note: String,
        }
        /// The withdrawal was not decided in time and is refused.
        WithdrawalExpired = "withdrawal.expired" for Parties {
            from: State,
            to: State,
            note: String,
        }
    }
}

impl PaymentEvent {
    /// Returns the event that tells a new verdict about a payment.
    #[must_use]
    pub fn judged(payment_id: PaymentId, before: &Verdict, after: &Verdict) -> Self {
        let (from, to, receipt) = (before.state, after.state, after.receipt.clone());
        let reason = after.reason.map(|reason| reason.as_str().to_owned());
        match to {
            State::Pending => Self::Prompted { payment_id, from, to, receipt, reason },
            State::Confirming => Self::Confirming { payment_id, from, to, receipt, reason },
            State::Succeeded => Self::Succeeded { payment_id, from, to, receipt, reason },
            State::Failed => Self::Failed { payment_id, from, to, receipt, reason },
            State::Unknown => Self::Unknown { payment_id, from, to, receipt, reason },
            State::Review => Self::Review { payment_id, from, to, receipt, reason },
            State::Screening | State::Held | State::Queued | State::Submitting => {
                Self::Requeued { payment_id, from, to }
            }
        }
    }
}

event_kinds! {
    /// Events about discrepancies and money in suspense.
    ReconciliationEvent {
        /// An operator closed a discrepancy by hand.
        DiscrepancyClosed = "discrepancy.closed" for Staff {
            kind: String,
            subject: String,
            note: String,
        }
        /// An operator read the payer of money in suspense.
        PayerViewed = "suspense.payer_viewed" for Audit {}
    }
}
