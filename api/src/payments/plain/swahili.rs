//! Status of a payment as a sentence in Swahili.

use amana_domain::payment::{FailureReason, Purpose, State};
use amana_postgres::PaymentView;

pub(super) fn text(payment: &PaymentView) -> String {
    let text = match (payment.state, payment.problem.as_deref()) {
        (State::Queued | State::Submitting, Some("provider_unavailable")) => {
            "M-Pesa haipatikani kwa sasa; tunaendelea kujaribu."
        }
        (State::Queued, Some("discrepancy_open")) => {
            "Ombi linasubiri hadi taarifa ya M-Pesa na hesabu zetu zilingane; litaendelea lenyewe."
        }
        (State::Queued | State::Submitting, Some(_)) => {
            "Malipo yamechelewa kwa sababu ya kiufundi; tunaendelea kujaribu."
        }
        (State::Unknown, _) => {
            "Jibu la M-Pesa halikufika; tunatafuta malipo yaliishaje. Tafadhali usilipe tena."
        }
        (State::Pending, Some("provider_unavailable")) => {
            "M-Pesa haipatikani kwa sasa; tunaendelea kuuliza matokeo."
        }
        (State::Confirming, _) => {
            "M-Pesa inasema yamelipwa; kiasi kikubwa hivi kinahesabiwa M-Pesa ikithibitisha."
        }
        (State::Review, _) => {
            "Taarifa za M-Pesa kuhusu malipo haya hazilingani; mtu wetu anazikagua."
        }
        (State::Failed, _) => return failed(payment),
        (State::Screening, _) => "Ombi la kutoa pesa linakaguliwa.",
        (State::Held, _) => "Ombi la kutoa pesa linasubiri kukaguliwa na mtu.",
        (State::Queued | State::Submitting, None) => "Malipo yanatumwa kwa M-Pesa.",
        (State::Pending, _) if payment.purpose.is_payout() => "M-Pesa inalipa; matokeo yatafuata.",
        (State::Pending, _) => "Kubali malipo kwenye simu kwa PIN ya M-Pesa.",
        (State::Succeeded, _) if payment.purpose.is_payout() => "Zimelipwa M-Pesa.",
        (State::Succeeded, _) => "Yamelipwa.",
    };
    text.to_owned()
}

fn failed(payment: &PaymentView) -> String {
    if payment.purpose == Purpose::Withdrawal {
        return match payment.reason {
            Some(reason) => {
                format!("Hazikulipwa: {}. Pesa zimerudi kwenye salio.", reason_text(reason))
            }
            None => "Hazikulipwa: ombi lilikataliwa. Pesa zimerudi kwenye salio.".into(),
        };
    }
    match payment.reason {
        Some(reason) => {
            format!(
                "Hayakulipwa: {}. Hakuna kilichochukuliwa; unaweza kujaribu tena.",
                reason_text(reason)
            )
        }
        None => "Hayakulipwa. Hakuna kilichochukuliwa; unaweza kujaribu tena.".into(),
    }
}

const fn reason_text(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::CancelledByPayer => "ombi lilikataliwa kwenye simu",
        FailureReason::NoAnswer => "simu haikujibu ombi kwa wakati",
        FailureReason::InsufficientFunds => "salio la M-Pesa halitoshi",
        FailureReason::WrongPin => "PIN haikuwa sahihi",
        FailureReason::LimitExceeded => "kiasi kinazidi kikomo cha M-Pesa",
        FailureReason::PayerLocked => "muamala mwingine wa namba hii bado haujaisha",
        FailureReason::RecipientInvalid => "M-Pesa haiitambui namba hii",
        FailureReason::Rejected => "M-Pesa ilikataa ombi",
        FailureReason::NeverHappened => "halikufika M-Pesa",
        FailureReason::NotReached => "M-Pesa haikupatikana",
    }
}
