//! The device of a request: name and kind from its user agent, and its address.

use crate::address::ClientAddress;
use crate::context::Context;
use crate::problem::ApiError;
use amana_domain::session::DeviceKind;
use amana_postgres::Device;
use poem::http::header;
use poem::{FromRequest, Request, RequestBody, Result};
use std::sync::Arc;
use woothee::parser::{Parser, WootheeResult};

const NAME_CHARS_MAX: usize = 120;
const UNKNOWN: &str = "Unknown device";

/// The device that sent a request.
#[derive(Debug)]
pub(crate) struct From(pub(crate) Device);

impl<'a> FromRequest<'a> for From {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let agent = request.header(header::USER_AGENT).unwrap_or_default();
        let (name, kind) = read(agent);
        let context = request.data::<Arc<Context>>().ok_or_else(ApiError::internal)?;
        let address = request.data::<ClientAddress>().ok_or_else(ApiError::internal)?.ip;
        let place = context.places.of(address);
        Ok(Self(Device { name, kind, address, place }))
    }
}

fn read(agent: &str) -> (String, DeviceKind) {
    match Parser::new().parse(agent) {
        Some(known) if known.name != "UNKNOWN" || known.os != "UNKNOWN" => {
            (short(&describe(&known)), kind(&known))
        }
        _ => program(agent),
    }
}

fn describe(known: &WootheeResult<'_>) -> String {
    match (known.name, known.os) {
        ("UNKNOWN", os) => os.to_owned(),
        (name, "UNKNOWN") => name.to_owned(),
        (name, os) => format!("{name} on {os}"),
    }
}

fn kind(known: &WootheeResult<'_>) -> DeviceKind {
    match (known.category, known.os) {
        (_, "iPad") => DeviceKind::Tablet,
        ("smartphone" | "mobilephone", _) => DeviceKind::Phone,
        ("pc", _) => DeviceKind::Computer,
        ("crawler" | "misc", _) => DeviceKind::Program,
        _ => DeviceKind::Unknown,
    }
}

/// Reads the user agent of an app or program, `name/version` (RFC 9110, 10.1.5).
fn program(agent: &str) -> (String, DeviceKind) {
    let name = agent.split([' ', '/']).next().unwrap_or_default();
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_name {
        (short(name), DeviceKind::Program)
    } else {
        (UNKNOWN.to_owned(), DeviceKind::Unknown)
    }
}

fn short(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_recognise_their_devices() {
        for (agent, name, kind) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Windows 10",
                DeviceKind::Computer,
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
                "Safari on iPad",
                DeviceKind::Tablet,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
                DeviceKind::Computer,
            ),
            ("AmanaApp/2.1 (Android 14)", "Android", DeviceKind::Phone),
            ("AmanaApp/2.1", "AmanaApp", DeviceKind::Program),
            ("", UNKNOWN, DeviceKind::Unknown),
            ("<script>alert(1)</script>", UNKNOWN, DeviceKind::Unknown),
        ] {
            assert_eq!(read(agent), (name.to_owned(), kind), "{agent}");
        }
        let (name, _) = read(&format!("{}/1", "a".repeat(500)));
        assert_eq!(name.len(), NAME_CHARS_MAX);
    }
}
