//! Sessions and tokens as they are answered.

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
    /// What a session is used on, as far as the app said so.
    DeviceKind as "DeviceKind";
    /// What may be shown as second factor: a code of the authenticator app, one that is sent by SMS or e-mail, or a
    /// backup code.
    FactorMethod as "SecondFactorMethod";
}

/// The right to call the API for a while, and to get another one.
#[derive(Object)]
#[oai(rename = "Tokens")]
pub(crate) struct TokensAnswer {
    session_id: Wire<SessionId>,
    /// Send it as `Authorization: Bearer …`. `null` if it came as a cookie.
    access_token: Nullable<String>,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the access token is no longer good.
    expires_in: i64,
    /// For `refresh_session`, once. Shown twice, it ends the session: then somebody else has it too. `null` if it came
    /// as a cookie.
    refresh_token: Nullable<String>,
    /// When the session is over unless it is refreshed.
    refresh_expires_at: Timestamp,
    /// With cookies: send it as `X-CSRF-Token` with every call that changes something.
    csrf_token: Nullable<String>,
    /// For later calls of `log_in` on this device, if it was just trusted; `null` otherwise.
    device_token: Nullable<String>,
}

/// How somebody gets their tokens.
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

    /// With what the device shows at later log-ins.
    pub(super) fn on_device(self, token: Option<String>) -> Self {
        Self { device_token: Nullable::of(token), ..self }
    }
}

/// That the password was right and a code is wanted too.
#[derive(Object)]
#[oai(rename = "SecondFactorChallenge")]
struct ChallengeAnswer {
    /// For `complete_log_in`, together with a code.
    challenge: String,
    /// Seconds until the challenge is no longer good.
    expires_in: i64,
    /// What may be shown.
    methods: Vec<Wire<FactorMethod>>,
    /// Masked: where a code was sent just now. `null` if none was, because codes come of an app, or too many were sent.
    sent_to: Nullable<String>,
}

/// Either a session, as in `Tokens`, or what is wanted before there is one: the members of the other are `null`.
#[derive(Object)]
#[oai(rename = "LogInResult")]
pub(super) struct LogInAnswer {
    session_id: Nullable<Wire<SessionId>>,
    /// Send it as `Authorization: Bearer …`. `null` if it came as a cookie.
    access_token: Nullable<String>,
    /// `Bearer`.
    token_type: Nullable<String>,
    /// Seconds until the access token is no longer good.
    expires_in: Nullable<i64>,
    /// For `refresh_session`, once. Shown twice, it ends the session: then somebody else has it too.
    refresh_token: Nullable<String>,
    /// When the session is over unless it is refreshed.
    refresh_expires_at: Nullable<Timestamp>,
    /// With cookies: send it as `X-CSRF-Token` with every call that changes something.
    csrf_token: Nullable<String>,
    /// There if the person has a second factor, and then nothing else is.
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

/// Where the caller is logged in.
#[derive(Debug, Object)]
#[oai(rename = "Session")]
pub(super) struct SessionAnswer {
    id: Wire<SessionId>,
    /// As the person may know it: `Chrome on Android`.
    device: String,
    kind: Wire<DeviceKind>,
    /// The internet address at log-in.
    ip_address: String,
    /// Roughly where that is: `Nairobi, KE`; `null` if it is not known.
    location: Nullable<String>,
    /// Whether it is the session of this call.
    is_current: bool,
    /// Whether it was opened on a device that was trusted by then.
    is_trusted: bool,
    created_at: Timestamp,
    /// When it was refreshed last.
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
