//! Gzip compression of long JSON responses.
//!
//! Compressed length can reveal a secret that is sent beside text chosen by an attacker (BREACH). So only responses to
//! GET are compressed. They contain no tokens and do not repeat text of the request.

use poem::endpoint::Endpoint;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::web::{Compress, CompressionAlgo, CompressionLevel};
use poem::{IntoResponse, Request, Response};
use std::sync::Arc;

/// A response that fits one packet gains nothing from compression.
const BYTES_MIN: usize = 1_400;

/// PDF is compressed already, and a CSV file is stored exactly as it was sent.
const CONTENT_TYPE: &str = "application/json";

pub(crate) async fn compress<E>(endpoint: Arc<E>, request: Request) -> poem::Result<Response>
where
    E: Endpoint,
    E::Output: IntoResponse,
{
    let is_read = request.method() == Method::GET;
    let takes_gzip = request.header(header::ACCEPT_ENCODING).is_some_and(takes_gzip);
    let mut response = endpoint.get_response(request).await;
    let is_json = response.content_type().is_some_and(|kind| kind.starts_with(CONTENT_TYPE));
    let is_plain = !response.headers().contains_key(header::CONTENT_ENCODING);
    if !(is_read && is_json && is_plain && response.status() == StatusCode::OK) {
        return Ok(response);
    }
    let bytes = response.take_body().into_bytes().await?;
    let is_long = bytes.len() >= BYTES_MIN;
    response.set_body(bytes);
    if !is_long {
        return Ok(response);
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if !takes_gzip {
        return Ok(response);
    }
    let gzip = Compress::new(response, CompressionAlgo::GZIP);
    Ok(gzip.with_quality(CompressionLevel::Fastest).into_response())
}

pub(crate) fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for (accepted, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip; q=0", false),
            ("gzip;q=0.0, br", false),
            ("br", false),
            ("", false),
            ("identity", false),
        ] {
            assert_eq!(takes_gzip(accepted), takes, "{accepted}");
        }
    }
}
