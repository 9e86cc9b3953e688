//! Errors as RFC 9457 problem documents, identified by their codes.

mod allow;
mod code;
mod framework;
mod plan;
mod refusal;

pub use code::Code;
pub(crate) use framework::{of_framework, of_panic};

use crate::cookies::CSRF_HEADER;
use crate::observe::current_request_id;
use crate::rate_limits::whole_seconds;
use chrono::TimeDelta;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};
use std::time::Duration;

use crate::wire::{Money, Wire};

const CONTENT_TYPE: &str = "application/problem+json";

/// `Retry-After` of temporary errors, in seconds.
const RETRY_AFTER_S: u64 = 2;

/// A value in the request that is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub(crate) struct FieldError {
    /// JSON pointer into the body (RFC 6901), such as `/milestones/0/amount`, or the name of the parameter or header.
    pub(crate) pointer: String,
    /// Error of the value.
    pub(crate) detail: String,
}

/// Error of a request (RFC 9457).
#[derive(Debug, Clone, Object)]
pub(crate) struct Problem {
    /// URN of the kind of problem; contains `code`.
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// Short text for the kind of problem.
    pub(crate) title: String,
    /// HTTP status.
    pub(crate) status: u16,
    /// Kind of problem. Programs must decide by this member only.
    pub(crate) code: Wire<Code>,
    /// Explanation of this occurrence for people.
    pub(crate) detail: String,
    /// Id of the request in our logs; quote it when you contact support.
    pub(crate) request_id: String,
    /// Invalid values of the request; empty if the problem has another cause.
    pub(crate) errors: Vec<FieldError>,
    /// For `provider_limit`: payments that together make up the outstanding amount, if it can be split.
    #[oai(skip_serializing_if_is_none)]
    pub(crate) payments: Option<Vec<Money>>,
}

/// Error of any operation.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    /// Seconds after which to retry, if known.
    pub(crate) retry_after_s: Option<u64>,
    /// Several payments that would be accepted instead.
    pub(crate) payments: Option<Vec<Money>>,
}

impl ApiError {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = code.passes_by_itself().then_some(RETRY_AFTER_S);
        Self { code, detail: detail.into(), errors: vec![], retry_after_s, payments: None }
    }

    /// A rate limit; `reset` is the time until the next call is accepted.
    pub(crate) fn rate_limited(what: &str, reset: Duration) -> Self {
        let seconds = whole_seconds(reset).max(1);
        let detail = format!("{what}; try again in {seconds} seconds");
        Self { retry_after_s: Some(seconds), ..Self::new(Code::RateLimited, detail) }
    }

    /// A well-formed request with an invalid value.
    pub(crate) fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, "the request has an invalid value; see `errors`")
            .at(pointer, detail)
    }

    pub(crate) fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Sets the time after which the same call may succeed.
    pub(crate) fn after(mut self, wait: TimeDelta) -> Self {
        self.retry_after_s = Some(whole_seconds(wait.to_std().unwrap_or_default()).max(1));
        self
    }

    /// A failure on our side. The caller of this function logs the cause.
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "the server failed; repeating the call with the same key is safe")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(Code::Unavailable, "the service is temporarily unavailable; try again shortly")
    }

    pub(crate) fn invalid_csrf_token() -> Self {
        let detail =
            format!("with cookies, send the session's `csrf_token` in the header `{CSRF_HEADER}`");
        Self::new(Code::InvalidCsrfToken, detail)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            Code::Unauthorized,
            "this operation requires a valid access token; log in or refresh the session",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let problem = Problem {
            kind: format!("urn:amana:problem:{}", self.code),
            title: self.code.title().to_owned(),
            status: status.as_u16(),
            code: Wire(self.code),
            detail: self.detail,
            request_id: current_request_id(),
            errors: self.errors,
            payments: self.payments,
        };
        let mut response = Response::builder()
            .status(status)
            .content_type(CONTENT_TYPE)
            .body(problem.to_json_string());
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.set_data(self.code);
        response
    }
}

impl From<ApiError> for poem::Error {
    fn from(error: ApiError) -> Self {
        let code = error.code;
        let mut error = poem::Error::from_response(error.into_response());
        // The framework keeps the data of the error and drops that of the response.
        error.set_data(code);
        error
    }
}

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        let range = |range: &str, description| MetaResponse {
            description,
            status: None,
            status_range: Some(range.to_owned()),
            headers: vec![],
            content: vec![MetaMediaType {
                content_type: CONTENT_TYPE,
                schema: Problem::schema_ref(),
            }],
        };
        MetaResponses {
            responses: vec![
                range("4XX", "The request was rejected; nothing was changed."),
                range("5XX", "The server failed. Repeating the call with the same key is safe."),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

#[cfg(test)]
mod tests;
