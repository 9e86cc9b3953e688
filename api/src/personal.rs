//! What we hold of the caller: taken away whole, or destroyed.

mod export;

use crate::Chapter;
use crate::auth::{Caller, require_open};
use crate::context::Context;
use crate::problem::ApiError;
use crate::step_up::require_step_up;
use amana_domain::factor::Risk;
use export::ExportAnswer;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;

#[derive(ApiResponse)]
enum Exported {
    /// Everything, section by section.
    #[oai(status = 200)]
    Export(Json<ExportAnswer>),
}

#[derive(ApiResponse)]
enum Erased {
    /// Nothing is left that tells who it was.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct PersonalData;

#[OpenApi(prefix_path = "/v1/me", tag = "Chapter::People")]
impl PersonalData {
    /// Export what we hold of you
    ///
    /// One document with address and number in full, and the newest 100 of each kind of thing; `truncated` names what
    /// has more, and the operation that lists it. That it was asked for is on record. Problems: `step_up_required`
    /// (403), see `step_up_session`; `account_closed` (403).
    #[oai(path = "/export", method = "get", operation_id = "export_me")]
    async fn export_me(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Exported, ApiError> {
        require_step_up(&context, &caller, Risk::PersonalData).await?;
        let user = context.store.user(caller.user()).await?;
        require_open(&user)?;
        let id = caller.user();
        context.write(async move |store, now| store.note_export(id, now).await).await?;
        Ok(Exported::Export(Json(ExportAnswer::of(&context, user).await?)))
    }

    /// Erase your account
    ///
    /// Closes the account and destroys the key under which address, number and documents are kept: nobody can open
    /// them again, and nobody can open the account again. Name, devices and second factor go too. What moved in the
    /// ledger and what was agreed with others stays, without a name. Address and number may be registered anew; the
    /// handle stays taken. There is no farewell message. Problems: `step_up_required` (403), see `step_up_session`;
    /// `account_in_use` (409) while there is money in the wallet, or a deal, a payment or a hold is open, and for
    /// those who work here.
    #[oai(path = "/erase", method = "post", operation_id = "erase_me")]
    async fn erase_me(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Erased, ApiError> {
        require_step_up(&context, &caller, Risk::PersonalData).await?;
        let id = caller.user();
        context.write(async move |store, now| store.erase_user(id, now).await).await?;
        // The others read it within a second, and so does this process if it fails here.
        if let Err(error) = context.ended.read().await {
            tracing::warn!("ended sessions could not be read: {error}");
        }
        Ok(Erased::Done)
    }
}
