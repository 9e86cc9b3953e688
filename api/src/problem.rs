//! Errors as clients see them: RFC 9457 problem documents, told apart by their codes.

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

/// When something that should pass by itself may be tried again.
const RETRY_AFTER_S: u64 = 2;

/// One place in the request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
pub(crate) struct FieldError {
    /// Where in the body, as a JSON pointer (RFC 6901): `/milestones/0/amount`. For parameters and headers,
    /// the name of the parameter.
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

/// Why a request was not carried out (RFC 9457).
#[derive(Debug, Clone, Object)]
pub(crate) struct Problem {
    /// A name for this kind of problem; says the same as `code`.
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// The kind of problem in a few words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The kind of problem, for programs: decide by this and by nothing else.
    pub(crate) code: Wire<Code>,
    /// What happened in this case, for people.
    pub(crate) detail: String,
    /// Names this request in our logs; quote it when asking for help.
    pub(crate) request_id: String,
    /// The places in the request that are wrong; empty if the problem does not lie there.
    pub(crate) errors: Vec<FieldError>,
    /// With `provider_limit`, where parts would do: the payments that together bring what is outstanding.
    #[oai(skip_serializing_if_is_none)]
    pub(crate) payments: Option<Vec<Money>>,
}

/// The error half of every operation.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    /// When to come back, if that is known.
    pub(crate) retry_after_s: Option<u64>,
    /// What would do instead, if that is a matter of several payments.
    pub(crate) payments: Option<Vec<Money>>,
}

impl ApiError {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after_s = code.passes_by_itself().then_some(RETRY_AFTER_S);
        Self { code, detail: detail.into(), errors: vec![], retry_after_s, payments: None }
    }

    /// Too much of something; `reset` is when there is room again.
    pub(crate) fn rate_limited(what: &str, reset: Duration) -> Self {
        let seconds = whole_seconds(reset).max(1);
        let detail = format!("{what}; the next may come in {seconds} seconds");
        Self { retry_after_s: Some(seconds), ..Self::new(Code::RateLimited, detail) }
    }

    /// A well-formed request with a value that cannot be.
    pub(crate) fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, "the request has a value that is not allowed")
            .at(pointer, detail)
    }

    pub(crate) fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// With the time after which the same call may succeed.
    pub(crate) fn after(mut self, wait: TimeDelta) -> Self {
        self.retry_after_s = Some(whole_seconds(wait.to_std().unwrap_or_default()).max(1));
        self
    }

    /// Something broke on our side. What it was belongs into the log, which the caller has written.
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "the server failed; repeating the call with the same key is safe")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(Code::Unavailable, "the service cannot take the request at the moment")
    }

    pub(crate) fn invalid_csrf_token() -> Self {
        let detail =
            format!("with cookies, `{CSRF_HEADER}` has to carry the `csrf_token` of the session");
        Self::new(Code::InvalidCsrfToken, detail)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(Code::Unauthorized, "an access token is needed and this is not a valid one")
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
        // The framework drops the data of the response and keeps that of the error.
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
                range("4XX", "The request cannot be carried out as sent; nothing was changed."),
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
