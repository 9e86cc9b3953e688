//! Tickets, which a browser can put into the URL of a WebSocket without revealing its token.

use crate::Chapter;
use crate::auth::Caller;
use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const TICKET_TTL: TimeDelta = TimeDelta::seconds(30);
const TICKET_BYTES: usize = 32;

/// A ticket for one WebSocket.
#[derive(Object)]
#[oai(rename = "SocketTicket")]
struct TicketAnswer {
    /// Ticket for `/v1/realtime?ticket=…`; valid once.
    ticket: String,
    /// Expiry of the ticket, 30 seconds after its creation.
    expires_at: Timestamp,
}

#[derive(ApiResponse)]
enum Made {
    /// A ticket.
    #[oai(status = 201)]
    Ticket(Json<TicketAnswer>),
}

/// Returns the stored digest of a ticket. 256 random bits need no slow hash.
pub(super) fn digest(ticket: &str) -> Vec<u8> {
    Sha256::digest(ticket).to_vec()
}

pub(crate) struct Tickets;

#[OpenApi(prefix_path = "/v1/realtime", tag = "Chapter::People")]
impl Tickets {
    /// Create a ticket for a WebSocket
    ///
    /// The ticket is valid once, for 30 seconds. Open `/v1/realtime?ticket=…` with it. The server sends `hello` and
    /// then a WebSocket ping every 30 seconds. It closes the socket with 4401 when the session ends, and with 4408
    /// after an hour; create another ticket then. A session has at most four sockets.
    #[oai(path = "/tickets", method = "post", operation_id = "create_realtime_ticket")]
    async fn create_realtime_ticket(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Made, ApiError> {
        let ticket = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TICKET_BYTES]>());
        let (digest, session) = (digest(&ticket), caller.session());
        let expires_at = context.now().checked_add_signed(TICKET_TTL).unwrap_or_default();
        context
            .write(async move |store, now| {
                store.add_ticket(session, &digest, (expires_at, now)).await
            })
            .await?;
        Ok(Made::Ticket(Json(TicketAnswer { ticket, expires_at: expires_at.into() })))
    }
}
