//! The status query of a collection, the only query with a synchronous result.

use amana_domain::payment::{Claim, Evidence, Source};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::classify::{Reply, is_token_refusal};
use crate::client::{Call, Mpesa};
use crate::codes::{self, Meaning};
use crate::collect::token_refused;
use crate::error::MpesaError;
use crate::exchange::{Answered, Exchange};
use crate::wire::Envelope;

const PATH: &str = "/mpesa/stkpushquery/v1/query";
/// The code for transactions in progress, unknown transactions, and sometimes finished ones: it proves nothing.
const PROVES_NOTHING: &str = "500.001.1001";

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Claim(Claim),
    /// Not final, or unknown to M-Pesa.
    Nothing,
    Busy,
    Unusable,
}

impl Mpesa {
    /// Queries the result of a collection. No evidence means: not final, or unknown to M-Pesa. The response has neither
    /// receipt nor amount.
    ///
    /// # Errors
    /// [`MpesaError`]; a repetition is always safe.
    pub async fn query(
        &self,
        checkout_request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Answered, MpesaError> {
        let (timestamp, password) = self.password(now);
        let body = json!({
            "BusinessShortCode": self.config.shortcode,
            "Password": password,
            "Timestamp": timestamp,
            "CheckoutRequestID": checkout_request_id,
        });
        let (reply, exchange) = self.call(Call { operation: "query", path: PATH, body }).await?;
        if is_token_refusal(&reply) {
            return Err(token_refused(exchange));
        }
        answered(told(&reply, checkout_request_id), checkout_request_id, exchange)
    }
}

fn answered(
    told: Told,
    checkout_request_id: &str,
    exchange: Exchange,
) -> Result<Answered, MpesaError> {
    let reference = Some(checkout_request_id.to_owned());
    match told {
        Told::Claim(claim) => {
            let evidence = Some(Evidence { source: Source::Query, claim, reference });
            Ok(Answered { evidence, exchange })
        }
        Told::Nothing => Ok(Answered { evidence: None, exchange }),
        Told::Busy => {
            let what = "no response to the status query";
            Err(MpesaError::Unavailable { what, exchange: Some(Box::new(exchange)) })
        }
        Told::Unusable => {
            let what = "the status query was rejected, or the response has an unknown format";
            Err(MpesaError::Malformed { what, exchange: Some(Box::new(exchange)) })
        }
    }
}

fn told(reply: &Reply, asked: &str) -> Told {
    let (status, body) = match reply {
        Reply::NotSent | Reply::NoAnswer => return Told::Busy,
        Reply::Answer { status, body } => (*status, body),
    };
    let envelope = match Envelope::read(body) {
        Some(envelope) => envelope,
        None if status == 429 || status >= 500 => return Told::Busy,
        None => return Told::Unusable,
    };
    let other = envelope.checkout_request_id.as_deref().is_some_and(|told| told != asked);
    match (envelope.error_code.as_deref(), envelope.result_code.as_deref()) {
        (Some(PROVES_NOTHING), _) => Told::Nothing,
        (Some("400.002.02"), _) if envelope.error_message.contains("checkoutrequestid") => {
            Told::Nothing
        }
        (Some(code), _) if code.starts_with('4') => Told::Unusable,
        (Some(_), _) => Told::Busy,
        (None, Some(code)) if (200..300).contains(&status) && !other => by_result(code),
        (None, None) if status == 429 || status >= 500 => Told::Busy,
        (None, Some(_) | None) => Told::Unusable,
    }
}

fn by_result(code: &str) -> Told {
    match codes::collection(code) {
        Meaning::Success => Told::Claim(Claim::Succeeded { receipt: None, amount: None }),
        Meaning::NotFinal => Told::Nothing,
        meaning @ (Meaning::Unproven | Meaning::Failed(_) | Meaning::Unclear) => {
            meaning.claim(code).map_or(Told::Nothing, Told::Claim)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::payment::FailureReason;

    fn result(code: &str) -> String {
        format!(
            r#"{{"ResponseCode":"0","CheckoutRequestID":"ws_CO_1","ResultCode":{code},"ResultDesc":"x"}}"#
        )
    }

    #[test]
    fn what_a_query_tells() {
        let error = |code: &str, message: &str| {
            format!(r#"{{"requestId":"1","errorCode":"{code}","errorMessage":"{message}"}}"#)
        };
        let paid = Told::Claim(Claim::Succeeded { receipt: None, amount: None });
        let failed = |reason| Told::Claim(Claim::Failed { reason });
        let unclear = Told::Claim(Claim::Unclear { code: "1050".into() });
        for (status, body, expected) in [
            (200, result(r#""0""#), paid),
            (200, result(r#""1032""#), failed(FailureReason::CancelledByPayer)),
            (200, result("1037"), failed(FailureReason::NoAnswer)),
            (200, result(r#""4999""#), Told::Nothing),
            (200, result(r#""1050""#), unclear),
            (500, result(r#""0""#), Told::Unusable),
            (200, result(r#""0""#).replace("ws_CO_1", "ws_CO_2"), Told::Unusable),
            (500, error("500.001.1001", "The transaction is being processed"), Told::Nothing),
            (200, error("500.001.1001", ""), Told::Nothing),
            (500, error("500.001.1001", "The transaction does not Exist"), Told::Nothing),
            (400, error("400.002.02", "Bad Request - Invalid CheckoutRequestID"), Told::Nothing),
            (400, error("400.002.02", "Bad Request - Invalid Timestamp"), Told::Unusable),
            (500, error("500.003.02", "System is busy."), Told::Busy),
            (503, "<html>".into(), Told::Busy),
            (200, "<html>".into(), Told::Unusable),
            (200, "{}".into(), Told::Unusable),
            (502, "{}".into(), Told::Busy),
        ] {
            let reply = Reply::Answer { status, body: body.clone() };
            assert_eq!(told(&reply, "ws_CO_1"), expected, "{status} {body}");
        }
        assert_eq!(told(&Reply::NotSent, "ws_CO_1"), Told::Busy);
        assert_eq!(told(&Reply::NoAnswer, "ws_CO_1"), Told::Busy);
    }
}
