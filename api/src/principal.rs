//! Callers of operations that API keys can also call: a user session, or an API key with the scope of the operation.
//!
//! The scope is part of the extractor's type, so that no handler can omit it and the document states it. Operations
//! that take a [`Caller`] accept sessions only.

use crate::api_keys::GoodKey;
use crate::auth::Caller;
use crate::problem::{ApiError, Code};
use amana_domain::api_key::Scope;
use amana_domain::id::{OrganisationId, SessionId, UserId};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;

/// Name of the security scheme of API keys in the document.
pub(crate) const KEY_SCHEME: &str = "api_key";

/// Result of the key check, made once per request when the request is counted.
pub(crate) type KeyVerdict = Result<GoodKey, ApiError>;

/// A scope, as a type.
pub(crate) trait Needs: Send + Sync + 'static {
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($scope:ident),+ $(,)?) => {$(
        #[derive(Debug)]
        pub(crate) enum $scope {}

        impl Needs for $scope {
            const SCOPE: Scope = Scope::$scope;
        }
    )+};
}

needs! {
    WalletRead,
    TransfersWrite,
    DealsRead,
    DealsWrite,
    PaymentsRead,
    PaymentsWrite,
    HoldsRead,
    HoldsWrite,
    PeopleRead,
    OperationsRead,
}

/// How the caller is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Session(SessionId),
    Key,
}

/// The user on whose behalf the call is made, authorised for the scope.
#[derive(Debug)]
pub(crate) struct Principal<S> {
    user: UserId,
    by: By,
    /// The API key, if the call uses one.
    key: Option<GoodKey>,
    scope: PhantomData<fn() -> S>,
}

impl<S> Principal<S> {
    pub(crate) const fn user(&self) -> UserId {
        self.user
    }

    pub(crate) const fn by(&self) -> By {
        self.by
    }

    /// Returns the user session; `None` for an API key.
    pub(crate) const fn session(&self) -> Option<SessionId> {
        match self.by {
            By::Session(session) => Some(session),
            By::Key => None,
        }
    }

    /// Returns the organisation of the API key, if it belongs to one.
    pub(crate) fn organisation(&self) -> Option<OrganisationId> {
        self.key.as_ref().and_then(GoodKey::organisation)
    }

    /// Requires another scope for a response with more data than the operation's own scope covers. Sessions have all
    /// scopes.
    ///
    /// # Errors
    /// `insufficient_scope`.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        self.key.as_ref().map_or(Ok(()), |key| key.require(scope))
    }
}

impl<S> From<&Principal<S>> for UserId {
    fn from(principal: &Principal<S>) -> Self {
        principal.user()
    }
}

impl<'a, S: Needs> ApiExtractor<'a> for Principal<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::register(registry);
        registry.create_security_scheme(
            KEY_SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(
                    "API key from `create_api_key`, as `Authorization: Bearer amana_live_…`. Each operation lists the \
                    scope that the key needs.",
                ),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    /// The framework has no scopes for this scheme, so the scope stands in for a scheme name; `document` corrects it.
    fn security_schemes() -> Vec<&'static str> {
        let mut schemes = Caller::security_schemes();
        schemes.push(S::SCOPE.as_str());
        schemes
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let (user, by, key) = match request.data::<KeyVerdict>() {
            Some(verdict) => {
                let key = verdict.clone()?;
                key.require(S::SCOPE)?;
                (key.account(), By::Key, Some(key))
            }
            None => {
                let caller = Caller::from_request(request, body, options).await?;
                (caller.user(), By::Session(caller.session()), None)
            }
        };
        Ok(Self { user, by, key, scope: PhantomData })
    }
}

/// Rejects API keys where a session is needed.
///
/// # Errors
/// `session_required`, or the error of the key.
pub(crate) fn require_no_key(request: &Request) -> Result<(), ApiError> {
    let Some(verdict) = request.data::<KeyVerdict>() else { return Ok(()) };
    verdict.clone()?;
    let detail = "API keys cannot call this operation; use the access token of a user session";
    Err(ApiError::new(Code::SessionRequired, detail))
}
