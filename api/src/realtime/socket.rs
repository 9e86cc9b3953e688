//! One open socket.

use super::sockets::Place;
use crate::ended::EndedSessions;
use amana_domain::id::SessionId;
use futures_util::{SinkExt, StreamExt};
use poem::web::websocket::{CloseCode, Message, WebSocketStream};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval, timeout};

/// Interval of checks whether the session has ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Interval of pings; a client that misses two is disconnected.
const HEARTBEAT: Duration = Duration::from_secs(30);
const SILENCE_MAX: Duration = Duration::from_secs(65);

/// Maximum lifetime of a socket, after which the client needs a new ticket.
const LIFETIME_MAX: Duration = Duration::from_secs(60 * 60);

/// Maximum time to send a message to a client that does not read.
const SEND_MAX: Duration = Duration::from_secs(10);

/// Private close codes (RFC 6455, 7.4.2), derived from similar HTTP statuses.
const SESSION_ENDED: u16 = 4401;
const TIME_OVER: u16 = 4408;

/// Runs the socket until either side closes it.
pub(super) async fn live(
    mut stream: WebSocketStream,
    session: SessionId,
    ended: Arc<EndedSessions>,
    _place: Place,
) {
    let hello = json!({ "type": "hello", "session_id": session.to_string() });
    if !send(&mut stream, Message::text(hello.to_string())).await {
        return;
    }
    let began = Instant::now();
    let (mut heard, mut asked) = (began, began);
    let mut looks = interval(LOOK_EVERY);
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Clients have no requests yet; any message shows that they are alive.
                Some(Ok(_)) => heard = Instant::now(),
            },
            _ = looks.tick() => {
                if ended.get().await.is_ok_and(|ended| ended.contains(&session)) {
                    return close(stream, SESSION_ENDED, "the session has ended").await;
                }
                if began.elapsed() > LIFETIME_MAX {
                    return close(stream, TIME_OVER, "create another ticket").await;
                }
                if heard.elapsed() > SILENCE_MAX {
                    return;
                }
                if asked.elapsed() >= HEARTBEAT {
                    asked = Instant::now();
                    if !send(&mut stream, Message::ping(vec![])).await {
                        return;
                    }
                }
            }
        }
    }
}

async fn send(stream: &mut WebSocketStream, message: Message) -> bool {
    matches!(timeout(SEND_MAX, stream.send(message)).await, Ok(Ok(())))
}

async fn close(mut stream: WebSocketStream, code: u16, why: &str) {
    send(&mut stream, Message::close_with(CloseCode::from(code), why)).await;
}
