//! Status of a payment as a sentence in the caller's language.

mod swahili;

use crate::language::spoken;
use amana_domain::notice::Locale;
use amana_domain::payment::{FailureReason, Purpose, State};
use amana_postgres::PaymentView;

pub(crate) fn payment_text(payment: &PaymentView) -> String {
    match spoken() {
        Locale::English => english(payment),
        Locale::Swahili => swahili::text(payment),
    }
}

fn english(payment: &PaymentView) -> String {
    let text = match (payment.state, payment.problem.as_deref()) {
        (State::Queued | State::Submitting, Some("provider_unavailable")) => {
            "M-Pesa cannot be reached right now; we keep trying."
        }
        (State::Queued, Some("discrepancy_open")) => {
            "The withdrawal waits until M-Pesa's statement matches our books; it then continues automatically."
        }
        (State::Queued | State::Submitting, Some(_)) => {
            "The payment is delayed for a technical reason; we keep trying."
        }
        (State::Unknown, _) => {
            "M-Pesa's answer was lost; we are checking whether the payment succeeded. Please do not pay again."
        }
        (State::Pending, Some("provider_unavailable")) => {
            "M-Pesa cannot be reached right now; we keep checking for the result."
        }
        (State::Confirming, _) => {
            "M-Pesa reports the payment; an amount this large is credited once M-Pesa confirms it."
        }
        (State::Review, _) => {
            "M-Pesa sent contradictory messages about this payment; our staff are checking it."
        }
        (State::Failed, _) => return failed(payment),
        (State::Screening, _) => "The withdrawal is being checked.",
        (State::Held, _) => "The withdrawal waits for a check by our staff.",
        (State::Queued | State::Submitting, None) => "The payment is being sent to M-Pesa.",
        (State::Pending, _) if payment.purpose.is_payout() => {
            "M-Pesa is paying out; the result will follow."
        }
        (State::Pending, _) => "Approve the payment on the phone with the M-Pesa PIN.",
        (State::Succeeded, _) if payment.purpose.is_payout() => "Paid out.",
        (State::Succeeded, _) => "Paid.",
    };
    text.to_owned()
}

fn failed(payment: &PaymentView) -> String {
    if payment.purpose == Purpose::Withdrawal {
        return match payment.reason {
            Some(reason) => {
                format!("Not paid out: {}. The money is back in the wallet.", reason_text(reason))
            }
            None => {
                "Not paid out: the withdrawal was rejected. The money is back in the wallet.".into()
            }
        };
    }
    match payment.reason {
        Some(reason) => {
            format!("Not paid: {}. Nothing was taken; you can try again.", reason_text(reason))
        }
        None => "Not paid. Nothing was taken; you can try again.".into(),
    }
}

const fn reason_text(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::CancelledByPayer => "the request was declined on the phone",
        FailureReason::NoAnswer => "the phone did not answer the request in time",
        FailureReason::InsufficientFunds => "there is not enough money in the M-Pesa account",
        FailureReason::WrongPin => "the PIN was wrong",
        FailureReason::LimitExceeded => "the amount is above a limit of the M-Pesa account",
        FailureReason::PayerLocked => "another M-Pesa transaction of this number is still open",
        FailureReason::RecipientInvalid => "M-Pesa does not know this number",
        FailureReason::Rejected => "M-Pesa rejected the request",
        FailureReason::NeverHappened => "it never reached M-Pesa",
        FailureReason::NotReached => "M-Pesa could not be reached",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::id::{PaymentId, UserId};
    use amana_domain::money::{Currency, Money};
    use amana_domain::phone::Msisdn;
    use chrono::DateTime;
    use uuid::Uuid;

    fn payment(purpose: Purpose, state: State) -> PaymentView {
        PaymentView {
            id: PaymentId::new(Uuid::nil()),
            user: Some(UserId::new(Uuid::nil())),
            user_name: "Amina".into(),
            purpose,
            deal: None,
            amount: Money::new(100, Currency::Kes).unwrap(),
            msisdn: Msisdn::parse("254712345678").ok(),
            state,
            reason: None,
            doubt: None,
            receipt: None,
            reference: "ABC".into(),
            problem: None,
            risk_score: None,
            risk_reasons: vec![],
            decision_note: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_provider_that_is_down_is_said_to_be_down() {
        let mut queued = payment(Purpose::FundDeal, State::Queued);
        queued.problem = Some("provider_unavailable".into());
        assert_eq!(payment_text(&queued), "M-Pesa cannot be reached right now; we keep trying.");
    }

    #[tokio::test]
    async fn every_status_is_told_in_swahili_too() {
        for state in State::ALL {
            for purpose in [Purpose::Deposit, Purpose::Withdrawal] {
                for reason in FailureReason::ALL.iter().map(Some).chain([None]) {
                    for problem in [None, Some("provider_unavailable"), Some("other")] {
                        let mut one = payment(purpose, *state);
                        (one.reason, one.problem) = (reason.copied(), problem.map(str::to_owned));
                        let both =
                            crate::language::scope(Locale::Swahili, async { payment_text(&one) });
                        assert_ne!(both.await, payment_text(&one), "{state}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_failure_says_where_the_money_is() {
        for reason in FailureReason::ALL {
            let mut failed = payment(Purpose::Deposit, State::Failed);
            failed.reason = Some(*reason);
            assert!(payment_text(&failed).contains("Nothing was taken"));
            failed.purpose = Purpose::Withdrawal;
            assert!(payment_text(&failed).contains("back in the wallet"));
        }
    }
}
