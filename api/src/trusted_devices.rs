//! Devices on which the caller needs no second factor.

use crate::Chapter;
use crate::auth::Caller;
use crate::context::Context;
use crate::page::PageOf;
use crate::problem::ApiError;
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::id::TrustedDeviceId;
use amana_postgres::TrustedDevice;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// A device that needs no second factor at log-in.
#[derive(Debug, Object)]
#[oai(rename = "TrustedDevice")]
pub(crate) struct DeviceAnswer {
    id: Wire<TrustedDeviceId>,
    /// Name of the device, such as `Chrome on Android`.
    device: String,
    created_at: Timestamp,
    /// Time until which the device is trusted.
    expires_at: Timestamp,
}

impl From<TrustedDevice> for DeviceAnswer {
    fn from(device: TrustedDevice) -> Self {
        Self {
            id: TrustedDeviceId::new(device.id).into(),
            device: device.device_name,
            created_at: device.created_at.into(),
            expires_at: device.expires_at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Listed {
    /// The devices, at most ten.
    #[oai(status = 200)]
    Devices(Json<PageOf<DeviceAnswer>>),
}

#[derive(ApiResponse)]
enum Ended {
    /// The device needs a second factor again.
    #[oai(status = 204)]
    Done,
}

pub(crate) struct TrustedDevices;

#[OpenApi(prefix_path = "/v1/me/trusted-devices", tag = "Chapter::People")]
impl TrustedDevices {
    /// List your trusted devices
    ///
    /// Devices that need no second factor at log-in, newest first. `complete_log_in` adds one.
    #[oai(path = "/", method = "get", operation_id = "list_trusted_devices")]
    async fn list_trusted_devices(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Listed, ApiError> {
        let devices = context.store.trusted_devices(caller.user(), context.now()).await?;
        let items = devices.into_iter().map(DeviceAnswer::from).collect();
        Ok(Listed::Devices(Json(PageOf { items, next_cursor: Nullable::none() })))
    }

    /// Revoke a trusted device
    ///
    /// Open sessions on the device stay open. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "delete", operation_id = "revoke_trusted_device")]
    async fn revoke_trusted_device(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the device.
        id: Path<Wire<TrustedDeviceId>>,
    ) -> Result<Ended, ApiError> {
        let (user, id) = (caller.user(), id.0.0);
        context
            .write(async move |store, now| store.revoke_trusted_device(user, id, now).await)
            .await?;
        Ok(Ended::Done)
    }
}
