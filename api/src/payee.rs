//! Recipient of a payment, given in one of four forms.

use crate::problem::ApiError;
use crate::wire::{Email, Phone, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use poem_openapi::Object;
use serde::Deserialize;

/// A user, given by exactly one of the four members.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(rename = "Payee", deny_unknown_fields)]
pub(crate) struct PayeeObject {
    /// Handle, with or without `@`.
    handle: Option<Wire<Handle>>,
    /// Phone number of the user.
    phone: Option<Wire<Phone>>,
    /// E-mail address of the user.
    email: Option<Wire<Email>>,
    /// Id of the user.
    user_id: Option<Wire<UserId>>,
}

impl PayeeObject {
    /// Parses the member `to` of a body.
    ///
    /// # Errors
    /// `invalid_request` unless exactly one of the four members is given.
    pub(crate) fn parse(self) -> Result<Payee, ApiError> {
        self.parse_at("/to")
    }

    /// # Errors
    /// As [`PayeeObject::parse`].
    pub(crate) fn parse_at(self, pointer: &str) -> Result<Payee, ApiError> {
        match (self.handle, self.phone, self.email, self.user_id) {
            (Some(handle), None, None, None) => Ok(Payee::Handle(handle.0)),
            (None, Some(phone), None, None) => Ok(Payee::Phone(phone.0.0)),
            (None, None, Some(email), None) => Ok(Payee::Email(email.0.0)),
            (None, None, None, Some(user)) => Ok(Payee::User(user.0)),
            _ => {
                let detail = "expected exactly one of handle, phone, email, user_id";
                Err(ApiError::field(pointer, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(value: Value) -> Option<Payee> {
        serde_json::from_value::<PayeeObject>(value).ok()?.parse().ok()
    }

    #[test]
    fn a_payee_is_named_in_exactly_one_way() {
        let amina = Some(Payee::Handle(Handle::parse("amina").unwrap()));
        assert_eq!(parse(json!({ "handle": "@Amina" })), amina);
        assert_eq!(parse(json!({ "handle": "amina", "email": null })), amina);
        let mail = Some(Payee::Email("amina@example.com".into()));
        assert_eq!(parse(json!({ "email": "Amina@Example.com" })), mail);
        assert!(matches!(parse(json!({ "phone": "0712345678" })), Some(Payee::Phone(_))));
        let id = "usr_00000000000000000000000000000007";
        assert_eq!(parse(json!({ "user_id": id })), Some(Payee::User(id.parse().unwrap())));
        for value in [
            json!({}),
            json!({ "handle": "a" }),
            json!({ "handle": "amina", "phone": "0712345678" }),
            json!({ "name": "Amina" }),
        ] {
            assert_eq!(parse(value.clone()), None, "{value}");
        }
    }
}
