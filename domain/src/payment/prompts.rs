//! Limits on payment prompts. A prompt interrupts the owner of a phone. Without limits, any user who knows a number
//! could send prompts to it again and again.

use chrono::TimeDelta;
use thiserror::Error;

/// Time for which an open prompt blocks others to the same phone. Prompts end long before.
pub const PROMPT_OPEN_MAX: TimeDelta = TimeDelta::minutes(10);

/// Period over which prompts are counted.
pub const PROMPTS_COUNTED: TimeDelta = TimeDelta::days(1);

/// Maximum number of prompts a day to the payer's own number. It is high, because a shop pays often.
pub const OWN_PROMPTS_MAX: i64 = 200;

/// Maximum number of prompts a day to a number from all accounts that it does not belong to.
pub const FOREIGN_PROMPTS_MAX: i64 = 10;

/// Maximum number of prompts a day from one account to numbers that are not its own.
pub const ACCOUNT_PROMPTS_MAX: i64 = 30;

/// Counts of prompts to a number, and by the account that wants to send another prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompts {
    /// Whether the number belongs to the account.
    pub is_own: bool,
    /// Open prompts to the number.
    pub open: i64,
    /// Prompts to the number today: by its owner if `is_own`, otherwise by all other accounts.
    pub to_number: i64,
    /// Prompts by the account today to numbers that are not its own.
    pub by_account: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PromptRefusal {
    #[error("another payment prompt is open on this phone; answer it or wait until it ends")]
    Open,
    #[error(
        "too many payment prompts to this phone today; pay from another phone, at the paybill, or tomorrow"
    )]
    TooMany,
}

/// # Errors
/// [`PromptRefusal`].
pub const fn may_prompt(prompts: Prompts) -> Result<(), PromptRefusal> {
    if prompts.open > 0 {
        return Err(PromptRefusal::Open);
    }
    let is_enough = if prompts.is_own {
        prompts.to_number >= OWN_PROMPTS_MAX
    } else {
        prompts.to_number >= FOREIGN_PROMPTS_MAX || prompts.by_account >= ACCOUNT_PROMPTS_MAX
    };
    if is_enough { Err(PromptRefusal::TooMany) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_phone_rings_seldom_and_ones_own_often_but_never_twice_at_once() {
        let foreign = Prompts::default();
        let own = Prompts { is_own: true, ..foreign };
        assert_eq!(may_prompt(foreign), Ok(()));
        for (prompts, wanted) in [
            (Prompts { open: 1, ..own }, Err(PromptRefusal::Open)),
            (Prompts { to_number: FOREIGN_PROMPTS_MAX, ..own }, Ok(())),
            (Prompts { to_number: OWN_PROMPTS_MAX, ..own }, Err(PromptRefusal::TooMany)),
            (Prompts { to_number: FOREIGN_PROMPTS_MAX - 1, ..foreign }, Ok(())),
            (Prompts { to_number: FOREIGN_PROMPTS_MAX, ..foreign }, Err(PromptRefusal::TooMany)),
            (Prompts { by_account: ACCOUNT_PROMPTS_MAX, ..foreign }, Err(PromptRefusal::TooMany)),
            (Prompts { by_account: ACCOUNT_PROMPTS_MAX, ..own }, Ok(())),
        ] {
            assert_eq!(may_prompt(prompts), wanted, "{prompts:?}");
        }
    }
}
