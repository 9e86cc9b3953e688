//! B2C v3: payouts from the organisation's utility float to customers.

use std::sync::Arc;

use serde_json::json;

use super::{
    fields::Fields,
    reply::{self, Reply, error, invalid, ok},
};
use crate::{
    bank::TRANSACTION_MAX_CENTS,
    clock, clockwork,
    fault::{self, Fault, Operation},
    ids, money, phone,
    state::{Payout, Task},
    store::Store,
};

const AMOUNT_MIN_CENTS: i64 = money::shillings(10);
const REMARKS_CHARS: std::ops::RangeInclusive<usize> = 2..=100;
const OCCASION_CHARS_MAX: usize = 100;
const ORIGINATOR_CHARS_MAX: usize = 128;

pub(super) async fn pay(store: &Arc<Store>, fields: &Fields) -> Reply {
    let payout = match parse(store, fields) {
        Ok(payout) => payout,
        Err(refused) => return refused,
    };
    let payout = match accept(store, payout) {
        Ok(payout) => payout,
        Err(refused) => return refused,
    };
    if payout.script.is(Fault::CallbackBeforeAnswer) {
        clockwork::deliver_now(store, &payout.originator_id).await;
    }
    let accepted = ok(json!({
        "ConversationID": payout.conversation_id,
        "OriginatorConversationID": payout.originator_id,
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }));
    accepted.through(payout.script.fault)
}

fn parse(store: &Store, fields: &Fields) -> Result<Payout, Reply> {
    let text = |name: &str| fields.text(name).ok_or_else(|| invalid(name));
    let originator_id = text("OriginatorConversationID")?;
    if originator_id.len() > ORIGINATOR_CHARS_MAX {
        return Err(invalid("OriginatorConversationID"));
    }
    let initiator = text("InitiatorName")?;
    let credential = text("SecurityCredential")?;
    let command = text("CommandID")?;
    if !matches!(command.as_str(), "SalaryPayment" | "BusinessPayment" | "PromotionPayment") {
        return Err(invalid("CommandID"));
    }
    let amount_cents = fields.amount_cents().ok_or_else(|| invalid("Amount"))?;
    if text("PartyA")? != store.settings.credentials.short_code {
        return Err(invalid("PartyA"));
    }
    let phone = text("PartyB")?;
    if !phone::is_twelve_digits(&phone) {
        return Err(invalid("PartyB"));
    }
    let remarks = text("Remarks")?;
    if !REMARKS_CHARS.contains(&remarks.chars().count()) {
        return Err(invalid("Remarks"));
    }
    // Accepts the documented spelling and the correct one.
    let occasion = fields.text("Occassion").or_else(|| fields.text("Occasion"));
    if occasion.is_some_and(|it| it.chars().count() > OCCASION_CHARS_MAX) {
        return Err(invalid("Occassion"));
    }
    let url = |name: &str| fields.url(name).ok_or_else(|| invalid(name));
    let (timeout_url, result_url) = (url("QueueTimeOutURL")?, url("ResultURL")?);
    let now_ms = clock::now_ms();
    let refusal = refusal(store, &initiator, &credential).or(refused_party(&phone, amount_cents));
    Ok(Payout {
        originator_id,
        conversation_id: ids::conversation_id(now_ms),
        phone,
        amount_cents,
        remarks,
        result_url,
        timeout_url,
        created_ms: now_ms,
        script: fault::Script::default(),
        refusal: refusal.map(str::to_owned),
        outcome: None,
    })
}

fn refusal(store: &Store, initiator: &str, credential: &str) -> Option<&'static str> {
    let credentials = &store.settings.credentials;
    if initiator != credentials.initiator_name {
        return Some("20");
    }
    (!store.authority.accepts(credential, &credentials.initiator_password)).then_some("2001")
}

fn refused_party(phone: &str, amount_cents: i64) -> Option<&'static str> {
    if !phone::is_subscriber(phone) {
        Some("SFC_IC0003")
    } else if amount_cents < AMOUNT_MIN_CENTS {
        Some("2")
    } else if amount_cents > TRANSACTION_MAX_CENTS {
        Some("3")
    } else {
        None
    }
}

fn accept(store: &Store, mut payout: Payout) -> Result<Payout, Reply> {
    store.change(|state| {
        if state.payouts.get(&payout.originator_id).is_some() {
            return Err(error(500, "500.002.1001", "Duplicate OriginatorConversationID."));
        }
        if !state.has_room() {
            return Err(reply::busy());
        }
        payout.script = fault::draw(&mut state.core.rules, &payout.phone, Operation::Payout);
        if let Some(refused) = reply::refusal(payout.script.fault) {
            return Err(refused);
        }
        state.payouts.insert(&payout.originator_id, payout.clone());
        let detail =
            json!({ "phone": payout.phone, "fault": payout.script.fault.map(Fault::name) });
        state.event("payout", &payout.originator_id, detail);
        if payout.script.is(Fault::CallbackBeforeAnswer) {
            clockwork::end_payout(state, &store.settings, &payout.originator_id);
        } else {
            let due_ms = clock::after(clock::now_ms(), store.settings.callback_delay);
            state.plan(due_ms, Task::Payout { originator_id: payout.originator_id.clone() });
        }
        Ok(payout.clone())
    })
}
