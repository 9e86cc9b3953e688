//! Who is calling: access tokens, and the extractors that prove a caller or an operator.

use crate::context::Context;
use crate::problem::{ApiError, Code};
use amana_domain::id::UserId;
use amana_domain::transfer::TransferRefusal;
use amana_postgres::{Error, User, UserRole};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use poem::Request;
use poem::http::header;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long an access token is good for.
pub(crate) const TOKEN_TTL: TimeDelta = TimeDelta::minutes(15);

pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

const ISSUER: &str = "amana";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    role: String,
    iat: i64,
    exp: i64,
}

/// A person who has proven to be who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    user: UserId,
    role: UserRole,
}

impl Session {
    pub(crate) const fn user(&self) -> UserId {
        self.user
    }
}

/// Makes and reads access tokens.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

// The keys are the secret.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        // Checked below against the clock that we were handed, which tests move.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// # Errors
    /// `internal` if signing fails.
    pub(crate) fn issue(&self, user: &User, now: DateTime<Utc>) -> Result<String, ApiError> {
        let expires = now.checked_add_signed(TOKEN_TTL).unwrap_or(now);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user.id.to_string(),
            role: user.role.to_string(),
            iat: now.timestamp(),
            exp: expires.timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(|e| {
            tracing::error!("an access token could not be signed: {e}");
            ApiError::internal()
        })
    }

    fn read(&self, token: &str, now: DateTime<Utc>) -> Option<Session> {
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        let session = Session { user: claims.sub.parse().ok()?, role: claims.role.parse().ok()? };
        (now.timestamp() < claims.exp).then_some(session)
    }
}

/// The access token that `log_in` answers, as `Authorization: Bearer …`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", bearer_format = "JWT", rename = "bearer", checker = "caller")]
pub(crate) struct Caller(Session);

impl Caller {
    pub(crate) const fn user(&self) -> UserId {
        self.0.user
    }
}

/// The access token of a person with the role `operator`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", bearer_format = "JWT", rename = "operator", checker = "operator")]
pub(crate) struct Operator(Caller);

impl Operator {
    pub(crate) const fn caller(&self) -> &Caller {
        &self.0
    }
}

/// Whose valid token the request carries, if one. What else a caller has to be, the extractors ask.
pub(crate) fn session(context: &Context, request: &Request) -> Option<Session> {
    let (scheme, token) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("Bearer");
    is_bearer.then(|| context.tokens.read(token.trim(), context.now())).flatten()
}

async fn caller(request: &Request, bearer: Bearer) -> poem::Result<Session> {
    let context = request.data::<Arc<Context>>().ok_or_else(ApiError::internal)?;
    let known = request.data::<Session>().copied();
    let session = known.or_else(|| context.tokens.read(&bearer.token, context.now()));
    Ok(session.ok_or_else(ApiError::unauthorized)?)
}

async fn operator(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    let session = caller(request, bearer).await?;
    if session.role != UserRole::Operator {
        return Err(ApiError::new(Code::Forbidden, "this is for operators only").into());
    }
    // Operators' calls are few and reach far: that the account is still open is asked each time.
    let context = request.data::<Arc<Context>>().ok_or_else(ApiError::internal)?;
    let user = context.store.user(session.user).await.map_err(ApiError::from)?;
    require_open(&user)?;
    Ok(Caller(session))
}

/// # Errors
/// `account_closed`.
pub(crate) fn require_open(user: &User) -> Result<(), ApiError> {
    match user.closed_at {
        None => Ok(()),
        Some(_) => Err(Error::Transfer(TransferRefusal::SenderClosed).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amana_domain::notice::Locale;
    use amana_domain::phone::Msisdn;
    use uuid::Uuid;

    fn user(role: UserRole) -> User {
        User {
            id: UserId::new(Uuid::from_u128(7)),
            name: "Amina".into(),
            email: "amina@example.com".into(),
            phone: Msisdn::parse("254712345678").unwrap(),
            password_hash: String::new(),
            role,
            locale: Locale::English,
            handle: None,
            tier: "standard".into(),
            created_at: DateTime::UNIX_EPOCH,
            closed_at: None,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_is_good_for_fifteen_minutes() {
        let tokens = Tokens::new(&"secret".into());
        let token = tokens.issue(&user(UserRole::Operator), at(0)).unwrap();
        let session = Session { user: UserId::new(Uuid::from_u128(7)), role: UserRole::Operator };
        assert_eq!(tokens.read(&token, at(0)), Some(session));
        assert_eq!(tokens.read(&token, at(899)), Some(session));
        assert_eq!(tokens.read(&token, at(900)), None);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let tokens = Tokens::new(&"secret".into());
        let good = tokens.issue(&user(UserRole::User), at(0)).unwrap();
        let (head, rest) = good.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        // {"alg":"none"} in place of the header.
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", rest.split_once('.').unwrap().0);
        let other = Tokens::new(&"other".into()).issue(&user(UserRole::User), at(0)).unwrap();
        for bad in ["", "a.b.c", &unsigned, &other, &format!("{head}.e30.{signature}")] {
            assert_eq!(tokens.read(bad, at(0)), None, "{bad}");
        }
    }
}
