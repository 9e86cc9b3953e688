//! What the result codes mean, collections and payouts apart: the same number can differ.

use amana_domain::payment::{Claim, FailureReason};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Success,
    /// Still being worked on.
    NotFinal,
    /// The operator gave up without knowing; it may have happened.
    Unproven,
    Failed(FailureReason),
    /// Not in the table. The list is open, and a guess could lose money.
    Unclear,
}

impl Meaning {
    /// The claim of a result that is not a success; `None` for a success, which says more.
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
        // Expired, could not be shown, not answered: the prompt is gone without a PIN. Final for
        // this prompt; an earlier one of the same payer has evidence of its own.
        "1019" | "1025" | "1037" | "9999" => Meaning::Failed(FailureReason::NoAnswer),
        "1001" | "8006" => Meaning::Failed(FailureReason::PayerLocked),
        "2001" => Meaning::Failed(FailureReason::WrongPin),
        // A blocked or unauthorised request, or a party that it names wrongly.
        "11" | "12" | "13" | "14" | "20" | "21" | "22" | "26" | "2002" | "2028" | "SFC_IC0003" => {
            Meaning::Failed(FailureReason::Rejected)
        }
        // 15 and 17 point at an earlier prompt that may have been paid (and some read 17 as an
        // internal failure), so they are no reason to let the payer try again at once.
        _ => Meaning::Unclear,
    }
}

/// Stricter than for collections: a failure gives the money back to the person, so a payout that
/// arrived after all would have been paid twice.
pub(crate) fn payout(code: &str) -> Meaning {
    match code {
        "0" => Meaning::Success,
        // The originator id is ours alone, so a duplicate means that the first request did arrive.
        "15" => Meaning::NotFinal,
        // "Traffic blocked" is said by a system that is overloaded, not by one that has checked:
        // the same originator id may be sent again, or the statement tells.
        "26" => Meaning::Unproven,
        "2" | "3" | "4" | "8" => Meaning::Failed(FailureReason::LimitExceeded),
        // 1 is our own float running short, which is not the recipient's lack of funds. The rest
        // is our account, our operator's rights, password or certificate.
        "1" | "11" | "18" | "20" | "21" | "2001" | "2006" | "2028" | "8006" => {
            Meaning::Failed(FailureReason::Rejected)
        }
        "2040" | "SFC_IC0003" => Meaning::Failed(FailureReason::RecipientInvalid),
        // 17 is the catch-all for internal failures: a person asks M-Pesa before anything is resent.
        // 1037 and its like belong to prompts and would be strange here.
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
