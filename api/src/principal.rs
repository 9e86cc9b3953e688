//! In whose name a call is made that machines may make too: by a session of the person, or by an API key of theirs
//! that has the scope of the operation.
//!
//! The scope is a part of the extractor's type. A handler gets no person without having said which one it needs,
//! and the document says it because the type does. Operations that take a [`Caller`] are for people only.

use crate::api_keys::GoodKey;
use crate::auth::Caller;
use crate::problem::{ApiError, Code};
use amana_domain::api_key::Scope;
use amana_domain::id::{OrganisationId, SessionId, UserId};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;

/// What keys are called in the document.
pub(crate) const KEY_SCHEME: &str = "api_key";

/// What was found out about the key in a request, once, when it was counted.
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

/// By what the person is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Session(SessionId),
    Key,
}

/// The person in whose name the call is made, proven for an operation of this scope.
#[derive(Debug)]
pub(crate) struct Principal<S> {
    user: UserId,
    by: By,
    /// The key through which a machine calls.
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

    /// The session of a person who calls; `None` for a machine.
    pub(crate) const fn session(&self) -> Option<SessionId> {
        match self.by {
            By::Session(session) => Some(session),
            By::Key => None,
        }
    }

    /// The organisation to which the key belongs, if it is one of an organisation.
    pub(crate) fn organisation(&self) -> Option<OrganisationId> {
        self.key.as_ref().and_then(GoodKey::organisation)
    }

    /// For an answer that tells more than the scope of the operation reaches. Whoever calls in a session may read it.
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
                    "A key that `create_api_key` answers, as `Authorization: Bearer amana_live_…`. It reaches as \
                    far as its scopes; the one that an operation needs stands beside the name of this scheme.",
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

    /// The framework cannot say what a key needs beside the scheme, so here the scope is the name; `document` puts
    /// both in their places.
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

/// Whether a key came where a session is needed.
///
/// # Errors
/// `session_required`, or what is wrong with the key.
pub(crate) fn require_no_key(request: &Request) -> Result<(), ApiError> {
    let Some(verdict) = request.data::<KeyVerdict>() else { return Ok(()) };
    verdict.clone()?;
    let detail =
        "this is for people only, whatever the scopes of the API key: call it with an access token";
    Err(ApiError::new(Code::SessionRequired, detail))
}
