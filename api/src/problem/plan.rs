//! A refusal that tells how it can be done all the same: in several payments.

use super::{ApiError, Code};
use amana_domain::money::Money;

/// With the way out, in words and as data.
pub(super) fn too_much_at_once(plan: &[Money]) -> ApiError {
    let amounts: Vec<String> = plan.iter().map(Money::to_string).collect();
    let listed = match amounts.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => amounts.join(", "),
    };
    let detail = format!(
        "the provider carries less in one transaction; pay it in {} payments, one after the other: {listed}",
        plan.len()
    );
    let payments = plan.iter().map(|amount| (*amount).into()).collect();
    ApiError { payments: Some(payments), ..ApiError::new(Code::ProviderLimit, detail) }
}
