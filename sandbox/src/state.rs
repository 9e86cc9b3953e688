//! The complete state of the sandbox as one serialisable value. Every list is bounded.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock,
    fault::{Rule, Script},
    journal::Touched,
    money, phone,
    register::Register,
};

const CUSTOMERS_MAX: usize = 200_000;
const STATEMENT_LINES_MAX: usize = 1_000_000;
pub(crate) const EVENTS_KEPT_MAX: usize = 5_000;
pub(crate) const MESSAGES_KEPT_MAX: usize = 1_000;
const SCHEDULE_MAX: usize = 20_000;
pub(crate) const RULES_MAX: usize = 1_000;
pub(crate) const OPEN_PROMPTS_PER_PHONE_MAX: usize = 20;
const DEFAULT_BALANCE_CENTS: i64 = money::shillings(100_000);
const DEFAULT_PIN: &str = "1234";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) core: Core,
    pub(crate) customers: BTreeMap<String, Customer>,
    pub(crate) collections: Register<Collection>,
    pub(crate) payouts: Register<Payout>,
    pub(crate) schedule: BTreeMap<u64, Scheduled>,
    pub(crate) statement: Vec<Line>,
    pub(crate) mails: VecDeque<Mail>,
    pub(crate) sms: VecDeque<Sms>,
    pub(crate) events: VecDeque<Event>,
    /// Not stored: a restart invalidates all tokens.
    #[serde(skip)]
    pub(crate) token: Option<Token>,
    /// Changes that are not in the journal yet.
    #[serde(skip)]
    pub(crate) touched: Touched,
}

/// The small part of the state, which is written completely with every change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Core {
    pub(crate) started: bool,
    pub(crate) opening_float_cents: i64,
    pub(crate) float_cents: i64,
    pub(crate) rules: Vec<Rule>,
    pub(crate) provider: Provider,
    /// The registered address for confirmations of paybill payments.
    pub(crate) confirmation_url: Option<String>,
    pub(crate) mail_fault: Trouble,
    pub(crate) sms_fault: Trouble,
    /// Messages with smaller ids were deleted.
    pub(crate) first_mail: u64,
    pub(crate) first_sms: u64,
    last_event: u64,
    last_message: u64,
    last_scheduled: u64,
}

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) expires_ms: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) balance_cents: i64,
    pub(crate) pin: String,
    /// The date in EAT that `spent_cents` refers to, for the daily limit.
    pub(crate) spent_on: String,
    pub(crate) spent_cents: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    pub(crate) up: bool,
    /// Whether an equal amount of the same customer within 2 minutes fails with result 17.
    #[serde(default)]
    pub(crate) repeat_guard: bool,
    /// Whether statements have the payer's full number, as for some organisations.
    #[serde(default)]
    pub(crate) whole_numbers: bool,
}

impl Default for Provider {
    fn default() -> Self {
        Self { up: true, repeat_guard: false, whole_numbers: false }
    }
}

/// The simulated failures of the e-mail and SMS catchers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    #[default]
    Ok,
    Temporary,
    Permanent,
}

/// The result of a collection or payout. `code` is text, because some codes are not numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) code: String,
    pub(crate) receipt: Option<String>,
    pub(crate) at_ms: i64,
}

impl Outcome {
    pub(crate) fn paid(&self) -> bool {
        self.code == "0"
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Collection {
    pub(crate) checkout_id: String,
    pub(crate) merchant_id: String,
    pub(crate) phone: String,
    pub(crate) amount_cents: i64,
    pub(crate) reference: String,
    pub(crate) description: String,
    pub(crate) callback_url: String,
    pub(crate) created_ms: i64,
    pub(crate) script: Script,
    pub(crate) polls: u32,
    pub(crate) outcome: Option<Outcome>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payout {
    pub(crate) originator_id: String,
    pub(crate) conversation_id: String,
    pub(crate) phone: String,
    pub(crate) amount_cents: i64,
    pub(crate) remarks: String,
    pub(crate) result_url: String,
    pub(crate) timeout_url: String,
    pub(crate) created_ms: i64,
    pub(crate) script: Script,
    /// Set when the request arrived with an error such as a wrong credential. No money moves then.
    pub(crate) refusal: Option<String>,
    pub(crate) outcome: Option<Outcome>,
}

/// A task of an open prompt, a payout or a callback.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Scheduled {
    pub(crate) due_ms: i64,
    pub(crate) task: Task,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    Prompt { checkout_id: String, answer: Answer },
    Payout { originator_id: String },
    Deliver(Delivery),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    Pin(String),
    Approve,
    Cancel,
    WrongPin,
    NoFunds,
    Silence,
    Refuse(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// The id of the request: CheckoutRequestID or OriginatorConversationID.
    pub(crate) reference: String,
    pub(crate) url: String,
    pub(crate) body: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) receipt: String,
    pub(crate) initiated_ms: i64,
    pub(crate) completed_ms: i64,
    pub(crate) details: String,
    pub(crate) completed: bool,
    /// Positive if paid in, negative if withdrawn.
    pub(crate) amount_cents: i64,
    pub(crate) balance_cents: i64,
    pub(crate) reason: String,
    pub(crate) other_party: String,
    pub(crate) account: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) id: u64,
    pub(crate) at: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sms {
    pub(crate) id: u64,
    pub(crate) at: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) at: String,
    pub(crate) kind: String,
    pub(crate) reference: String,
    pub(crate) detail: Value,
}

impl State {
    /// Returns the customer, created at first use. Returns `None` if there are too many.
    pub(crate) fn customer(&mut self, phone: &str) -> Option<&mut Customer> {
        if !self.customers.contains_key(phone) && self.customers.len() >= CUSTOMERS_MAX {
            return None;
        }
        self.touched.customers.insert(phone.to_owned());
        Some(self.customers.entry(phone.to_owned()).or_insert_with(|| Customer {
            balance_cents: DEFAULT_BALANCE_CENTS,
            pin: DEFAULT_PIN.to_owned(),
            spent_on: String::new(),
            spent_cents: 0,
        }))
    }

    pub(crate) fn event(&mut self, kind: &str, reference: &str, detail: Value) {
        self.core.last_event = self.core.last_event.saturating_add(1);
        let event = Event {
            id: self.core.last_event,
            at: clock::rfc3339(clock::now_ms()),
            kind: kind.to_owned(),
            reference: reference.to_owned(),
            detail,
        };
        self.touched.events.push(event.clone());
        push_bounded(&mut self.events, event, EVENTS_KEPT_MAX);
    }

    pub(crate) fn message_id(&mut self) -> u64 {
        self.core.last_message = self.core.last_message.saturating_add(1);
        self.core.last_message
    }

    pub(crate) fn keep_mail(&mut self, mail: Mail) {
        self.touched.mails.push(mail.clone());
        push_bounded(&mut self.mails, mail, MESSAGES_KEPT_MAX);
    }

    pub(crate) fn keep_sms(&mut self, from: &str, to: &str, text: &str) {
        let id = self.message_id();
        let sms = Sms {
            id,
            at: clock::rfc3339(clock::now_ms()),
            from: from.to_owned(),
            to: to.to_owned(),
            text: text.to_owned(),
        };
        self.touched.sms.push(sms.clone());
        push_bounded(&mut self.sms, sms, MESSAGES_KEPT_MAX);
    }

    pub(crate) fn keep_line(&mut self, line: Line) {
        self.touched.lines.push(line.clone());
        if self.statement.len() >= STATEMENT_LINES_MAX {
            self.statement.remove(0);
        }
        self.statement.push(line);
    }

    pub(crate) fn clear_mails(&mut self) {
        self.core.first_mail = self.core.last_message.saturating_add(1);
        self.mails.clear();
    }

    pub(crate) fn clear_sms(&mut self) {
        self.core.first_sms = self.core.last_message.saturating_add(1);
        self.sms.clear();
    }

    /// Discards the changes, because a sandbox without a data folder does not write them.
    pub(crate) fn forget_touched(&mut self) {
        self.touched = Touched::default();
        self.collections.forget_touched();
        self.payouts.forget_touched();
    }

    /// Whether another task can be scheduled. If not, the caller responds that the system is busy.
    pub(crate) fn has_room(&self) -> bool {
        self.schedule.len() < SCHEDULE_MAX
    }

    pub(crate) fn plan(&mut self, due_ms: i64, task: Task) {
        self.core.last_scheduled = self.core.last_scheduled.saturating_add(1);
        let id = self.core.last_scheduled;
        self.touched.schedule.insert(id);
        self.schedule.insert(id, Scheduled { due_ms, task });
    }

    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.schedule.values().map(|it| it.due_ms).min()
    }

    /// Removes the matching tasks and returns them in the order of their due times.
    pub(crate) fn unplan(&mut self, fits: impl Fn(&Scheduled) -> bool) -> Vec<Task> {
        let taken: Vec<u64> =
            self.schedule.iter().filter(|(_, it)| fits(it)).map(|(id, _)| *id).collect();
        self.touched.schedule.extend(&taken);
        let mut taken: Vec<Scheduled> =
            taken.iter().filter_map(|id| self.schedule.remove(id)).collect();
        taken.sort_by_key(|it| it.due_ms);
        taken.into_iter().map(|it| it.task).collect()
    }

    /// Returns the open prompts of a phone, oldest first, without scripted ones, which the phone never shows.
    pub(crate) fn open_prompts(&self, phone: Option<&str>) -> Vec<&Collection> {
        let shown = |scheduled: &Scheduled| match &scheduled.task {
            Task::Prompt { checkout_id, answer: Answer::Silence } => {
                self.collections.get(checkout_id).filter(|it| it.script.shows_prompt())
            }
            Task::Prompt { .. } | Task::Payout { .. } | Task::Deliver(_) => None,
        };
        let mut open: Vec<_> = self.schedule.values().filter_map(shown).collect();
        open.retain(|prompt| phone.is_none_or(|phone| prompt.phone == phone));
        open
    }

    /// Returns the payer's number and name as statements show them.
    pub(crate) fn payer_of(&self, phone: &str) -> String {
        match self.core.provider.whole_numbers {
            true => format!("{phone} - {}", phone::owner(phone).to_uppercase()),
            false => Self::owner_of(phone),
        }
    }

    pub(crate) fn owner_of(phone: &str) -> String {
        format!("{} - {}", phone::masked(phone), phone::owner(phone).to_uppercase())
    }
}

pub(crate) fn push_bounded<T>(list: &mut VecDeque<T>, item: T, max: usize) {
    while list.len() >= max {
        list.pop_front();
    }
    list.push_back(item);
}
