//! Daraja's JSON: codes are numbers or texts, lists are arrays or single objects, and errors have several envelopes.
//! Fields are read by name, and unknown fields are ignored.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Longer than all known ids and codes.
const ID_CHARACTERS_MAX: usize = 128;

#[derive(Deserialize)]
struct RawEnvelope<'a> {
    #[serde(borrow, rename = "ResponseCode")]
    response_code: Option<&'a RawValue>,
    #[serde(borrow, rename = "ResultCode")]
    result_code: Option<&'a RawValue>,
    #[serde(borrow, rename = "CheckoutRequestID")]
    checkout_request_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "ConversationID")]
    conversation_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "errorCode")]
    error_code: Option<&'a RawValue>,
    #[serde(borrow, rename = "errorMessage")]
    error_message: Option<&'a RawValue>,
    #[serde(borrow)]
    fault: Option<&'a RawValue>,
}

/// An error of the gateway, which did not forward the request to M-Pesa.
#[derive(Deserialize)]
struct Fault {
    detail: FaultDetail,
}

#[derive(Deserialize)]
struct FaultDetail {
    errorcode: String,
}

/// A synchronous response of any operation.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) response_code: Option<String>,
    pub(crate) result_code: Option<String>,
    pub(crate) checkout_request_id: Option<String>,
    pub(crate) conversation_id: Option<String>,
    pub(crate) error_code: Option<String>,
    /// In lower case, for searching.
    pub(crate) error_message: String,
}

impl Envelope {
    /// Returns `None` if the body is not a JSON object.
    pub(crate) fn read(body: &str) -> Option<Self> {
        if !body.trim_start().starts_with('{') {
            return None;
        }
        let raw: RawEnvelope<'_> = serde_json::from_str(body).ok()?;
        let fault = raw.fault.and_then(|fault| serde_json::from_str::<Fault>(fault.get()).ok());
        Some(Self {
            response_code: id(raw.response_code),
            result_code: id(raw.result_code),
            checkout_request_id: id(raw.checkout_request_id),
            conversation_id: id(raw.conversation_id),
            error_code: id(raw.error_code).or(fault.map(|fault| fault.detail.errorcode)),
            error_message: scalar(raw.error_message).unwrap_or_default().to_lowercase(),
        })
    }
}

/// Returns the content of a string, or the digits of a number as written. Returns `None` for other values.
pub(crate) fn scalar(raw: Option<&RawValue>) -> Option<String> {
    let text = raw?.get();
    match text.bytes().next()? {
        b'"' => serde_json::from_str(text).ok(),
        b'-' | b'0'..=b'9' => Some(text.to_owned()),
        _ => None,
    }
}

/// Returns a scalar that is valid as an id or a code: short, printable, not empty.
pub(crate) fn id(raw: Option<&RawValue>) -> Option<String> {
    let text = scalar(raw)?;
    let text = text.trim();
    let sound = !text.is_empty()
        && text.len() <= ID_CHARACTERS_MAX
        && text.bytes().all(|b| b.is_ascii_graphic());
    sound.then(|| text.to_owned())
}

/// Returns the elements of an array, or a single object as one element.
pub(crate) fn one_or_many<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<Vec<T>> {
    match raw.get().bytes().next()? {
        b'[' => serde_json::from_str(raw.get()).ok(),
        b'{' => serde_json::from_str(raw.get()).ok().map(|one| vec![one]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_text_whatever_their_json_type() {
        let read = |code: &str| Envelope::read(&format!(r#"{{"ResponseCode":{code}}}"#)).unwrap();
        for (json, text) in [
            ("0", Some("0")),
            (r#""0""#, Some("0")),
            (r#"" 1032 ""#, Some("1032")),
            ("null", None),
            (r#""""#, None),
            ("[0]", None),
            (r#""a\u0000b""#, None),
        ] {
            assert_eq!(read(json).response_code.as_deref(), text, "{json}");
        }
    }

    #[test]
    fn faults_of_the_gateway_have_a_code_too() {
        let body = r#"{"fault":{"faultstring":"x","detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}}"#;
        let code = Envelope::read(body).unwrap().error_code;
        assert_eq!(code.as_deref(), Some("policies.ratelimit.SpikeArrestViolation"));
        assert_eq!(Envelope::read(r#"{"fault":"down"}"#), Some(Envelope::default()));
    }

    #[test]
    fn only_objects_are_answers() {
        for body in ["", "<html>", "[]", r#"["0"]"#, "0", "{", r#"{"ResponseCode":"0""#] {
            assert_eq!(Envelope::read(body), None, "{body}");
        }
    }
}
