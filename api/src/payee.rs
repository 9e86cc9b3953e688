//! How a caller names the person whom they pay: by one of four ways, and only one.

use crate::problem::ApiError;
use crate::wire::{Email, Phone, Text, Wire, text_schema};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use amana_postgres::PersonView;
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;
use serde::Deserialize;

use crate::wire::Nullable;

/// The person who is paid. Exactly one member.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "Payee")]
pub(crate) struct PayeeObject {
    /// Such as `@amina`; the `@` may be left out.
    handle: Option<Wire<Handle>>,
    /// The number that the person registered with.
    phone: Option<Wire<Phone>>,
    /// The address that the person registered with.
    email: Option<Wire<Email>>,
    /// The id, as lists and searches show it.
    user_id: Option<Wire<UserId>>,
}

impl PayeeObject {
    pub(crate) fn parse(self) -> Result<Payee, ApiError> {
        let named = [
            self.handle.map(|handle| Payee::Handle(handle.0)),
            self.phone.map(|phone| Payee::Phone(phone.0.0)),
            self.email.map(|email| Payee::Email(email.0.0)),
            self.user_id.map(|id| Payee::User(id.0)),
        ];
        let mut named = named.into_iter().flatten();
        match (named.next(), named.next()) {
            (Some(payee), None) => Ok(payee),
            _ => {
                let detail = "expected exactly one of: handle, phone, email, user_id";
                Err(ApiError::field("/to", detail))
            }
        }
    }
}

impl Text for Handle {
    const NAME: &'static str = "handle";

    fn parse(text: &str) -> Result<Self, String> {
        Handle::parse(text.trim()).map_err(|error| error.to_string())
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn schema() -> MetaSchema {
        text_schema(None, 3, 31)
    }
}

/// Another person, as far as others may know them.
#[derive(Debug, Object)]
#[oai(rename = "Person")]
pub(crate) struct PersonAnswer {
    id: Wire<UserId>,
    name: String,
    /// Such as `@amina`; `null` if the person has none.
    handle: Nullable<String>,
}

impl From<&PersonView> for PersonAnswer {
    fn from(person: &PersonView) -> Self {
        let handle = person.handle.as_ref().map(|handle| format!("@{handle}"));
        Self { id: person.id.into(), name: person.name.clone(), handle: Nullable::of(handle) }
    }
}
