//! OAuth: one valid token per app. A new token invalidates the previous one.

use base64::{Engine, prelude::BASE64_STANDARD};
use poem::{Request, http::header};
use serde_json::json;

use super::{
    Api,
    reply::{Reply, error, ok},
};
use crate::{clock, ids, state::Token, store::Store};

const LIFETIME_MS: i64 = 3600 * 1000;

pub(super) fn generate(store: &Store, req: &Request) -> Reply {
    let grant_ok = req
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "grant_type=client_credentials"));
    if !grant_ok {
        return error(400, "400.008.02", "Invalid grant type passed");
    }
    let credentials = &store.settings.credentials;
    let pair = format!("{}:{}", credentials.consumer_key, credentials.consumer_secret);
    let expected = format!("Basic {}", BASE64_STANDARD.encode(pair));
    if authorization(req) != Some(&expected) {
        return error(400, "400.008.01", "Invalid Authentication passed");
    }
    let text = ids::access_token();
    let expires_ms = clock::now_ms().saturating_add(LIFETIME_MS);
    store.change(|state| state.token = Some(Token { text: text.clone(), expires_ms }));
    ok(json!({ "access_token": text, "expires_in": "3599" }))
}

/// Checks the token. Each API reports an invalid one differently.
pub(super) fn check(store: &Store, req: &Request, api: Api) -> Result<(), Reply> {
    let Some(bearer) = authorization(req).and_then(|it| it.strip_prefix("Bearer ")) else {
        return Err(error(404, "404.001.04", "Invalid Authentication Header"));
    };
    let valid = store.read(|state| {
        let token = state.token.as_ref();
        token.is_some_and(|it| it.text == bearer && clock::now_ms() < it.expires_ms)
    });
    if valid {
        return Ok(());
    }
    Err(match api {
        Api::Stk | Api::Query => error(404, "404.001.03", "Invalid Access Token"),
        Api::B2c | Api::C2b => error(400, "400.003.01", "Invalid Access Token"),
    })
}

fn authorization(req: &Request) -> Option<&str> {
    req.headers().get(header::AUTHORIZATION)?.to_str().ok()
}
