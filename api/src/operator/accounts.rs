//! Users, payments, deals and wallets for support staff. Every access is recorded.

use super::users::ManagedUser;
use crate::Chapter;
use crate::auth::Operator;
use crate::context::Context;
use crate::deals::{DealAnswer, DealPage};
use crate::page::{Cursor, PageOf, limit};
use crate::payments::{PaymentAnswer, PaymentPage};
use crate::problem::ApiError;
use crate::wallet::{BalanceAnswer, Balances, WalletAnswer};
use crate::wire::{Email, Limit, Phone, SearchText, Text, Wire};
use amana_domain::event::UserEvent;
use amana_domain::handle::Handle;
use amana_domain::id::{DealId, PaymentId, UserId};
use amana_domain::payee::Payee;
use amana_postgres::UserQuery;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// Users found by a search.
#[derive(Debug, Object)]
struct UserList {
    /// Matching users: at most one, or for a receipt all users with a payment of that receipt, up to 20.
    items: Vec<ManagedUser>,
}

#[derive(ApiResponse)]
enum Found {
    /// The matching users.
    #[oai(status = 200)]
    Users(Json<UserList>),
}

/// Recognises a complete phone number, e-mail address, handle with `@` or id. Any other text is a receipt.
fn query(text: &str) -> UserQuery {
    let handle = text.strip_prefix('@').and_then(|name| Handle::parse(name).ok());
    if let Some(handle) = handle {
        return UserQuery::Named(Payee::Handle(handle));
    }
    if let Ok(id) = text.parse() {
        return UserQuery::Named(Payee::User(id));
    }
    match (Email::parse(text), Phone::parse(text)) {
        (Ok(email), _) => UserQuery::Named(Payee::Email(email.0)),
        (Err(_), Ok(phone)) => UserQuery::Named(Payee::Phone(phone.0)),
        (Err(_), Err(_)) => UserQuery::Receipt(text.to_ascii_uppercase()),
    }
}

/// Records the access before data is returned.
async fn look(
    context: &Context,
    operator: &Operator,
    (id, event): (UserId, UserEvent),
) -> Result<(), ApiError> {
    let staff = operator.staff();
    let work = async move |store: amana_postgres::Store, now| {
        store.look_at_account(&staff, (id, event), now).await
    };
    context.write(work).await.map(drop)
}

pub(crate) struct Accounts;

#[OpenApi(prefix_path = "/v1/operator/users", tag = "Chapter::Operator")]
impl Accounts {
    /// Find a user
    ///
    /// Searches for a complete phone number, e-mail address, `@handle` or id, or for the provider's receipt of a
    /// payment. The search is recorded for each user found. Problems: `invalid_parameter` (400), `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "find_users")]
    async fn find_users(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Phone number, e-mail address, `@handle`, id or receipt.
        #[oai(name = "query")]
        text: Query<Wire<SearchText>>,
    ) -> Result<Found, ApiError> {
        let (staff, query) = (operator.staff(), query(&text.0.0.0));
        let found = context
            .write(async move |store, now| store.find_users(&staff, &query, now).await)
            .await?;
        let items = found.into_iter().map(|user| ManagedUser::of(&context, user));
        Ok(Found::Users(Json(UserList { items: items.collect::<Result<_, _>>()? })))
    }

    /// List the payments of a user
    ///
    /// Newest first. The access is recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id/payments", method = "get", operation_id = "list_user_payments")]
    async fn list_user_payments(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<PaymentId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<PaymentPage, ApiError> {
        look(&context, &operator, (id.0.0, UserEvent::PaymentsViewed {})).await?;
        let after = after.0.map(|Cursor(id)| id);
        let page = context.store.payments(id.0.0, None, after, limit(size.0)).await?;
        let page = PageOf::of(page, |payment| payment.id, |payment| PaymentAnswer::from(&payment));
        Ok(PaymentPage::Page(Json(page)))
    }

    /// List the deals of a user
    ///
    /// All deals in which the user takes part, newest first, as the user sees them. The access is recorded. Problems:
    /// `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id/deals", method = "get", operation_id = "list_user_deals")]
    async fn list_user_deals(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<DealId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<DealPage, ApiError> {
        look(&context, &operator, (id.0.0, UserEvent::DealsViewed {})).await?;
        let after = after.0.map(|Cursor(id)| id);
        let user = id.0.0;
        let page = context.store.deals(user, after, limit(size.0)).await?;
        let page = PageOf::of(page, |deal| deal.deal.id, |deal| DealAnswer::seen_by(&deal, user));
        Ok(DealPage::Page(Json(page)))
    }

    /// Get the wallet of a user
    ///
    /// Returns the current balances per currency. The access is recorded. Problems: `not_found` (404), `forbidden`
    /// (403).
    #[oai(path = "/:id/wallet", method = "get", operation_id = "get_user_wallet")]
    async fn get_user_wallet(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the user.
        id: Path<Wire<UserId>>,
    ) -> Result<Balances, ApiError> {
        look(&context, &operator, (id.0.0, UserEvent::WalletViewed {})).await?;
        let balances = context.store.balances(id.0.0).await?;
        let balances = balances.into_iter().map(BalanceAnswer::from).collect();
        Ok(Balances::Wallet(Json(WalletAnswer { balances })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_recognised_by_its_form() {
        let id = "usr_0190a0a0a0a07000a0a0a0a0a0a0a0a0";
        for (typed, kind) in [
            ("0712 345 678", "phone"),
            ("Amina@Example.com", "email"),
            ("@amina", "handle"),
            (id, "id"),
            ("ukl7abcdef", "receipt"),
        ] {
            let text = SearchText::parse(typed).unwrap();
            assert_eq!(format!("{:?}", query(&text.0)), kind, "{typed}");
        }
    }
}
