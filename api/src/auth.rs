//! Authentication: the extractors of users and operators.

use crate::address::ClientAddress;
use crate::context::Context;
use crate::cookies::{self, CSRF_HEADER};
use crate::language;
use crate::principal::{KeyVerdict, require_no_key};
use crate::problem::{ApiError, Code};
use crate::{api_keys, tokens};
use amana_domain::id::{SessionId, UserId};
use amana_domain::permission::{self, Action, Circumstances, Resource, UserRole, permit};
use amana_domain::transfer::TransferRefusal;
use amana_postgres::{Error, Machine, User};
use poem::Request;
use poem::http::{HeaderValue, header};
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;
use std::sync::Arc;

pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// An access token from `log_in`, as `Authorization: Bearer …`.
// Operations that also accept API keys take a `Principal` instead.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", bearer_format = "JWT", rename = "bearer", checker = "caller")]
pub(crate) struct Caller(tokens::Bearer);

impl Caller {
    pub(crate) const fn user(&self) -> UserId {
        self.0.user
    }

    pub(crate) const fn session(&self) -> SessionId {
        self.0.session
    }
}

/// The authenticated caller, for rate limits and the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) account: UserId,
    /// The API key of the call.
    pub(crate) machine: Option<Machine>,
    /// The session of the call.
    pub(crate) session: Option<SessionId>,
}

/// An operator. The permissions depend on the role.
pub(crate) struct Staff {
    caller: Caller,
    role: UserRole,
    from_listed: bool,
}

/// An access token of a user whose role is not `user`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", bearer_format = "JWT", rename = "operator", checker = "staff")]
pub(crate) struct Operator(Staff);

impl Operator {
    pub(crate) const fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// Returns the operator for permission checks. The store makes them, because it knows which user the action
    /// concerns.
    pub(crate) const fn staff(&self) -> permission::Staff {
        let Staff { caller, role, from_listed } = &self.0;
        permission::Staff {
            user: caller.user(),
            session: caller.session(),
            role: *role,
            from_listed: *from_listed,
        }
    }

    /// Checks that the operator may read lists of this kind, which concern no single user.
    ///
    /// # Errors
    /// `forbidden`, with the reason from the permission table.
    pub(crate) fn may_read(&self, context: &Context, resource: Resource) -> Result<(), ApiError> {
        let Staff { role, from_listed, .. } = self.0;
        let at = context.now();
        let circumstances =
            Circumstances { at, from_listed, stepped_up: false, tie: None, amount: None };
        permit(role, (resource, Action::Read), &circumstances)
            .map_err(|denial| Error::Denied(denial).into())
    }
}

/// Mark of a request with an access cookie but without a valid CSRF token.
#[derive(Debug, Clone, Copy)]
struct Forged;

/// Reads the credentials of a request once and stores them with the request for the extractors, which check the rest.
///
/// # Errors
/// `unavailable` if the signing keys cannot be read.
pub(crate) async fn identify(
    context: &Context,
    request: &mut Request,
) -> Result<Option<Identity>, ApiError> {
    let Some(header) = request.header(header::AUTHORIZATION) else {
        return match cookies::access(request.cookie()) {
            Some(token) => by_cookie(context, request, &token).await,
            None => Ok(None),
        };
    };
    let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    let Some((_, token)) = token else { return Ok(None) };
    let (token, now) = (token.trim(), context.now());
    if api_keys::is_key(token) {
        let verdict: KeyVerdict = context.keys.verify(token, now).await;
        let found = verdict.as_ref().ok();
        let found = found.map(|key| Identity {
            account: key.account(),
            machine: Some(key.machine()),
            session: None,
        });
        request.set_data(verdict);
        return Ok(found);
    }
    let keys = context.signing_keys.get().await?;
    let bearer = context.tokens.read_access(&keys, token, now);
    Ok(bearer.map(|bearer| by_session(request, bearer)))
}

fn by_session(request: &mut Request, bearer: tokens::Bearer) -> Identity {
    request.set_data(bearer);
    language::set(bearer.locale);
    Identity { account: bearer.user, machine: None, session: Some(bearer.session) }
}

async fn by_cookie(
    context: &Context,
    request: &mut Request,
    token: &str,
) -> Result<Option<Identity>, ApiError> {
    let keys = context.signing_keys.get().await?;
    // The framework requires this header before it runs the checker; its value is not read again.
    request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer cookie"));
    let Some(bearer) = context.tokens.read_access(&keys, token, context.now()) else {
        return Ok(None);
    };
    let is_ours = cookies::is_harmless(request.method())
        || context.csrf.fits(bearer.session, request.header(CSRF_HEADER));
    if is_ours {
        return Ok(Some(by_session(request, bearer)));
    }
    request.set_data(Forged);
    Ok(None)
}

impl From<&Caller> for UserId {
    fn from(caller: &Caller) -> Self {
        caller.user()
    }
}

/// The token was read by [`identify`], before rate limiting.
async fn caller(request: &Request, _: Bearer) -> poem::Result<tokens::Bearer> {
    require_no_key(request)?;
    let context = request.data::<Arc<Context>>().ok_or_else(ApiError::internal)?;
    if request.data::<Forged>().is_some() {
        return Err(ApiError::invalid_csrf_token().into());
    }
    let bearer = request.data::<tokens::Bearer>().copied().ok_or_else(ApiError::unauthorized)?;
    if context.ended.get().await?.contains(&bearer.session) {
        return Err(ApiError::unauthorized().into());
    }
    Ok(bearer)
}

async fn staff(request: &Request, bearer: Bearer) -> poem::Result<Staff> {
    let bearer = caller(request, bearer).await?;
    // Operators have few calls and wide permissions, so account and role are read on every call.
    let context = request.data::<Arc<Context>>().ok_or_else(ApiError::internal)?;
    let user = context.store.user(bearer.user).await.map_err(ApiError::from)?;
    require_open(&user)?;
    if user.role == UserRole::User {
        return Err(ApiError::new(Code::Forbidden, "only operators can call this operation").into());
    }
    let from_listed = ClientAddress::is_in(request, &context.staff_networks);
    Ok(Staff { caller: Caller(bearer), role: user.role, from_listed })
}

/// # Errors
/// `account_closed`.
pub(crate) fn require_open(user: &User) -> Result<(), ApiError> {
    match user.closed_at {
        None => Ok(()),
        Some(_) => Err(Error::Transfer(TransferRefusal::SenderClosed).into()),
    }
}
