//! Holds in responses.

use crate::once::answer;
use crate::people::PersonAnswer;
use crate::wire::{Money, Nullable, Timestamp, Wire, text_values};
use amana_domain::hold::State;
use amana_domain::id::HoldId;
use amana_postgres::{Answer, HoldRole, HoldView};
use poem::http::StatusCode;
use poem_openapi::Object;

text_values! {
    /// State of a hold. `settled`: the whole amount was taken. `released`: the rest was given back. `expired`: the rest
    /// was returned at expiry. All states except `open` are final.
    State as "HoldState";
    /// Role in a hold: the owner of the money, or the beneficiary.
    HoldRole as "HoldRole";
}

/// Money that one user has reserved for another.
#[derive(Debug, Object)]
#[oai(rename = "Hold")]
pub(crate) struct HoldAnswer {
    id: Wire<HoldId>,
    /// User who reserved the money.
    owner: PersonAnswer,
    /// User who may settle or release the hold.
    beneficiary: PersonAnswer,
    /// Amount reserved at creation.
    amount: Money,
    /// Amount that the beneficiary has taken so far.
    settled: Money,
    /// Amount still reserved; zero once the hold is closed.
    held: Money,
    state: Wire<State>,
    note: Nullable<String>,
    /// Time at which the rest is returned to the owner.
    expires_at: Nullable<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&HoldView> for HoldAnswer {
    fn from(view: &HoldView) -> Self {
        let hold = &view.hold;
        Self {
            id: hold.id.into(),
            owner: view.owner.clone().into(),
            beneficiary: view.beneficiary.clone().into(),
            amount: hold.amount.into(),
            settled: hold.settled.into(),
            held: hold.left().into(),
            state: hold.state.into(),
            note: Nullable::of(view.note.clone()),
            expires_at: Nullable::of(hold.expires_at),
            created_at: hold.made_at.into(),
            updated_at: view.updated_at.into(),
        }
    }
}

pub(super) fn made(view: &HoldView) -> Answer {
    answer(StatusCode::CREATED, &HoldAnswer::from(view))
}

pub(super) fn render(view: &HoldView) -> Answer {
    answer(StatusCode::OK, &HoldAnswer::from(view))
}
