//! Moves money between customers, the organisation's utility float and its statement. An answer settles a request
//! exactly once.

use serde_json::json;

use crate::{
    clock,
    fault::Fault,
    ids, money,
    state::{Answer, Collection, Line, Outcome, Payout, State},
};

pub(crate) const TRANSACTION_MAX_CENTS: i64 = money::shillings(250_000);
const WALLET_MAX_CENTS: i64 = money::shillings(500_000);
const DAILY_MAX_CENTS: i64 = money::shillings(500_000);
const REPEAT_WINDOW_MS: i64 = 2 * 60 * 1000;

/// A statement entry. The float changes only through such entries.
struct Entry {
    receipt: String,
    initiated_ms: i64,
    amount_cents: i64,
    details: String,
    reason: &'static str,
    other_party: String,
    account: String,
}

/// A customer's payment to the organisation.
pub(crate) struct Bill<'a> {
    pub(crate) phone: &'a str,
    pub(crate) amount_cents: i64,
    pub(crate) reference: &'a str,
}

impl State {
    fn post(&mut self, entry: Entry, now_ms: i64) {
        self.core.float_cents = self.core.float_cents.saturating_add(entry.amount_cents);
        self.write_line(entry, now_ms, true);
    }

    fn post_failed(&mut self, entry: Entry, now_ms: i64) {
        self.write_line(entry, now_ms, false);
    }

    fn write_line(&mut self, entry: Entry, now_ms: i64, completed: bool) {
        self.keep_line(Line {
            receipt: entry.receipt,
            initiated_ms: entry.initiated_ms,
            completed_ms: now_ms,
            details: entry.details,
            completed,
            amount_cents: entry.amount_cents,
            balance_cents: self.core.float_cents,
            reason: entry.reason.to_owned(),
            other_party: entry.other_party,
            account: entry.account,
        });
    }

    /// Settles an open collection. Returns `None` if it is unknown or was settled before.
    pub(crate) fn settle_collection(
        &mut self,
        checkout_id: &str,
        answer: &Answer,
        organisation: &str,
    ) -> Option<Collection> {
        let open = self.collections.get(checkout_id).filter(|it| it.outcome.is_none())?.clone();
        let now_ms = clock::now_ms();
        let code = self.collection_code(&open, answer, now_ms);
        let receipt = match code.as_str() {
            "0" => Some(self.take_payment(&open, organisation, now_ms)),
            "1" => {
                let receipt = ids::receipt(now_ms);
                self.post_failed(collection_entry(&open, &receipt), now_ms);
                None
            }
            _ => None,
        };
        let ended = self.collections.get_mut(checkout_id)?;
        ended.outcome = Some(Outcome { code: code.clone(), receipt, at_ms: now_ms });
        let ended = ended.clone();
        self.event("collection_settled", checkout_id, json!({ "result_code": code }));
        Some(ended)
    }

    fn collection_code(&mut self, open: &Collection, answer: &Answer, now_ms: i64) -> String {
        let code = match answer {
            Answer::Cancel => "1032",
            Answer::Silence => "1037",
            Answer::WrongPin => "2001",
            Answer::NoFunds => "1",
            Answer::Refuse(code) => code,
            Answer::Pin(pin) => {
                let right = self.customer(&open.phone).is_some_and(|it| it.pin == *pin);
                if right { self.debit_code(&open.phone, open.amount_cents, now_ms) } else { "2001" }
            }
            Answer::Approve => self.debit_code(&open.phone, open.amount_cents, now_ms),
        };
        code.to_owned()
    }

    fn debit_code(&mut self, phone: &str, amount_cents: i64, now_ms: i64) -> &'static str {
        let today = clock::eat_text(now_ms, "%Y-%m-%d");
        let Some(customer) = self.customer(phone) else { return "26" };
        if customer.spent_on != today {
            customer.spent_on = today;
            customer.spent_cents = 0;
        }
        let spent_cents = customer.spent_cents.saturating_add(amount_cents);
        if customer.balance_cents < amount_cents {
            "1"
        } else if spent_cents > DAILY_MAX_CENTS {
            "4"
        } else {
            customer.balance_cents = customer.balance_cents.saturating_sub(amount_cents);
            customer.spent_cents = spent_cents;
            "0"
        }
    }

    /// Credits the float. The customer was debited before.
    fn take_payment(&mut self, paid: &Collection, organisation: &str, now_ms: i64) -> String {
        let receipt = ids::receipt(now_ms);
        self.post(collection_entry(paid, &receipt), now_ms);
        let Collection { phone, amount_cents, reference, .. } = paid;
        let bill = Bill { phone, amount_cents: *amount_cents, reference };
        self.confirm_to_payer(&bill, organisation, &receipt);
        receipt
    }

    fn confirm_to_payer(&mut self, paid: &Bill<'_>, organisation: &str, receipt: &str) {
        let text = format!(
            "{receipt} Confirmed. Ksh{} sent to {organisation} for account {} on {}. New M-PESA \
             balance is Ksh{}. Transaction cost, Ksh0.00.",
            money::grouped(paid.amount_cents),
            paid.reference,
            sms_time(clock::now_ms()),
            money::grouped(self.customer(paid.phone).map_or(0, |it| it.balance_cents)),
        );
        self.keep_sms("MPESA", paid.phone, &text);
    }

    /// Pays the paybill from the M-Pesa menu. Returns the receipt, or the result code of the failure.
    pub(crate) fn pay_bill(
        &mut self,
        bill: &Bill<'_>,
        organisation: &str,
    ) -> Result<String, &'static str> {
        let Bill { phone, amount_cents, reference } = *bill;
        let now_ms = clock::now_ms();
        match self.debit_code(phone, amount_cents, now_ms) {
            "0" => {}
            code => return Err(code),
        }
        let receipt = ids::receipt(now_ms);
        let other_party = self.payer_of(phone);
        self.post(
            Entry {
                receipt: receipt.clone(),
                initiated_ms: now_ms,
                amount_cents,
                details: format!("Pay Bill from {other_party} Acc. {reference}"),
                reason: "Pay Bill",
                other_party,
                account: reference.to_owned(),
            },
            now_ms,
        );
        self.confirm_to_payer(bill, organisation, &receipt);
        self.event("paybill_paid", &receipt, json!({ "phone": phone, "reference": reference }));
        Ok(receipt)
    }

    pub(crate) fn settle_payout(&mut self, originator_id: &str) -> Option<Payout> {
        let open = self.payouts.get(originator_id).filter(|it| it.outcome.is_none())?.clone();
        let now_ms = clock::now_ms();
        let code = self.payout_code(&open);
        let receipt = ids::receipt(now_ms);
        match code.as_str() {
            "0" => {
                self.post(payout_entry(&open, &receipt), now_ms);
                self.confirm_to_recipient(&open, &receipt);
            }
            "1" | "2040" => self.post_failed(payout_entry(&open, &receipt), now_ms),
            _ => {}
        }
        let ended = self.payouts.get_mut(originator_id)?;
        let receipt = (code == "0").then_some(receipt);
        ended.outcome = Some(Outcome { code: code.clone(), receipt, at_ms: now_ms });
        let ended = ended.clone();
        self.event("payout_settled", originator_id, json!({ "result_code": code }));
        Some(ended)
    }

    fn payout_code(&mut self, open: &Payout) -> String {
        if let Some(code) = &open.refusal {
            return code.clone();
        }
        if open.script.is(Fault::Unregistered) {
            return "2040".to_owned();
        }
        if open.script.is(Fault::NoFunds) || self.core.float_cents < open.amount_cents {
            return "1".to_owned();
        }
        let Some(customer) = self.customer(&open.phone) else { return "26".to_owned() };
        let balance_cents = customer.balance_cents.saturating_add(open.amount_cents);
        if balance_cents > WALLET_MAX_CENTS {
            return "8".to_owned();
        }
        customer.balance_cents = balance_cents;
        "0".to_owned()
    }

    fn confirm_to_recipient(&mut self, paid: &Payout, receipt: &str) {
        let text = format!(
            "{receipt} Confirmed. You have received Ksh{} on {}. New M-PESA balance is Ksh{}.",
            money::grouped(paid.amount_cents),
            sms_time(clock::now_ms()),
            money::grouped(self.customer(&paid.phone).map_or(0, |it| it.balance_cents)),
        );
        self.keep_sms("MPESA", &paid.phone, &text);
    }

    /// Sets the float, as an operator who moves own money in or out of the utility account.
    pub(crate) fn set_float(&mut self, float_cents: i64) {
        let now_ms = clock::now_ms();
        let amount_cents = float_cents.saturating_sub(self.core.float_cents);
        if amount_cents == 0 {
            return;
        }
        self.post(
            Entry {
                receipt: ids::receipt(now_ms),
                initiated_ms: now_ms,
                amount_cents,
                details: "Organization transfer of own funds".to_owned(),
                reason: "Organization Funds Transfer",
                other_party: String::new(),
                account: String::new(),
            },
            now_ms,
        );
    }

    /// Whether the customer paid, or has a prompt for, the same amount within the window.
    pub(crate) fn repeats(&self, phone: &str, amount_cents: i64, now_ms: i64) -> bool {
        let since_ms = now_ms.saturating_sub(REPEAT_WINDOW_MS);
        self.collections
            .newest_first()
            .take_while(|it| it.created_ms >= since_ms)
            .filter(|it| it.outcome.as_ref().is_none_or(Outcome::paid))
            .any(|it| it.phone == phone && it.amount_cents == amount_cents)
    }
}

fn collection_entry(collection: &Collection, receipt: &str) -> Entry {
    let other_party = State::owner_of(&collection.phone);
    Entry {
        receipt: receipt.to_owned(),
        initiated_ms: collection.created_ms,
        amount_cents: collection.amount_cents,
        details: format!("Pay Bill Online from {other_party} Acc. {}", collection.reference),
        reason: "Pay Bill Online",
        other_party,
        account: collection.reference.clone(),
    }
}

fn payout_entry(payout: &Payout, receipt: &str) -> Entry {
    let other_party = State::owner_of(&payout.phone);
    Entry {
        receipt: receipt.to_owned(),
        initiated_ms: payout.created_ms,
        amount_cents: payout.amount_cents.saturating_neg(),
        details: format!(
            "Business Payment to {other_party} via API. Original conversation ID is {}.",
            payout.originator_id
        ),
        reason: "Business Payment to Customer via API",
        other_party,
        account: String::new(),
    }
}

fn sms_time(now_ms: i64) -> String {
    clock::eat_text(now_ms, "%-d/%-m/%y at %-I:%M %p")
}
