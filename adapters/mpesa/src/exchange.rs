//! Requests and responses as they were sent: the raw data of all evidence.

use amana_domain::payment::Evidence;
use serde_json::Value;

/// Secrets and callback addresses: anyone who knows such an address can send us a result.
const WITHHELD_FIELDS: [&str; 5] =
    ["Password", "SecurityCredential", "CallBackURL", "ResultURL", "QueueTimeOutURL"];

/// A request and its response. Both contain personal data, so they are stored encrypted and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    pub operation: &'static str,
    /// The request without its secrets.
    pub request: Value,
    pub status: Option<u16>,
    /// The part of the response that could be read.
    pub body: String,
}

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// `None` only for a query without a final result.
    pub evidence: Option<Evidence>,
    pub exchange: Exchange,
}

impl Exchange {
    pub(crate) fn new(operation: &'static str, mut request: Value) -> Self {
        if let Some(fields) = request.as_object_mut() {
            for field in WITHHELD_FIELDS {
                fields.remove(field);
            }
        }
        Self { operation, request, status: None, body: String::new() }
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_kept_and_nothing_personal_is_printed() {
        let request = serde_json::json!({
            "Password": "p", "SecurityCredential": "s", "CallBackURL": "c", "PartyA": "254712345678",
        });
        let exchange =
            Exchange { body: "254712345678".into(), ..Exchange::new("collect", request) };
        assert_eq!(exchange.request, serde_json::json!({ "PartyA": "254712345678" }));
        let shown = format!("{exchange:?}");
        assert!(shown.contains("collect") && !shown.contains("2547"), "{shown}");
    }
}
