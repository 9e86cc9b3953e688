//! Tokens for browsers, in cookies that scripts cannot read and other sites cannot send. A call that changes something
//! also needs the `X-CSRF-Token` header, with the value of a readable cookie. Another site can neither read that cookie
//! nor set the header.

use crate::secret::ServerSecret;
use crate::tokens::TOKEN_TTL;
use amana_domain::id::SessionId;
use amana_domain::session::SESSION_TTL;
use aws_lc_rs::hmac;
use chrono::TimeDelta;
use poem::http::Method;
use poem::web::cookie::{Cookie, CookieJar, SameSite};

pub(crate) const CSRF_HEADER: &str = "X-CSRF-Token";

/// Browsers accept cookies with these prefixes only over TLS, and `__Host-` cookies only from this host (RFC 6265bis,
/// 4.1.3).
pub(crate) const ACCESS: &str = "__Host-amana_access";
const CSRF: &str = "__Host-amana_csrf";
/// Sent only to the paths that refresh and end sessions.
const REFRESH: &str = "__Secure-amana_refresh";
const REFRESH_PATH: &str = "/v1/sessions";

/// Purpose of the derived key.
const PURPOSE: &[u8] = b"tokens against forged requests";

/// Creates and verifies CSRF tokens, one per session.
#[derive(Debug)]
pub(crate) struct CsrfTokens(hmac::Key);

impl CsrfTokens {
    pub(crate) fn new(secret: &ServerSecret) -> Self {
        Self(secret.hmac(PURPOSE))
    }

    pub(crate) fn of(&self, session: SessionId) -> String {
        hex::encode(hmac::sign(&self.0, session.uuid().as_bytes()))
    }

    pub(crate) fn fits(&self, session: SessionId, shown: Option<&str>) -> bool {
        let shown = shown.and_then(|shown| hex::decode(shown).ok());
        shown.is_some_and(|tag| hmac::verify(&self.0, session.uuid().as_bytes(), &tag).is_ok())
    }
}

/// Returns whether the method is safe: it changes nothing.
pub(crate) fn is_harmless(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

pub(crate) fn access(jar: &CookieJar) -> Option<String> {
    jar.get(ACCESS).map(|cookie| cookie.value_str().to_owned())
}

pub(crate) fn refresh(jar: &CookieJar) -> Option<String> {
    jar.get(REFRESH).map(|cookie| cookie.value_str().to_owned())
}

/// Sets the token cookies.
pub(crate) fn give(jar: &CookieJar, access: &str, refresh: &str, csrf: &str) {
    jar.add(cookie(ACCESS, access, "/", TOKEN_TTL));
    jar.add(cookie(REFRESH, refresh, REFRESH_PATH, SESSION_TTL));
    let mut readable = cookie(CSRF, csrf, "/", SESSION_TTL);
    readable.set_http_only(false);
    jar.add(readable);
}

/// Removes the token cookies, if the browser has any.
pub(crate) fn take(jar: &CookieJar) {
    if [ACCESS, CSRF, REFRESH].iter().any(|name| jar.get(name).is_some()) {
        for (name, path) in [(ACCESS, "/"), (CSRF, "/"), (REFRESH, REFRESH_PATH)] {
            jar.add(cookie(name, "", path, TimeDelta::zero()));
        }
    }
}

fn cookie(name: &str, value: &str, path: &str, ttl: TimeDelta) -> Cookie {
    let mut cookie = Cookie::new_with_str(name, value);
    cookie.set_path(path);
    cookie.set_http_only(true);
    cookie.set_secure(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_max_age(ttl.to_std().unwrap_or_default());
    cookie
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_token_belongs_to_one_session_of_one_server() {
        let server = |secret: &str| CsrfTokens::new(&ServerSecret::new(secret.into()));
        let session = |n| SessionId::new(Uuid::from_u128(n));
        let token = server("secret").of(session(1));
        assert!(server("secret").fits(session(1), Some(&token)));
        assert!(!server("secret").fits(session(2), Some(&token)));
        assert!(!server("other").fits(session(1), Some(&token)));
        for wrong in [None, Some(""), Some("zz"), Some(&token[2..])] {
            assert!(!server("secret").fits(session(1), wrong), "{wrong:?}");
        }
    }
}
