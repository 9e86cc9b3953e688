//! The Daraja endpoints: routing, tokens, and the log of requests and responses.

mod b2c;
mod c2b;
mod fields;
mod query;
mod reply;
mod stk;
mod token;

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use poem::{
    Request, Response, handler,
    http::{Method, StatusCode},
    web::Data,
};
use serde_json::{Value, json};

use crate::{clock, store::Store};
use fields::{Fields, is_short_code};
use reply::{Reply, error};

const BODY_BYTES_MAX: usize = 64 * 1024;
/// Daraja documents no limit, so a larger difference is only logged.
const TIMESTAMP_SKEW_WARNING_MS: i64 = 5 * 60 * 1000;

#[derive(Clone, Copy)]
enum Api {
    Stk,
    Query,
    B2c,
    C2b,
}

#[handler]
pub(crate) async fn endpoint(
    req: &Request,
    body: poem::Body,
    store: Data<&Arc<Store>>,
) -> Response {
    let path = req.original_uri().path().to_owned();
    let reply = if store.read(|state| state.core.provider.up) {
        answer(&store, req, body).await
    } else {
        Reply::Raw(StatusCode::SERVICE_UNAVAILABLE, "<h1>503 Service Unavailable</h1>")
    };
    store.change(|state| {
        let detail = json!({
            "method": req.method().as_str(),
            "status": reply.status().as_u16(),
            "error": reply.error(),
        });
        state.event("request", &path, detail);
    });
    store.persisted().await;
    reply.into_response()
}

async fn answer(store: &Arc<Store>, req: &Request, body: poem::Body) -> Reply {
    let (method, api) = match req.original_uri().path() {
        "/oauth/v1/generate" => (Method::GET, None),
        "/mpesa/stkpush/v1/processrequest" => (Method::POST, Some(Api::Stk)),
        "/mpesa/stkpushquery/v1/query" => (Method::POST, Some(Api::Query)),
        "/mpesa/b2c/v3/paymentrequest" => (Method::POST, Some(Api::B2c)),
        "/mpesa/c2b/v2/registerurl" => (Method::POST, Some(Api::C2b)),
        _ => return error(404, "404.001.01", "Resource not found"),
    };
    if req.method() != method {
        return error(405, "405.001", "Method not allowed");
    }
    let Some(api) = api else { return token::generate(store, req) };
    if let Err(refused) = token::check(store, req, api) {
        return refused;
    }
    let fields = match read_fields(req, body, api).await {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    match api {
        Api::Stk => stk::push(store, &fields).await,
        Api::Query => query::query(store, &fields),
        Api::B2c => b2c::pay(store, &fields).await,
        Api::C2b => c2b::register(store, &fields),
    }
}

async fn read_fields(req: &Request, body: poem::Body, api: Api) -> Result<Fields, Reply> {
    if !req.content_type().is_some_and(|it| it.starts_with("application/json")) {
        // The real Daraja does not mention the content type: it reports the first field as invalid.
        return Err(match api {
            Api::Stk | Api::Query => reply::invalid("BusinessShortCode"),
            Api::B2c => reply::invalid("InitiatorName"),
            Api::C2b => reply::invalid("ShortCode"),
        });
    }
    let payload = || error(400, "400.002.05", "Invalid Request Payload");
    let bytes = body.into_bytes_limit(BODY_BYTES_MAX).await.map_err(|_| payload())?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(Fields(map)),
        Ok(_) | Err(_) => Err(payload()),
    }
}

/// Checks shortcode, timestamp and password, which STK push and query have in common.
fn check_password(store: &Store, fields: &Fields) -> Result<(), Reply> {
    let credentials = &store.settings.credentials;
    let code = fields.text("BusinessShortCode");
    let code = code.filter(|it| is_short_code(it));
    let code = code.ok_or_else(|| reply::invalid("BusinessShortCode"))?;
    let timestamp = fields.text("Timestamp").ok_or_else(|| reply::invalid("Timestamp"))?;
    let at_ms = clock::parse_daraja(&timestamp).ok_or_else(|| reply::invalid("Timestamp"))?;
    let password = fields.text("Password").ok_or_else(|| reply::invalid("Password"))?;
    if code != credentials.short_code {
        return Err(error(500, "500.001.1001", "Merchant does not exist"));
    }
    let expected = BASE64_STANDARD.encode(format!("{code}{}{timestamp}", credentials.passkey));
    if password != expected {
        return Err(error(500, "500.001.1001", "[MerchantValidate] - Wrong credentials"));
    }
    let skew_ms = clock::now_ms().saturating_sub(at_ms);
    if skew_ms.saturating_abs() > TIMESTAMP_SKEW_WARNING_MS {
        store.change(|state| state.event("warning", &timestamp, json!({ "skew_ms": skew_ms })));
    }
    Ok(())
}
