//! Step-up: what is risky needs a session in which the person was proven anew a moment ago.

use crate::auth::Caller;
use crate::context::Context;
use crate::problem::{ApiError, Code};
use amana_domain::factor::{Risk, is_large};
use amana_domain::money::Money;
use amana_domain::phone::Msisdn;

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

/// Before money leaves: what is not large costs no look into the database.
///
/// # Errors
/// `step_up_required`.
pub(crate) async fn before_sending(
    context: &Context,
    caller: &Caller,
    amount: Money,
) -> Result<(), ApiError> {
    if is_large(amount) { require_step_up(context, caller, Risk::Amount).await } else { Ok(()) }
}

/// Before money is paid out, to a number that was named or to the registered one, which it answers.
///
/// # Errors
/// `step_up_required`.
pub(crate) async fn before_paying_out(
    context: &Context,
    caller: &Caller,
    amount: Money,
    named: Option<Msisdn>,
) -> Result<Msisdn, ApiError> {
    let (standing, registered) = context.store.standing(caller.session()).await?;
    let phone = named.unwrap_or_else(|| registered.clone());
    let number = (phone != registered).then_some(Risk::OtherNumber);
    let risks = number.into_iter().chain(is_large(amount).then_some(Risk::Amount));
    let now = context.now();
    if risks.into_iter().all(|risk| standing.allows(risk, now)) {
        Ok(phone)
    } else {
        Err(required())
    }
}

fn required() -> ApiError {
    let detail = "this needs a session in which you were proven anew: call `step_up_session`, then repeat it";
    ApiError::new(Code::StepUpRequired, detail)
}
