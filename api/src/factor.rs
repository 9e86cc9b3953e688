//! The second factor: set up, confirm, read, remove.

mod app;
mod keys;
mod message;

pub(crate) use keys::FactorKeys;
pub(crate) use message::MessageFactors;

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::passwords::require_password;
use crate::problem::ApiError;
use crate::step_up::require_step_up;
use crate::wire::{Nullable, Secret, Timestamp, Wire};
use amana_domain::factor::{FactorMethod, Risk, ShownCode, in_halves};
use amana_domain::personal::Personal;
use amana_postgres::{Contacts, FactorView, User};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new authenticator app.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateSecondFactor {
    password: Secret,
}

/// The confirmation of an authenticator app.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ConfirmSecondFactor {
    /// Six-digit code from the app.
    code: Wire<ShownCode>,
}

/// The secret for an authenticator app, returned only once.
#[derive(Object)]
#[oai(rename = "NewSecondFactor")]
struct NewFactorAnswer {
    /// Secret as an `otpauth://…` address, for an app on the same device.
    uri: String,
    /// Secret in base32, for manual entry.
    secret: String,
    /// QR code of the address, to be scanned: a PNG image in base64.
    qr_png: String,
}

/// The state of your second factor.
#[derive(Debug, Object)]
#[oai(rename = "SecondFactor")]
struct FactorAnswer {
    is_active: bool,
    /// Method by which codes are received; `null` if inactive.
    method: Nullable<Wire<FactorMethod>>,
    /// Time of activation; `null` if inactive.
    since: Nullable<Timestamp>,
    /// Number of unused backup codes.
    backup_codes_remaining: i64,
}

impl From<Option<FactorView>> for FactorAnswer {
    fn from(factor: Option<FactorView>) -> Self {
        Self {
            is_active: factor.is_some(),
            method: Nullable::of(factor.map(|factor| factor.kind.method())),
            since: Nullable::of(factor.map(|factor| factor.since)),
            backup_codes_remaining: factor.map_or(0, |factor| factor.backup_codes_remaining),
        }
    }
}

/// Backup codes for log-ins without app or phone, each valid once. Returned only once.
#[derive(Object)]
#[oai(rename = "BackupCodes")]
struct CodesAnswer {
    codes: Vec<String>,
}

impl From<Vec<String>> for CodesAnswer {
    fn from(codes: Vec<String>) -> Self {
        Self { codes: codes.iter().map(|code| in_halves(code)).collect() }
    }
}

#[derive(ApiResponse)]
enum Begun {
    /// Created, but inactive until `confirm_second_factor`.
    #[oai(status = 201)]
    Shown(Json<NewFactorAnswer>),
}

#[derive(ApiResponse)]
enum Found {
    /// The state of the second factor.
    #[oai(status = 200)]
    Factor(Json<FactorAnswer>),
}

#[derive(ApiResponse)]
enum Codes {
    /// The new backup codes.
    #[oai(status = 200)]
    Codes(Json<CodesAnswer>),
}

#[derive(ApiResponse)]
enum Removed {
    /// The factor and its backup codes are removed.
    #[oai(status = 204)]
    Done,
}

/// Returns the name of the account in the app.
fn label(context: &Context, user: &User) -> Result<String, ApiError> {
    let Contacts { email, phone } = context.contacts(user)?;
    let email = email.map(Personal::into_exposed);
    Ok(email.or_else(|| phone.map(|phone| phone.as_str().to_owned())).unwrap_or_default())
}

pub(crate) struct Factors;

#[OpenApi(prefix_path = "/v1/me/second-factor", tag = "Chapter::People")]
impl Factors {
    /// Set up an authenticator app
    ///
    /// Returns the secret for an authenticator app once. The factor is inactive until `confirm_second_factor`; another
    /// call before then replaces the secret. Problems: `incorrect_password` (403), `factor_active` (409), remove the
    /// active factor first; `account_closed`, `verified_contact_required` (403).
    #[oai(path = "/", method = "post", operation_id = "create_second_factor")]
    async fn create_second_factor(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<CreateSecondFactor>,
    ) -> Result<Begun, ApiError> {
        let user = require_password(&context, &caller, body.value.password, "/password").await?;
        let app = app::new(&label(&context, &user)?)?;
        let sealed = context.factor_keys.seal(user.id, app.secret().as_bytes())?;
        context
            .write(async move |store, now| store.begin_second_factor(user.id, &sealed, now).await)
            .await?;
        let uri = app::address(&app)?;
        let qr_png = STANDARD.encode(app::picture(&uri)?);
        let secret = app.secret().to_base32();
        Ok(Begun::Shown(Json(NewFactorAnswer { uri, secret, qr_png })))
    }

    /// Confirm your authenticator app
    ///
    /// Activates the factor: every log-in requires a code from now on. Returns ten backup codes once. Sends you an
    /// e-mail. Problems: `invalid_code` (422), `too_many_attempts` (429), `not_found` (404) if no factor was set up.
    #[oai(path = "/confirm", method = "post", operation_id = "confirm_second_factor")]
    async fn confirm_second_factor(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        body: Body<ConfirmSecondFactor>,
    ) -> Result<Codes, ApiError> {
        let user = caller.user();
        let shown = (body.value.code.0, &context.codes);
        let shown = context.factor_keys.shown(user, shown, context.now())?;
        let (codes, digests) = context.factor_keys.backup_codes(user)?;
        context
            .write(async move |store, now| {
                store.confirm_second_factor(user, shown, &digests, now).await
            })
            .await?;
        Ok(Codes::Codes(Json(codes.into())))
    }

    /// Get your second factor
    ///
    /// Returns its state, activation time and number of unused backup codes. Never returns the secret or a code.
    #[oai(path = "/", method = "get", operation_id = "get_second_factor")]
    async fn get_second_factor(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Found, ApiError> {
        let factor = context.store.second_factor(caller.user()).await?;
        Ok(Found::Factor(Json(factor.into())))
    }

    /// Replace your backup codes
    ///
    /// Returns ten new codes once. The old codes become invalid. Problems: `step_up_required` (403), see
    /// `step_up_session`; `not_found` (404) if no factor is active.
    #[oai(path = "/backup-codes", method = "post", operation_id = "create_backup_codes")]
    async fn create_backup_codes(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Codes, ApiError> {
        require_step_up(&context, &caller, Risk::Factor).await?;
        let user = caller.user();
        let (codes, digests) = context.factor_keys.backup_codes(user)?;
        context
            .write(async move |store, now| store.replace_backup_codes(user, &digests, now).await)
            .await?;
        Ok(Codes::Codes(Json(codes.into())))
    }

    /// Remove your second factor
    ///
    /// Later log-ins require only the password. Sends you an e-mail. Problems: `step_up_required` (403), see
    /// `step_up_session`; `not_found` (404) if no factor is active.
    #[oai(path = "/", method = "delete", operation_id = "remove_second_factor")]
    async fn remove_second_factor(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Removed, ApiError> {
        require_step_up(&context, &caller, Risk::Factor).await?;
        let user = caller.user();
        context.write(async move |store, now| store.remove_second_factor(user, now).await).await?;
        Ok(Removed::Done)
    }
}
