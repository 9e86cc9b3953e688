//! Classifies the synchronous response to a submission. Only this module decides whether money may have moved; in doubt
//! it assumes so.

use crate::wire::Envelope;

/// The response as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The request was not sent: the connection failed.
    NotSent,
    /// The request was sent, and no complete response came.
    NoAnswer,
    Answer {
        status: u16,
        body: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submission {
    Collection,
    Payout,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Class {
    Accepted {
        reference: String,
    },
    /// M-Pesa already has a payout with this originator id.
    Duplicate,
    /// Certainly not executed; the same request must not be repeated.
    Refused,
    /// Certainly not executed; the same request may be repeated later.
    NotDone(&'static str),
    /// Certainly not executed, because the access token is invalid.
    TokenRefused,
    /// Possibly executed.
    Lost,
}

/// Each API has its own code for an invalid token, with different HTTP statuses.
const TOKEN_CODES: [&str; 6] = [
    "404.001.03",
    "404.001.04",
    "401.002.01",
    "401.003.01",
    "400.003.01",
    "keymanagement.service.invalid_access_token",
];
/// The code of many different errors; only the message distinguishes them.
const OVERLOADED_CODE: &str = "500.001.1001";
const DUPLICATE_CODE: &str = "500.002.1001";
const BUSY_CODES: [&str; 2] = ["500.003.02", "500.003.03"];
/// Messages of this code that M-Pesa sends before it processes the payment.
const REFUSING_MESSAGES: [&str; 3] =
    ["wrong credentials", "merchant does not exist", "initiator information is invalid"];

pub(crate) fn is_token_refusal(reply: &Reply) -> bool {
    let Reply::Answer { status, body } = reply else { return false };
    let code = Envelope::read(body).and_then(|envelope| match envelope.response_code {
        None => envelope.error_code,
        Some(_) => None,
    });
    *status == 401 || code.is_some_and(|code| TOKEN_CODES.contains(&code.as_str()))
}

pub(crate) fn classify(submission: Submission, reply: &Reply) -> Class {
    let (status, body) = match reply {
        Reply::NotSent => return Class::NotDone("the connection failed"),
        Reply::NoAnswer => return Class::Lost,
        Reply::Answer { status, body } => (*status, body),
    };
    if is_token_refusal(reply) {
        return Class::TokenRefused;
    }
    match status {
        429 => return Class::NotDone("M-Pesa's rate limit was reached"),
        503 => return Class::NotDone("M-Pesa is out of service"),
        _ => {}
    }
    let Some(envelope) = Envelope::read(body) else { return Class::Lost };
    match (&envelope.error_code, &envelope.response_code) {
        (Some(code), None) => by_error(submission, status, (code, &envelope.error_message)),
        (None, Some(code)) if code == "0" && (200..300).contains(&status) => {
            accepted(submission, envelope)
        }
        // An ambiguous or undocumented response proves nothing.
        (Some(_) | None, Some(_)) | (None, None) => Class::Lost,
    }
}

/// Returns `Accepted` if the response has an id. Without one the payment cannot be queried, only found later.
fn accepted(submission: Submission, envelope: Envelope) -> Class {
    let reference = match submission {
        Submission::Collection => envelope.checkout_request_id,
        Submission::Payout => envelope.conversation_id,
    };
    reference.map_or(Class::Lost, |reference| Class::Accepted { reference })
}

fn by_error(submission: Submission, status: u16, (code, message): (&str, &str)) -> Class {
    let duplicate = code == DUPLICATE_CODE && message.contains("duplicate");
    match code {
        _ if BUSY_CODES.contains(&code) || code.contains("policies.ratelimit.") => {
            Class::NotDone("busy")
        }
        _ if duplicate && submission == Submission::Payout => Class::Duplicate,
        OVERLOADED_CODE if message.contains("unable to lock subscriber") => {
            Class::NotDone("the subscriber has another open transaction")
        }
        OVERLOADED_CODE if REFUSING_MESSAGES.iter().any(|text| message.contains(text)) => {
            Class::Refused
        }
        // Daraja's codes start with the intended status, whatever the HTTP status is.
        _ if code.starts_with('4') => Class::Refused,
        _ if code.starts_with('5') => Class::Lost,
        _ if (400..500).contains(&status) => Class::Refused,
        _ => Class::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Reply {
        Reply::Answer { status, body: body.into() }
    }

    fn error(status: u16, code: &str, message: &str) -> Reply {
        answer(
            status,
            &format!(r#"{{"requestId":"1-2","errorCode":"{code}","errorMessage":"{message}"}}"#),
        )
    }

    fn both(reply: &Reply, class: &Class) {
        for submission in [Submission::Collection, Submission::Payout] {
            assert_eq!(classify(submission, reply), *class, "{submission:?} {reply:?}");
        }
    }

    #[test]
    fn only_a_complete_yes_is_accepted() {
        let yes = |reference: &str| Class::Accepted { reference: reference.into() };
        let stk = answer(200, r#"{"ResponseCode":"0","CheckoutRequestID":"ws_CO_1","New":[1]}"#);
        assert_eq!(classify(Submission::Collection, &stk), yes("ws_CO_1"));
        assert_eq!(classify(Submission::Payout, &stk), Class::Lost);
        let b2c = answer(200, r#"{"ResponseCode":0,"ConversationID":"AG_1"}"#);
        assert_eq!(classify(Submission::Payout, &b2c), yes("AG_1"));
        for body in [
            r#"{"ResponseCode":"0"}"#,
            r#"{"ResponseCode":"0","CheckoutRequestID":""}"#,
            r#"{"ResponseCode":"1","CheckoutRequestID":"ws_CO_1","ConversationID":"AG_1"}"#,
            r#"{"ResponseCode":"0","errorCode":"404.001.03","CheckoutRequestID":"ws_CO_1"}"#,
            r#"{"ResponseCode":"0","CheckoutRequestID":"ws_CO_1""#,
            "{}",
            "",
            "<html>OK</html>",
        ] {
            both(&answer(200, body), &Class::Lost);
        }
        let odd = answer(500, r#"{"ResponseCode":"0","CheckoutRequestID":"ws_CO_1"}"#);
        both(&odd, &Class::Lost);
    }

    #[test]
    fn refusals_that_prove_that_nothing_happened() {
        for (status, code, message) in [
            (400, "400.002.02", "Bad Request - Invalid Amount"),
            (200, "400.002.02", "Bad Request - Invalid Amount"),
            (400, "400.002.05", "Invalid Request Payload"),
            (404, "404.001.01", "Resource not found"),
            (405, "405.001", "Method Not Allowed"),
            (403, "403.002.1001", "You are not authorized to initiate this transaction"),
            (500, "500.001.1001", "[MerchantValidate] - Wrong credentials"),
            (500, "500.001.1001", "Merchant does not exist"),
            (500, "500.001.1001", "The initiator information is invalid."),
        ] {
            both(&error(status, code, message), &Class::Refused);
        }
    }

    #[test]
    fn what_may_be_sent_again() {
        both(&Reply::NotSent, &Class::NotDone("the connection failed"));
        both(&answer(429, ""), &Class::NotDone("M-Pesa's rate limit was reached"));
        both(&answer(503, "<html>"), &Class::NotDone("M-Pesa is out of service"));
        both(&error(500, "500.003.02", "System is busy."), &Class::NotDone("busy"));
        both(&error(500, "500.003.02", "Spike Arrest Violation"), &Class::NotDone("busy"));
        both(&error(500, "500.003.03", "Quota Violation"), &Class::NotDone("busy"));
        let spike =
            r#"{"fault":{"detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}}"#;
        both(&answer(500, spike), &Class::NotDone("busy"));
        let locked = "Unable to lock subscriber, a transaction is already in process";
        both(
            &error(500, "500.001.1001", locked),
            &Class::NotDone("the subscriber has another open transaction"),
        );
    }

    #[test]
    fn what_may_have_happened() {
        both(&Reply::NoAnswer, &Class::Lost);
        for (status, code, message) in [
            (500, "500.001.1001", ""),
            (500, "500.001.1001", "The transaction is being processed"),
            (200, "500.001.1001", ""),
            (500, "500.003.1001", "Internal Server Error"),
            (400, "500.003.1001", "Internal Server Error"),
            (500, "500.002.1001", "Service unavailable"),
            (500, "UNHEARD", ""),
        ] {
            both(&error(status, code, message), &Class::Lost);
        }
        // An error in an unknown format may come from any system on the way, also from one behind M-Pesa.
        for status in [301, 400, 403, 404, 408, 500, 502, 504] {
            both(&answer(status, "<html>"), &Class::Lost);
        }
    }

    #[test]
    fn a_duplicate_is_known_for_payouts_only() {
        let reply = error(500, "500.002.1001", "Duplicate OriginatorConversationID.");
        assert_eq!(classify(Submission::Payout, &reply), Class::Duplicate);
        assert_eq!(classify(Submission::Collection, &reply), Class::Lost);
    }

    #[test]
    fn a_bad_token_is_known_by_code_not_by_status() {
        for code in TOKEN_CODES {
            for status in [200, 400, 401, 404, 500] {
                both(&error(status, code, "Invalid Access Token"), &Class::TokenRefused);
            }
        }
        both(&answer(401, ""), &Class::TokenRefused);
    }
}
