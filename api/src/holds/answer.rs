//! How a hold is shown.

use crate::once::answer;
use crate::people::PersonAnswer;
use crate::wire::{Money, Nullable, Timestamp, Wire, text_values};
use amana_domain::hold::State;
use amana_domain::id::HoldId;
use amana_postgres::{Answer, HoldRole, HoldView};
use poem::http::StatusCode;
use poem_openapi::Object;

text_values! {
    /// How far a hold has come. All but `open` are final: `settled` if everything was taken, `released` if the
    /// rest was given back, `expired` if it came back because time ran out.
    State as "HoldState";
    /// A side of a hold: whose money it is, and who may take it.
    HoldRole as "HoldRole";
}

/// Money that one person has reserved for another.
#[derive(Debug, Object)]
#[oai(rename = "Hold")]
pub(crate) struct HoldAnswer {
    id: Wire<HoldId>,
    /// Whose money it is.
    owner: PersonAnswer,
    /// Who may take it or give it back.
    beneficiary: PersonAnswer,
    /// What was reserved in the beginning.
    amount: Money,
    /// What the beneficiary has taken so far.
    settled: Money,
    /// What is still reserved; zero once the hold is over.
    held: Money,
    state: Wire<State>,
    note: Nullable<String>,
    /// What is not taken by then goes back to the owner.
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
