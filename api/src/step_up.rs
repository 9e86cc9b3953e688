//! Step-up authentication: sensitive operations need a session that was recently re-authenticated.

use crate::auth::Caller;
use crate::context::Context;
use crate::once::{Asked, unless_answered};
use crate::payments::own_unverified;
use crate::principal::{By, Principal};
use crate::problem::{ApiError, Code};
use amana_domain::factor::{Risk, Standing, is_large};
use amana_domain::money::Money;
use amana_domain::phone::Msisdn;
use amana_postgres::{Keyed, Outcome};

/// # Errors
/// `step_up_required`.
pub(crate) async fn require_step_up(
    context: &Context,
    caller: &Caller,
    risk: Risk,
) -> Result<(), ApiError> {
    let (standing, _) = context.store.standing(caller.session()).await?;
    if standing.allows(risk, context.now()) { Ok(()) } else { Err(required()) }
}

/// Requires step-up authentication for large amounts; small ones need no query. Returns the stored response of a
/// repeated call, which needs no step-up because no money moves again.
///
/// # Errors
/// `step_up_required`.
pub(crate) async fn before_sending<S>(
    context: &Context,
    caller: &Principal<S>,
    keyed: &Keyed,
    amount: Money,
) -> Result<Option<Outcome>, ApiError> {
    if !is_large(amount) {
        return Ok(None);
    }
    let check = async {
        let (standing, _) = standing(context, caller).await?;
        if standing.allows(Risk::Amount, context.now()) { Ok(()) } else { Err(missing(caller)) }
    };
    match unless_answered(context, keyed, check).await? {
        Asked::New(()) => Ok(None),
        Asked::Answered(outcome) => Ok(Some(outcome)),
    }
}

/// Requires step-up authentication for a payout and returns its number: the given one or the caller's own. A payout
/// needs a verified number of the caller.
///
/// # Errors
/// `step_up_required`, `verified_contact_required`.
pub(crate) async fn before_paying_out<S>(
    context: &Context,
    caller: &Principal<S>,
    amount: Money,
    named: Option<Msisdn>,
) -> Result<Msisdn, ApiError> {
    let (standing, registered) = standing(context, caller).await?;
    let registered = registered.ok_or_else(own_unverified)?;
    let phone = named.unwrap_or_else(|| registered.clone());
    let number = (phone != registered).then_some(Risk::OtherNumber);
    let risks = number.into_iter().chain(is_large(amount).then_some(Risk::Amount));
    let now = context.now();
    if risks.into_iter().all(|risk| standing.allows(risk, now)) {
        Ok(phone)
    } else {
        Err(missing(caller))
    }
}

/// Returns the state of the session. An API key has the state of a session without step-up authentication.
async fn standing<S>(
    context: &Context,
    caller: &Principal<S>,
) -> Result<(Standing, Option<Msisdn>), ApiError> {
    Ok(match caller.by() {
        By::Session(session) => context.store.standing(session).await?,
        By::Key => context.store.standing_of_machine(caller.user()).await?,
    })
}

fn missing<S>(caller: &Principal<S>) -> ApiError {
    match caller.by() {
        By::Session(_) => required(),
        By::Key => {
            let detail = "this operation requires step-up authentication, which is not available to API keys; \
                use a user session";
            ApiError::new(Code::StepUpRequired, detail)
        }
    }
}

fn required() -> ApiError {
    let detail = "this operation requires step-up authentication; call `step_up_session`, then repeat the call";
    ApiError::new(Code::StepUpRequired, detail)
}
