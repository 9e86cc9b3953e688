//! Scriptable faults, the phone numbers with a built-in fault, and the rules that set a fault for any number.

use serde::{Deserialize, Serialize};

/// Number 2547000001NN has fault NN.
const NUMBER_PREFIX: &str = "2547000001";

macro_rules! faults {
    ($($number:literal $variant:ident $name:literal $meaning:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Fault { $($variant),* }

        impl Fault {
            pub(crate) const ALL: &[Fault] = &[$(Fault::$variant),*];

            pub(crate) fn number(self) -> u8 {
                match self { $(Fault::$variant => $number),* }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name),* }
            }

            pub(crate) fn meaning(self) -> &'static str {
                match self { $(Fault::$variant => $meaning),* }
            }
        }
    };
}

faults! {
    1 Cancel "cancel" "STK: the customer dismisses the prompt (1032)."
    2 NoAnswer "no_answer" "STK: the phone does not answer (1037) after at most 2 seconds."
    3 WrongPin "wrong_pin" "STK: the customer enters a wrong PIN (2001)."
    4 NoFunds "no_funds" "STK: the customer's balance is too low (1). B2C: the float is too low (1)."
    5 CallbackLost "callback_lost" "Paid, but no callback is sent."
    6 CallbackLate "callback_late" "Paid, and the callback comes late."
    7 CallbackTwice "callback_twice" "Paid, and the callback is sent twice."
    8 CallbackBeforeAnswer "callback_before_answer" "Paid, and the callback arrives before the synchronous answer."
    9 AnswerLost "answer_lost" "Paid, but the connection breaks before the synchronous answer."
    10 ServerError "server_error" "HTTP 500 (500.003.1001); nothing is done."
    11 Malformed "malformed" "Paid, but the one callback is not JSON."
    12 Approve "approve" "Approved at once, as if the customer had entered the PIN."
    13 WrongAmount "wrong_amount" "Paid, but the callback names another amount (1 shilling more)."
    14 MalformedAnswer "malformed_answer" "Paid, but the synchronous answer is not JSON."
    15 RuleLimited "rule_limited" "STK: result 17, as for a repeat within 2 minutes."
    16 Unregistered "unregistered" "B2C: the recipient is not a registered customer (2040). STK: approved."
    17 QueueTimeout "queue_timeout" "B2C: QueueTimeOutURL is called first, the real result comes late. STK: approved."
    18 Busy "busy" "HTTP 500 (500.003.02, system is busy); nothing is done."
    19 QueryUnsteady "query_unsteady" "STK: paid, but every second status query says it is still being processed."
    20 QueryContradicts "query_contradicts" "STK: paid with callback, but the status query says it was cancelled."
}

impl Fault {
    /// Whether the fault applies to B2C requests.
    pub(crate) fn concerns_payouts(self) -> bool {
        !matches!(
            self,
            Fault::Cancel
                | Fault::Approve
                | Fault::NoAnswer
                | Fault::WrongPin
                | Fault::RuleLimited
                | Fault::QueryUnsteady
                | Fault::QueryContradicts
        )
    }

    pub(crate) fn concerns_collections(self) -> bool {
        !matches!(self, Fault::Unregistered | Fault::QueueTimeout)
    }

    /// Whether the fault applies to the confirmation of a paybill payment.
    pub(crate) fn concerns_paybill(self) -> bool {
        matches!(
            self,
            Fault::CallbackLost
                | Fault::CallbackLate
                | Fault::CallbackTwice
                | Fault::Malformed
                | Fault::WrongAmount
        )
    }

    fn of_number(phone: &str) -> Option<Fault> {
        let number: u8 = phone.strip_prefix(NUMBER_PREFIX)?.parse().ok()?;
        Fault::ALL.iter().copied().find(|fault| fault.number() == number)
    }
}

pub(crate) fn number_of(fault: Fault) -> String {
    format!("{NUMBER_PREFIX}{:02}", fault.number())
}

/// An entry of `POST /admin/faults`: permanent, or for the next `count` requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) phone: String,
    pub(crate) fault: Fault,
    #[serde(default)]
    pub(crate) count: Option<u32>,
    /// Restricts the rule to one operation.
    #[serde(default)]
    pub(crate) only: Option<Operation>,
    /// Replaces the delay of `callback_late` and `queue_timeout`.
    #[serde(default)]
    pub(crate) delay_ms: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Collection,
    Payout,
    Paybill,
}

/// The faults of one request.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Script {
    pub(crate) fault: Option<Fault>,
    /// The number has a built-in fault, so no user operates its phone and it approves automatically.
    pub(crate) automatic: bool,
    pub(crate) delay_ms: Option<u32>,
}

impl Script {
    pub(crate) fn is(self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether the phone shows the prompt. Scripted customers answer without one.
    pub(crate) fn shows_prompt(self) -> bool {
        !self.automatic && !self.is(Fault::NoAnswer)
    }
}

/// Chooses the fault of a request. Rules take precedence over the number's own fault; a rule with a count is used up.
pub(crate) fn draw(rules: &mut Vec<Rule>, phone: &str, operation: Operation) -> Script {
    let concerns = |fault: Fault| match operation {
        Operation::Collection => fault.concerns_collections(),
        Operation::Payout => fault.concerns_payouts(),
        Operation::Paybill => fault.concerns_paybill(),
    };
    let fits = |rule: &Rule| rule.phone == phone && rule.only.is_none_or(|only| only == operation);
    let found = rules.iter().position(|rule| fits(rule) && concerns(rule.fault));
    let Some(index) = found else {
        let fault = Fault::of_number(phone);
        return Script {
            fault: fault.filter(|fault| concerns(*fault)),
            automatic: fault.is_some(),
            delay_ms: None,
        };
    };
    let rule = &mut rules[index];
    let script = Script { fault: Some(rule.fault), automatic: false, delay_ms: rule.delay_ms };
    if let Some(count) = &mut rule.count {
        *count = count.saturating_sub(1);
        if *count == 0 {
            rules.remove(index);
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::{Fault, Operation, Rule, draw, number_of};

    #[test]
    fn names_in_json_are_the_documented_ones() {
        for fault in Fault::ALL {
            let json = serde_json::to_value(fault).unwrap();
            assert_eq!(json, fault.name());
        }
    }

    #[test]
    fn a_counted_rule_is_used_up_and_outranks_the_number() {
        let phone = number_of(Fault::Cancel);
        let rule = Rule {
            phone: phone.clone(),
            fault: Fault::Approve,
            count: Some(2),
            only: None,
            delay_ms: None,
        };
        let mut rules = vec![rule];
        for expected in [Fault::Approve, Fault::Approve, Fault::Cancel] {
            assert_eq!(draw(&mut rules, &phone, Operation::Collection).fault, Some(expected));
        }
        assert!(rules.is_empty());
        assert!(draw(&mut rules, &phone, Operation::Payout).fault.is_none());
    }
}
