//! Daraja's responses, and simulated transmission failures.

use poem::{Body, Response, http::StatusCode};
use serde_json::{Value, json};

use crate::{fault::Fault, ids};

const NOT_JSON: &str = "<html><body>Request processed</body></html>";
const LOST_BYTES: usize = 512;

pub(super) enum Reply {
    Json(StatusCode, Value),
    Raw(StatusCode, &'static str),
    /// The connection breaks before the response is complete.
    Lost,
}

impl Reply {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Reply::Json(status, _) | Reply::Raw(status, _) => *status,
            Reply::Lost => StatusCode::OK,
        }
    }

    pub(super) fn error(&self) -> Option<String> {
        match self {
            Reply::Json(_, body) => {
                let code = body["errorCode"].as_str()?;
                Some(format!("{code} {}", body["errorMessage"].as_str().unwrap_or_default()))
            }
            Reply::Raw(..) => Some("not json".to_owned()),
            Reply::Lost => Some("response lost".to_owned()),
        }
    }

    pub(super) fn into_response(self) -> Response {
        match self {
            Reply::Json(status, body) => Response::builder()
                .status(status)
                .content_type("application/json")
                .body(body.to_string()),
            Reply::Raw(status, body) => {
                Response::builder().status(status).content_type("text/html").body(body)
            }
            // The server closes the connection when the body is shorter than announced.
            Reply::Lost => Response::builder()
                .content_type("application/json")
                .header("Content-Length", LOST_BYTES)
                .body(Body::from_async_read(tokio::io::empty())),
        }
    }

    /// Applies the scripted fault to a successful response.
    pub(super) fn through(self, fault: Option<Fault>) -> Reply {
        match fault {
            Some(Fault::AnswerLost) => Reply::Lost,
            Some(Fault::MalformedAnswer) => Reply::Raw(StatusCode::OK, NOT_JSON),
            _ => self,
        }
    }
}

pub(super) fn ok(body: Value) -> Reply {
    Reply::Json(StatusCode::OK, body)
}

pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body =
        json!({ "requestId": ids::request_id(), "errorCode": code, "errorMessage": message });
    Reply::Json(status, body)
}

pub(super) fn invalid(field: &str) -> Reply {
    error(400, "400.002.02", &format!("Bad Request - Invalid {field}"))
}

pub(super) fn busy() -> Reply {
    error(500, "500.003.02", "System is busy. Please try again in few minutes.")
}

/// Returns the scripted refusal, if any. It has no effects.
pub(super) fn refusal(fault_drawn: Option<Fault>) -> Option<Reply> {
    match fault_drawn? {
        Fault::ServerError => Some(error(500, "500.003.1001", "Internal Server Error")),
        Fault::Busy => Some(busy()),
        _ => None,
    }
}
