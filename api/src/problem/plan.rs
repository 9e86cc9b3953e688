//! The error for an amount that needs several payments.

use super::{ApiError, Code};
use amana_domain::money::Money;

/// Lists the payments both as text and as data.
pub(super) fn too_much_at_once(plan: &[Money]) -> ApiError {
    let amounts: Vec<String> = plan.iter().map(Money::to_string).collect();
    let listed = match amounts.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => amounts.join(", "),
    };
    let detail = format!(
        "the amount exceeds the provider's limit per transaction; pay it in {} payments, one after the other: {listed}",
        plan.len()
    );
    let payments = plan.iter().map(|amount| (*amount).into()).collect();
    ApiError { payments: Some(payments), ..ApiError::new(Code::ProviderLimit, detail) }
}
