//! Errors of the framework as problems.

use super::allow::allow;
use super::{ApiError, Code};
use crate::auth;
use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError};
use poem::http::{StatusCode, header};
use poem::{IntoResponse, PathPattern, Response};
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};
use std::any::Any;

/// Turns errors of the framework into problems; errors of handlers are problems already.
pub(crate) async fn of_framework(error: poem::Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    let mut response = problem(&error).into_response();
    if let Some(pattern) = error.data::<PathPattern>() {
        if error.is::<MethodNotAllowedError>()
            && let Some(methods) = allow(pattern)
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        response.set_data(pattern.clone());
    }
    response
}

fn problem(error: &poem::Error) -> ApiError {
    if let Some(e) = error.downcast_ref::<ParseRequestPayloadError>() {
        return ApiError::new(Code::InvalidRequest, reason(&e.reason));
    }
    if let Some(e) = error.downcast_ref::<ParsePathError>() {
        return ApiError::new(Code::InvalidParameter, "an id in the path is malformed")
            .at("path", reason(&e.reason));
    }
    if let Some(e) = error.downcast_ref::<ParseParamError>() {
        return parameter(e);
    }
    if let Some(e) = error.downcast_ref::<ContentTypeError>() {
        return ApiError::new(Code::UnsupportedMediaType, content_type(e));
    }
    if error.is::<AuthorizationError>() {
        return ApiError::unauthorized();
    }
    if error.is::<NotFoundError>() {
        return ApiError::new(Code::NotFound, "this path does not exist");
    }
    if error.is::<MethodNotAllowedError>() {
        return ApiError::new(
            Code::MethodNotAllowed,
            "this path does not support the method; see the header `Allow`",
        );
    }
    if matches!(error.downcast_ref(), Some(ReadBodyError::PayloadTooLarge)) {
        return ApiError::new(Code::RequestTooLarge, "the body is too large");
    }
    by_status(error)
}

fn by_status(error: &poem::Error) -> ApiError {
    match error.status() {
        StatusCode::NOT_FOUND => ApiError::new(Code::NotFound, "this path does not exist"),
        status if status.is_client_error() => {
            ApiError::new(Code::BadRequest, "the request is malformed")
        }
        _ => {
            tracing::error!("the request failed: {error}");
            ApiError::internal()
        }
    }
}

fn parameter(error: &ParseParamError) -> ApiError {
    let (code, detail) = if error.name == auth::IDEMPOTENCY_KEY {
        (Code::IdempotencyKeyRequired, "this call requires the header `Idempotency-Key`".to_owned())
    } else {
        (Code::InvalidParameter, format!("the parameter `{}` is invalid", error.name))
    };
    ApiError::new(code, detail).at(error.name, reason(&error.reason))
}

/// Removes the type names that the framework adds to our messages.
fn reason(text: &str) -> String {
    let text = text.split_once(" (occurred while parsing").map_or(text, |(said, _)| said);
    let said = text.strip_prefix("failed to parse \"").and_then(|rest| rest.split_once("\": "));
    match said {
        Some((_, said)) => said.to_owned(),
        None if text.ends_with("expects an input value.") => "a value is required".to_owned(),
        None => text.to_owned(),
    }
}

fn content_type(error: &ContentTypeError) -> &'static str {
    match error {
        ContentTypeError::NotSupported { .. } => "the body must be `application/json`",
        ContentTypeError::ExpectContentType => {
            "send the body with the header `Content-Type: application/json`"
        }
    }
}

/// A handler panicked. The panic hook has printed the message.
pub(crate) fn of_panic(_said: Box<dyn Any + Send>) -> ApiError {
    tracing::error!("a handler panicked");
    ApiError::internal()
}
