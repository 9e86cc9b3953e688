//! How a hold is shown.

use crate::once::answer;
use crate::wire::{Money, Nullable, Timestamp, Wire, text_values};
use amana_domain::hold::State;
use amana_domain::id::{HoldId, UserId};
use amana_postgres::{Answer, HoldRole, HoldView, PersonView};
use poem::http::StatusCode;
use poem_openapi::Object;

text_values! {
    /// How far a hold has come. All but `open` are final: `settled` if everything was taken, `released` if the
    /// rest was given back, `expired` if it came back because time ran out.
    State as "HoldState";
    /// A side of a hold: whose money it is, and who may take it.
    HoldRole as "HoldRole";
}

/// Somebody on a side of a hold.
#[derive(Debug, Object)]
struct HoldPerson {
    id: Wire<UserId>,
    name: String,
    /// With its `@`, if the person has one.
    handle: Nullable<String>,
}

impl From<&PersonView> for HoldPerson {
    fn from(person: &PersonView) -> Self {
        let handle = person.handle.as_ref().map(|handle| format!("@{handle}"));
        Self { id: person.id.into(), name: person.name.clone(), handle: Nullable::of(handle) }
    }
}

/// Money that one person has reserved for another.
#[derive(Debug, Object)]
#[oai(rename = "Hold")]
pub(super) struct HoldAnswer {
    id: Wire<HoldId>,
    /// Whose money it is.
    owner: HoldPerson,
    /// Who may take it or give it back.
    beneficiary: HoldPerson,
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
            owner: (&view.owner).into(),
            beneficiary: (&view.beneficiary).into(),
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
