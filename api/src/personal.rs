//! Export and erasure of the caller's personal data.

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
    /// The personal data, in sections.
    #[oai(status = 200)]
    Export(Json<ExportAnswer>),
}

#[derive(ApiResponse)]
enum Erased {
    /// The personal data was erased.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct PersonalData;

#[OpenApi(prefix_path = "/v1/me", tag = "Chapter::People")]
impl PersonalData {
    /// Export your personal data
    ///
    /// Returns one document with your complete e-mail address and phone number and the newest 100 items of each kind.
    /// `truncated` lists incomplete sections, with the operation that returns the rest. The export is recorded.
    /// Problems: `step_up_required` (403), see `step_up_session`; `account_closed` (403).
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
    /// Closes the account for good. Destroys the key of its e-mail address, phone number and documents; they can never
    /// be decrypted again. Also deletes name, devices and second factor. Ledger entries and agreements with others
    /// stay, without a name. Address and number can be registered again; the handle stays taken. You get no message
    /// about it. Problems: `step_up_required` (403), see `step_up_session`; `account_in_use` (409) if the wallet is not
    /// empty, if a deal, payment or hold is open, and for staff.
    #[oai(path = "/erase", method = "post", operation_id = "erase_me")]
    async fn erase_me(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Erased, ApiError> {
        require_step_up(&context, &caller, Risk::PersonalData).await?;
        let id = caller.user();
        context.write(async move |store, now| store.erase_user(id, now).await).await?;
        // Ends the sessions in this process. Other processes, and this one after an error, follow within a second.
        if let Err(error) = context.ended.read().await {
            tracing::warn!("ended sessions could not be read: {error}");
        }
        Ok(Erased::Done)
    }
}
