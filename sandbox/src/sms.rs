//! Catches SMS at Africa's Talking's endpoint. None are sent.

use std::{collections::BTreeMap, sync::Arc};

use poem::{Body, IntoResponse, Request, Response, handler, http::StatusCode, web::Data};
use serde_json::{Value, json};

use crate::{
    ids, phone,
    state::{State, Trouble},
    store::Store,
};

const BODY_BYTES_MAX: usize = 64 * 1024;
const RECIPIENTS_MAX: usize = 1_000;
const DEFAULT_SENDER: &str = "AFRICASTKNG";
const COST: &str = "KES 0.8000";

#[handler]
pub(crate) async fn send(req: &Request, body: Body, store: Data<&Arc<Store>>) -> Response {
    let response = answer(&store, req, body).await;
    store.persisted().await;
    response
}

async fn answer(store: &Store, req: &Request, body: Body) -> Response {
    let refuse = |status: StatusCode, text: &'static str| status.with_body(text).into_response();
    if req.header("apiKey") != Some(&store.settings.credentials.sms_api_key) {
        return refuse(StatusCode::UNAUTHORIZED, "The supplied authentication is invalid");
    }
    let Ok(bytes) = body.into_bytes_limit(BODY_BYTES_MAX).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Body too large");
    };
    let form: BTreeMap<String, String> = reqwest::Url::parse("form:").map_or_else(
        |_| BTreeMap::new(),
        |mut url| {
            url.set_query(std::str::from_utf8(&bytes).ok());
            url.query_pairs().into_owned().collect()
        },
    );
    let field = |name: &str| form.get(name).filter(|text| !text.is_empty());
    let (Some(_), Some(to), Some(message)) = (field("username"), field("to"), field("message"))
    else {
        return refuse(StatusCode::BAD_REQUEST, "Request is missing required form field");
    };
    let sender = field("from").map_or(DEFAULT_SENDER, String::as_str);
    let sms = Outgoing { sender, message };
    let recipients = store.change(|state| {
        if state.core.sms_fault == Trouble::Temporary {
            return None;
        }
        let numbers = to.split(',').map(str::trim).take(RECIPIENTS_MAX);
        Some(numbers.map(|number| sms.deliver(state, number)).collect::<Vec<Value>>())
    });
    let Some(recipients) = recipients else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    };
    let sent = recipients.iter().filter(|it| it["statusCode"] == 101).count();
    let message = format!("Sent to {sent}/{} Total Cost: {COST}", recipients.len());
    let body = json!({ "SMSMessageData": { "Message": message, "Recipients": recipients } });
    Response::builder()
        .status(StatusCode::CREATED)
        .content_type("application/json")
        .body(body.to_string())
}

struct Outgoing<'a> {
    sender: &'a str,
    message: &'a str,
}

impl Outgoing<'_> {
    fn deliver(&self, state: &mut State, number: &str) -> Value {
        let valid = number.starts_with('+').then(|| phone::normalise(number)).flatten();
        let accepted = valid.filter(|_| state.core.sms_fault == Trouble::Ok);
        let Some(to) = accepted else {
            state.event("sms_refused", number, json!({ "status_code": 403 }));
            return json!({
                "statusCode": 403, "number": number, "status": "InvalidPhoneNumber",
                "cost": "0", "messageId": "None",
            });
        };
        state.keep_sms(self.sender, &to, self.message);
        state.event("sms", number, json!({ "from": self.sender }));
        json!({
            "statusCode": 101, "number": number, "status": "Success",
            "cost": COST, "messageId": ids::sms_id(),
        })
    }
}
