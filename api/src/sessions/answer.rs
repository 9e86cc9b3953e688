//! Representation of sessions and tokens.

use crate::context::Context;
use crate::cookies;
use crate::problem::ApiError;
use crate::tokens::{Bearer, Challenge, TOKEN_TTL};
use crate::wire::{Nullable, Timestamp, Wire, text_values};
use amana_domain::contact::Contact;
use amana_domain::factor::{CHALLENGE_TTL, FactorKind, FactorMethod};
use amana_domain::id::SessionId;
use amana_domain::session::DeviceKind;
use amana_postgres::{SessionView, User};
use poem::web::cookie::CookieJar;
use poem_openapi::Object;

text_values! {
    /// Kind of device, as far as the app reports it.
    DeviceKind as "DeviceKind";
    /// Second factor: a code of the authenticator app, a code sent by SMS or e-mail, or a backup code.
    FactorMethod as "SecondFactorMethod";
}

/// Tokens of a session.
#[derive(Object)]
#[oai(rename = "Tokens")]
pub(crate) struct TokensAnswer {
    /// Id of the session.
    session_id: Wire<SessionId>,
    /// Access token for `Authorization: Bearer …`; `null` if it was set as a cookie.
    access_token: Nullable<String>,
    /// Type of the access token, always `Bearer`.
    token_type: String,
    /// Lifetime of the access token in seconds.
    expires_in: i64,
    /// Token for `refresh_session`, valid once. Reuse revokes the session, because the token may be stolen. `null` if
    /// it was set as a cookie.
    refresh_token: Nullable<String>,
    /// Expiry of the session if it is not refreshed.
    refresh_expires_at: Timestamp,
    /// Token for the header `X-CSRF-Token` of every changing call with cookies; `null` without cookies.
    csrf_token: Nullable<String>,
    /// Token for later calls of `log_in` on this device; `null` if the device was not just trusted.
    device_token: Nullable<String>,
}

/// Delivery of tokens.
#[derive(Clone, Copy)]
pub(crate) enum Delivery<'a> {
    Body,
    Cookies(&'a CookieJar),
}

impl<'a> Delivery<'a> {
    pub(crate) fn wanted(cookies: Option<bool>, jar: &'a CookieJar) -> Self {
        if cookies == Some(true) { Self::Cookies(jar) } else { Self::Body }
    }
}

impl TokensAnswer {
    pub(crate) async fn of(
        context: &Context,
        user: &User,
        session: &SessionView,
        delivery: Delivery<'_>,
    ) -> Result<Self, ApiError> {
        let (role, locale) = (user.role, user.locale);
        let bearer = Bearer { user: session.user, role, session: session.id, locale };
        let keys = context.signing_keys.get().await?;
        let access = context.tokens.access(&keys, bearer, context.now())?;
        let refresh = context.tokens.refresh(session)?;
        let (access, refresh, csrf) = match delivery {
            Delivery::Body => (Some(access), Some(refresh), None),
            Delivery::Cookies(jar) => {
                let csrf = context.csrf.of(session.id);
                cookies::give(jar, &access, &refresh, &csrf);
                (None, None, Some(csrf))
            }
        };
        Ok(Self {
            session_id: session.id.into(),
            access_token: Nullable::of(access),
            token_type: "Bearer".to_owned(),
            expires_in: TOKEN_TTL.num_seconds(),
            refresh_token: Nullable::of(refresh),
            refresh_expires_at: session.expires_at.into(),
            csrf_token: Nullable::of(csrf),
            device_token: Nullable::none(),
        })
    }

    /// Adds the token of a trusted device.
    pub(super) fn on_device(self, token: Option<String>) -> Self {
        Self { device_token: Nullable::of(token), ..self }
    }
}

/// A challenge: the password is correct, and a code is required.
#[derive(Object)]
#[oai(rename = "SecondFactorChallenge")]
struct ChallengeAnswer {
    /// Challenge for `complete_log_in`.
    challenge: String,
    /// Lifetime of the challenge in seconds.
    expires_in: i64,
    /// Accepted second factors.
    methods: Vec<Wire<FactorMethod>>,
    /// Masked contact to which a code was sent; `null` if the factor is an app, or if too many codes were sent.
    sent_to: Nullable<String>,
}

/// Either the tokens of a session or a challenge; the other members are `null`.
#[derive(Object)]
#[oai(rename = "LogInResult")]
pub(super) struct LogInAnswer {
    /// Id of the session.
    session_id: Nullable<Wire<SessionId>>,
    /// Access token for `Authorization: Bearer …`; `null` if it was set as a cookie.
    access_token: Nullable<String>,
    /// Type of the access token: `Bearer`.
    token_type: Nullable<String>,
    /// Lifetime of the access token in seconds.
    expires_in: Nullable<i64>,
    /// Token for `refresh_session`, valid once. Reuse revokes the session, because the token may be stolen. `null` if
    /// it was set as a cookie.
    refresh_token: Nullable<String>,
    /// Expiry of the session if it is not refreshed.
    refresh_expires_at: Nullable<Timestamp>,
    /// Token for the header `X-CSRF-Token` of every changing call with cookies; `null` without cookies.
    csrf_token: Nullable<String>,
    /// Challenge, if the account has a second factor; all other members are `null` then.
    second_factor: Nullable<ChallengeAnswer>,
}

impl From<TokensAnswer> for LogInAnswer {
    fn from(tokens: TokensAnswer) -> Self {
        Self {
            session_id: Nullable::of(Some(tokens.session_id)),
            access_token: tokens.access_token,
            token_type: Nullable::of(Some(tokens.token_type)),
            expires_in: Nullable::of(Some(tokens.expires_in)),
            refresh_token: tokens.refresh_token,
            refresh_expires_at: Nullable::of(Some(tokens.refresh_expires_at)),
            csrf_token: tokens.csrf_token,
            second_factor: Nullable::none(),
        }
    }
}

impl LogInAnswer {
    pub(super) fn challenge(
        context: &Context,
        user: &User,
        (kind, sent_to): (FactorKind, Option<&Contact>),
    ) -> Result<Self, ApiError> {
        let asked = Challenge { user: user.id, password: user.password_mark() };
        let challenge = ChallengeAnswer {
            challenge: context.tokens.challenge(&asked, context.now())?,
            expires_in: CHALLENGE_TTL.num_seconds(),
            methods: kind.methods().map(Wire).into(),
            sent_to: Nullable::of(sent_to.map(Contact::masked)),
        };
        Ok(Self {
            session_id: Nullable::none(),
            access_token: Nullable::none(),
            token_type: Nullable::none(),
            expires_in: Nullable::none(),
            refresh_token: Nullable::none(),
            refresh_expires_at: Nullable::none(),
            csrf_token: Nullable::none(),
            second_factor: Nullable::of(Some(challenge)),
        })
    }
}

/// A session of the caller.
#[derive(Debug, Object)]
#[oai(rename = "Session")]
pub(super) struct SessionAnswer {
    id: Wire<SessionId>,
    /// Name of the device, such as `Chrome on Android`.
    device: String,
    /// Kind of the device.
    kind: Wire<DeviceKind>,
    /// IP address at log-in.
    ip_address: String,
    /// Approximate location of the IP address, such as `Nairobi, KE`; `null` if unknown.
    location: Nullable<String>,
    /// Whether this is the session of the current call.
    is_current: bool,
    /// Whether the session was opened on a trusted device.
    is_trusted: bool,
    created_at: Timestamp,
    /// Time of the latest refresh.
    last_seen_at: Timestamp,
    /// When it is over unless it is refreshed.
    expires_at: Timestamp,
}

impl SessionAnswer {
    pub(super) fn of(session: SessionView, current: SessionId) -> Self {
        Self {
            id: session.id.into(),
            device: session.device_name,
            kind: session.device_kind.into(),
            ip_address: session.address,
            location: Nullable::of(session.place),
            is_current: session.id == current,
            is_trusted: session.trusted_device.is_some(),
            created_at: session.created_at.into(),
            last_seen_at: session.seen_at.into(),
            expires_at: session.expires_at.into(),
        }
    }
}
