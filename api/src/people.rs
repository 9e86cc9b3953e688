//! Search for users to deal with or to pay.

use crate::Chapter;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::principal::{PeopleRead, Principal};
use crate::problem::ApiError;
use crate::wire::{Email, Limit, Nullable, Phone, SearchText, Text, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::transaction::Counterparty;
use amana_postgres::{PeopleQuery, PersonView};
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// A user, as others see them.
#[derive(Debug, Object)]
#[oai(rename = "Person")]
pub(crate) struct PersonAnswer {
    id: Wire<UserId>,
    name: String,
    /// Handle of the user; `null` until they choose one.
    handle: Nullable<Wire<Handle>>,
}

impl From<PersonView> for PersonAnswer {
    fn from(person: PersonView) -> Self {
        let handle = Nullable::of(person.handle);
        Self { id: person.id.into(), name: person.name, handle }
    }
}

impl From<Counterparty> for PersonAnswer {
    fn from(party: Counterparty) -> Self {
        let handle = Nullable::of(party.handle);
        Self { id: party.id.into(), name: party.name, handle }
    }
}

#[derive(ApiResponse)]
enum Found {
    /// One page of users.
    #[oai(status = 200)]
    Page(Json<PageOf<PersonAnswer>>),
}

/// Complete addresses and numbers are looked up as such; other text is the beginning of a name or handle.
fn query(text: SearchText) -> PeopleQuery {
    if let Some(handle) = text.0.strip_prefix('@') {
        return PeopleQuery::Handle(handle.to_owned());
    }
    match (Email::parse(&text.0), Phone::parse(&text.0)) {
        (Ok(email), _) => PeopleQuery::Email(email.0),
        (Err(_), Ok(phone)) => PeopleQuery::Phone(phone.0),
        (Err(_), Err(_)) => PeopleQuery::Beginning(text.0),
    }
}

pub(crate) struct People;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::People")]
impl People {
    /// Find users
    ///
    /// Searches by the beginning of a name or handle, ignoring case; `@ami` searches handles only. A complete phone
    /// number or e-mail address finds its user if it is verified. Results are in order of names, and never contain
    /// numbers or addresses. You, operators, closed accounts and accounts without a verified contact are not found.
    /// Limits: 60 look-ups of numbers or addresses per hour; 200 matching handles and 200 matching names per search.
    /// Problems: `invalid_parameter` (400), `rate_limited` (429).
    #[oai(path = "/people", method = "get", operation_id = "list_people")]
    async fn list_people(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PeopleRead>,
        /// Beginning of a name or handle (at least three characters without the `@`), phone number or e-mail address.
        #[oai(name = "query")]
        text: Query<Wire<SearchText>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<UserId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Found, ApiError> {
        let (query, after) = (query(text.0.0), after.0.map(|Cursor(id)| id));
        if let PeopleQuery::Phone(_) | PeopleQuery::Email(_) = &query {
            context.budgets.person(caller.user(), context.now()).await?;
        }
        let page = context.store.people(caller.user(), &query, after, limit(size.0)).await?;
        Ok(Found::Page(Json(PageOf::of(page, |person| person.id, PersonAnswer::from))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_recognised_by_its_form() {
        let kind = |text: &str| match query(SearchText::parse(text).unwrap()) {
            PeopleQuery::Beginning(text) => format!("begins {text}"),
            PeopleQuery::Handle(text) => format!("handle {text}"),
            PeopleQuery::Phone(phone) => format!("phone {}", phone.as_str()),
            PeopleQuery::Email(email) => format!("email {email}"),
        };
        assert_eq!(kind(" Ami "), "begins Ami");
        assert_eq!(kind("@ami"), "handle ami");
        assert_eq!(kind("0712 345 678"), "phone 254712345678");
        assert_eq!(kind("+254712345678"), "phone 254712345678");
        assert_eq!(kind("Amina@Example.com"), "email amina@example.com");
        for part in ["0712", "amina@", "123", "%_%"] {
            assert_eq!(kind(part), format!("begins {part}"));
        }
        for short in ["", "am", " am ", "@am", "@", "am\u{0}b"] {
            assert!(SearchText::parse(short).is_err(), "{short}");
        }
    }
}
