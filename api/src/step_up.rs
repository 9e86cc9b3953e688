//! Step-up: what is risky needs a session in which the person was proven anew a moment ago.

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

/// Before money leaves: what is not large costs no look into the database. Returns the stored answer of a repeated
/// call, which needs no step-up: nothing leaves again.
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

/// Before money is paid out, to a number that was named or to the caller's own, which it returns. Without a verified
/// number of their own nobody is paid out.
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

/// A key stands as a session does in which the person was never proven anew: what that session may do, it may do.
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
            let detail = "this needs a person who was proven anew, which no API key is: call it in a session";
            ApiError::new(Code::StepUpRequired, detail)
        }
    }
}

fn required() -> ApiError {
    let detail = "this needs a session in which you were proven anew: call `step_up_session`, then repeat it";
    ApiError::new(Code::StepUpRequired, detail)
}
