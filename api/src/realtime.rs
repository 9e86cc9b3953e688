//! WebSockets: opened with a ticket, kept alive by heartbeats, closed when their session ends.

mod socket;
mod sockets;
mod ticket;

pub(crate) use sockets::{OF_PROCESS_MAX as SOCKETS_MAX, Sockets};
pub(crate) use ticket::Tickets;

use crate::context::Context;
use crate::problem::{ApiError, Code};
use poem::web::websocket::{WebSocket, WebSocketConfig};
use poem::web::{Data, Query};
use poem::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;

pub(crate) const PATH: &str = "/v1/realtime";

/// Maximum message size; larger messages close the socket.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

#[derive(Deserialize)]
struct Opening {
    #[serde(default)]
    ticket: String,
}

/// Exchanges a ticket for a socket.
#[poem::handler]
pub(crate) async fn open(
    context: Data<&Arc<Context>>,
    opening: Query<Opening>,
    upgrade: WebSocket,
) -> Result<Response, ApiError> {
    let taken = context.store.take_ticket(&ticket::digest(&opening.ticket), context.now()).await?;
    let session = taken.ok_or_else(|| {
        ApiError::new(
            Code::Unauthorized,
            "the ticket is invalid or has expired; create another one",
        )
    })?;
    let place = Arc::clone(&context.sockets).take(session).ok_or_else(|| {
        ApiError::new(
            Code::Busy,
            "too many sockets are open for this session or server; close one or try again later",
        )
    })?;
    let ended = Arc::clone(&context.ended);
    let live = move |stream| socket::live(stream, session, ended, place);
    let bounds = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    Ok(upgrade.config(bounds).on_upgrade(live).into_response())
}
