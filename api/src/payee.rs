//! How a caller names the person whom they pay: by one of four ways, and only one.

use crate::problem::ApiError;
use crate::wire::{Email, Phone, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use poem_openapi::Object;
use serde::Deserialize;

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
