//! The meanings of result codes. Collections and payouts have separate tables, because the same code can differ.

use amana_domain::payment::{Claim, FailureReason};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Success,
    /// Still in progress.
    NotFinal,
    /// M-Pesa gave up without a result; the payment may have happened.
    Unproven,
    Failed(FailureReason),
    /// Not in the table. The list of codes is open, and a wrong guess could lose money.
    Unclear,
}

impl Meaning {
    /// Returns the claim of a result. Returns `None` for a success, which has more fields.
    pub(crate) fn claim(&self, code: &str) -> Option<Claim> {
        match self {
            Meaning::Success => None,
            Meaning::NotFinal => Some(Claim::Accepted),
            Meaning::Unproven => Some(Claim::Lost),
            Meaning::Failed(reason) => Some(Claim::Failed { reason: *reason }),
            Meaning::Unclear => Some(Claim::Unclear { code: code.to_owned() }),
        }
    }
}

pub(crate) fn collection(code: &str) -> Meaning {
    match code {
        "0" => Meaning::Success,
        "4999" => Meaning::NotFinal,
        "1" => Meaning::Failed(FailureReason::InsufficientFunds),
        "2" | "3" | "4" | "8" => Meaning::Failed(FailureReason::LimitExceeded),
        "1032" => Meaning::Failed(FailureReason::CancelledByPayer),
        // The prompt expired, could not be shown, or got no answer: it ended without a PIN. This is final for this
        // prompt; an earlier prompt of the same payer has evidence of its own.
        "1019" | "1025" | "1037" | "9999" => Meaning::Failed(FailureReason::NoAnswer),
        "1001" | "8006" => Meaning::Failed(FailureReason::PayerLocked),
        "2001" => Meaning::Failed(FailureReason::WrongPin),
        // A blocked or unauthorised request, or an invalid party.
        "11" | "12" | "13" | "14" | "20" | "21" | "22" | "26" | "2002" | "2028" | "SFC_IC0003" => {
            Meaning::Failed(FailureReason::Rejected)
        }
        // 15 and 17 refer to an earlier prompt that may have been paid (some sources call 17 an internal failure). So
        // the payer must not be charged again at once.
        _ => Meaning::Unclear,
    }
}

/// Stricter than for collections: a failure returns the money to the user, so a payout that arrived nevertheless would
/// be paid twice.
pub(crate) fn payout(code: &str) -> Meaning {
    match code {
        "0" => Meaning::Success,
        // Only we use this originator id, so a duplicate means that the first request arrived.
        "15" => Meaning::NotFinal,
        // An overloaded system sends "traffic blocked" without a check. The payout may be repeated with the same
        // originator id, or the statement proves it.
        "26" => Meaning::Unproven,
        "2" | "3" | "4" | "8" => Meaning::Failed(FailureReason::LimitExceeded),
        // 1 means that our float is too low, not the recipient's balance. The others concern our account, or the
        // rights, password or certificate of our initiator.
        "1" | "11" | "18" | "20" | "21" | "2001" | "2006" | "2028" | "8006" => {
            Meaning::Failed(FailureReason::Rejected)
        }
        "2040" | "SFC_IC0003" => Meaning::Failed(FailureReason::RecipientInvalid),
        // 17 stands for all internal failures: an operator asks M-Pesa before a new payout. 1037 and similar codes
        // belong to prompts and are not expected here.
        _ => Meaning::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureReason::*;

    #[test]
    fn collection_codes() {
        for (code, meaning) in [
            ("0", Meaning::Success),
            ("4999", Meaning::NotFinal),
            ("1", Meaning::Failed(InsufficientFunds)),
            ("4", Meaning::Failed(LimitExceeded)),
            ("1001", Meaning::Failed(PayerLocked)),
            ("1019", Meaning::Failed(NoAnswer)),
            ("1032", Meaning::Failed(CancelledByPayer)),
            ("1037", Meaning::Failed(NoAnswer)),
            ("2001", Meaning::Failed(WrongPin)),
            ("SFC_IC0003", Meaning::Failed(Rejected)),
            ("15", Meaning::Unclear),
            ("17", Meaning::Unclear),
            ("1050", Meaning::Unclear),
            ("00", Meaning::Unclear),
            ("", Meaning::Unclear),
        ] {
            assert_eq!(collection(code), meaning, "{code}");
        }
    }

    #[test]
    fn payout_codes() {
        for (code, meaning) in [
            ("0", Meaning::Success),
            ("1", Meaning::Failed(Rejected)),
            ("8", Meaning::Failed(LimitExceeded)),
            ("15", Meaning::NotFinal),
            ("17", Meaning::Unclear),
            ("26", Meaning::Unproven),
            ("1032", Meaning::Unclear),
            ("1037", Meaning::Unclear),
            ("2001", Meaning::Failed(Rejected)),
            ("2040", Meaning::Failed(RecipientInvalid)),
            ("SFC_IC0003", Meaning::Failed(RecipientInvalid)),
            ("9999", Meaning::Unclear),
        ] {
            assert_eq!(payout(code), meaning, "{code}");
        }
    }
}
