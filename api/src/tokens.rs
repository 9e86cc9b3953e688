//! Tokens: access tokens identify the caller, refresh tokens are exchanged for new ones, challenges prove a correct
//! password, and device tokens identify trusted devices.
//!
//! All are signed: access tokens with a key pair whose public key is published, the others with the server secret,
//! because only this service reads them. The session, which knows the newest number, decides whether a refresh token is
//! valid.

use crate::problem::ApiError;
use crate::signing_keys::Keyring;
use amana_domain::factor::CHALLENGE_TTL;
use amana_domain::id::{SessionId, UserId};
use amana_domain::notice::Locale;
use amana_domain::permission::UserRole;
use amana_postgres::{PasswordMark, SessionView};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Lifetime of an access token.
pub(crate) const TOKEN_TTL: TimeDelta = TimeDelta::minutes(15);

const ISSUER: &str = "amana";

/// RFC 9068.
const ACCESS_TYPE: &str = "at+jwt";

/// Audiences, so that no kind of token is accepted as another.
const REFRESH_AUDIENCE: &str = "refresh";
const CHALLENGE_AUDIENCE: &str = "second_factor";
const DEVICE_AUDIENCE: &str = "trusted_device";

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    iss: String,
    sub: String,
    sid: String,
    role: String,
    /// Language of the user when the token was issued.
    #[serde(default)]
    lang: Option<String>,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct RefreshClaims {
    iss: String,
    aud: String,
    sid: String,
    rot: i32,
}

/// A user whose password was verified, and the expiry of the challenge.
#[derive(Serialize, Deserialize)]
struct ChallengeClaims {
    iss: String,
    aud: String,
    sub: String,
    /// Identifies the verified password.
    pwd: String,
    exp: i64,
}

/// The number of a device. The store knows its user and expiry.
#[derive(Serialize, Deserialize)]
struct DeviceClaims {
    iss: String,
    aud: String,
    jti: Uuid,
}

/// The identity in an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) user: UserId,
    pub(crate) role: UserRole,
    pub(crate) session: SessionId,
    pub(crate) locale: Locale,
}

/// A user whose password was verified; a password change invalidates the challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) user: UserId,
    pub(crate) password: PasswordMark,
}

/// A refresh token: its session and its number in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub(crate) session: SessionId,
    pub(crate) rotation: i32,
}

/// Issues and reads tokens.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    access: Validation,
    refresh: Validation,
    challenge: Validation,
    device: Validation,
}

// Hides the keys.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    // Expiry is checked against our own clock, which tests can move.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    validation
}

fn validation_for(audience: &str) -> Validation {
    let mut validation = validation(Algorithm::HS256);
    validation.set_audience(&[audience]);
    validation
}

impl Tokens {
    pub(crate) fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            access: validation(Algorithm::EdDSA),
            refresh: validation_for(REFRESH_AUDIENCE),
            challenge: validation_for(CHALLENGE_AUDIENCE),
            device: validation_for(DEVICE_AUDIENCE),
        }
    }

    /// # Errors
    /// `unavailable` if no key signs yet, `internal` if signing fails.
    pub(crate) fn access(
        &self,
        keys: &Keyring,
        bearer: Bearer,
        now: DateTime<Utc>,
    ) -> Result<String, ApiError> {
        let expires = now.checked_add_signed(TOKEN_TTL).unwrap_or(now);
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            sub: bearer.user.to_string(),
            sid: bearer.session.to_string(),
            role: bearer.role.to_string(),
            lang: Some(bearer.locale.to_string()),
            iat: now.timestamp(),
            exp: expires.timestamp(),
        };
        let (kid, key) = keys.signing(now).ok_or_else(ApiError::unavailable)?;
        let header = Header {
            typ: Some(ACCESS_TYPE.to_owned()),
            kid: Some(kid.to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        sign(&header, &claims, key)
    }

    /// # Errors
    /// `internal` if signing fails.
    pub(crate) fn refresh(&self, session: &SessionView) -> Result<String, ApiError> {
        self.sign(&RefreshClaims {
            iss: ISSUER.to_owned(),
            aud: REFRESH_AUDIENCE.to_owned(),
            sid: session.id.to_string(),
            rot: session.rotation,
        })
    }

    /// # Errors
    /// `internal` if signing fails.
    pub(crate) fn challenge(
        &self,
        asked: &Challenge,
        now: DateTime<Utc>,
    ) -> Result<String, ApiError> {
        self.sign(&ChallengeClaims {
            iss: ISSUER.to_owned(),
            aud: CHALLENGE_AUDIENCE.to_owned(),
            sub: asked.user.to_string(),
            pwd: asked.password.to_string(),
            exp: now.checked_add_signed(CHALLENGE_TTL).unwrap_or(now).timestamp(),
        })
    }

    pub(crate) fn read_challenge(&self, token: &str, now: DateTime<Utc>) -> Option<Challenge> {
        let claims: ChallengeClaims = self.read(token, &self.challenge)?;
        let user = claims.sub.parse().ok()?;
        let challenge = Challenge { user, password: PasswordMark::new(claims.pwd) };
        (now.timestamp() < claims.exp).then_some(challenge)
    }

    /// # Errors
    /// `internal` if signing fails.
    pub(crate) fn device(&self, number: Uuid) -> Result<String, ApiError> {
        let (iss, aud) = (ISSUER.to_owned(), DEVICE_AUDIENCE.to_owned());
        self.sign(&DeviceClaims { iss, aud, jti: number })
    }

    pub(crate) fn read_device(&self, token: &str) -> Option<Uuid> {
        Some(self.read::<DeviceClaims>(token, &self.device)?.jti)
    }

    /// Returns the identity in the token; `None` if the token is invalid or expired.
    pub(crate) fn read_access(
        &self,
        keys: &Keyring,
        token: &str,
        now: DateTime<Utc>,
    ) -> Option<Bearer> {
        let key = keys.known(&jsonwebtoken::decode_header(token).ok()?.kid?)?;
        let claims: AccessClaims = decode(token, key, &self.access)?;
        if now.timestamp() < claims.exp { Bearer::claimed(claims) } else { None }
    }

    pub(crate) fn read_refresh(&self, token: &str) -> Option<Refresh> {
        let claims: RefreshClaims = self.read(token, &self.refresh)?;
        Some(Refresh { session: claims.sid.parse().ok()?, rotation: claims.rot })
    }

    fn read<T: DeserializeOwned>(&self, token: &str, validation: &Validation) -> Option<T> {
        decode(token, &self.decoding, validation)
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String, ApiError> {
        sign(&Header::new(Algorithm::HS256), claims, &self.encoding)
    }
}

impl Bearer {
    fn claimed(claims: AccessClaims) -> Option<Self> {
        Some(Self {
            user: claims.sub.parse().ok()?,
            role: claims.role.parse().ok()?,
            session: claims.sid.parse().ok()?,
            locale: claims.lang.and_then(|lang| lang.parse().ok()).unwrap_or(Locale::English),
        })
    }
}

fn decode<T: DeserializeOwned>(token: &str, key: &DecodingKey, rule: &Validation) -> Option<T> {
    Some(jsonwebtoken::decode::<T>(token, key, rule).ok()?.claims)
}

fn sign(header: &Header, claims: &impl Serialize, key: &EncodingKey) -> Result<String, ApiError> {
    jsonwebtoken::encode(header, claims, key).map_err(|error| {
        tracing::error!("a token could not be signed: {error}");
        ApiError::internal()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ServerSecret;
    use crate::signing_keys::tests::one_key;
    use amana_domain::session::DeviceKind;

    /// Tokens and keys of one server.
    struct Ours {
        tokens: Tokens,
        keys: Keyring,
    }

    impl Ours {
        fn access(&self, bearer: Bearer, now: DateTime<Utc>) -> String {
            self.tokens.access(&self.keys, bearer, now).unwrap()
        }

        fn read_access(&self, token: &str, now: DateTime<Utc>) -> Option<Bearer> {
            self.tokens.read_access(&self.keys, token, now)
        }
    }

    fn server(secret: &str) -> Ours {
        let secret: SecretString = secret.into();
        let keys = one_key(&ServerSecret::new(secret.clone()));
        Ours { tokens: Tokens::new(&secret), keys }
    }

    fn bearer(role: UserRole) -> Bearer {
        let (user, session) = (UserId::new(Uuid::from_u128(7)), SessionId::new(Uuid::from_u128(8)));
        Bearer { user, role, session, locale: Locale::Swahili }
    }

    fn asked() -> Challenge {
        let password = PasswordMark::new("0123456789abcdef".into());
        Challenge { user: bearer(UserRole::User).user, password }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn session() -> SessionView {
        let Bearer { user, session: id, .. } = bearer(UserRole::User);
        SessionView {
            id,
            user,
            rotation: 3,
            device_name: "Firefox on Linux".into(),
            device_kind: DeviceKind::Computer,
            address: "127.0.0.1".into(),
            place: None,
            created_at: at(0),
            seen_at: at(0),
            expires_at: at(9),
            trusted_device: None,
        }
    }

    #[test]
    fn an_access_token_is_good_for_fifteen_minutes() {
        let ours = server("secret");
        let token = ours.access(bearer(UserRole::Admin), at(0));
        for seconds in [0, 899] {
            assert_eq!(ours.read_access(&token, at(seconds)), Some(bearer(UserRole::Admin)));
        }
        assert_eq!(ours.read_access(&token, at(900)), None);
    }

    #[test]
    fn one_kind_is_never_taken_for_the_other() {
        let ours = server("secret");
        let access = ours.access(bearer(UserRole::User), at(0));
        let refresh = ours.tokens.refresh(&session()).unwrap();
        let read = Refresh { session: session().id, rotation: 3 };
        assert_eq!(ours.tokens.read_refresh(&refresh), Some(read));
        assert_eq!(ours.tokens.read_refresh(&access), None);
        assert_eq!(ours.read_access(&refresh, at(0)), None);
        let challenge = ours.tokens.challenge(&asked(), at(0)).unwrap();
        assert_eq!(ours.read_access(&challenge, at(0)), None);
        assert_eq!(ours.tokens.read_refresh(&challenge), None);
        assert_eq!(ours.tokens.read_challenge(&access, at(0)), None);
        assert_eq!(ours.tokens.read_challenge(&refresh, at(0)), None);
        let device = ours.tokens.device(Uuid::from_u128(9)).unwrap();
        assert_eq!(ours.tokens.read_device(&device), Some(Uuid::from_u128(9)));
        for other in [&access, &refresh, &challenge] {
            assert_eq!(ours.tokens.read_device(other), None);
        }
        assert_eq!(ours.read_access(&device, at(0)), None);
        assert_eq!(ours.tokens.read_refresh(&device), None);
        assert_eq!(ours.tokens.read_challenge(&device, at(0)), None);
    }

    #[test]
    fn a_challenge_is_good_for_five_minutes() {
        let ours = server("secret");
        let challenge = ours.tokens.challenge(&asked(), at(0)).unwrap();
        assert_eq!(ours.tokens.read_challenge(&challenge, at(299)), Some(asked()));
        assert_eq!(ours.tokens.read_challenge(&challenge, at(300)), None);
        let elsewhere = server("other");
        assert_eq!(elsewhere.tokens.read_challenge(&challenge, at(0)), None);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let ours = server("secret");
        let good = ours.access(bearer(UserRole::User), at(0));
        let (head, rest) = good.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        // The header is {"alg":"none"}.
        let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
        let elsewhere = server("other");
        let other = elsewhere.access(bearer(UserRole::User), at(0));
        for bad in ["", "a.b.c", &unsigned, &other, &format!("{head}.e30.{signature}")] {
            assert_eq!(ours.read_access(bad, at(0)), None, "{bad}");
        }
        let other = elsewhere.tokens.refresh(&session()).unwrap();
        assert_eq!(ours.tokens.read_refresh(&other), None);
    }
}
