//! How often a phone may be asked to pay. A prompt rings on somebody's phone, and whoever enters the PIN pays: nobody's
//! phone is made to ring again and again by people who only know its number.

use chrono::TimeDelta;
use thiserror::Error;

/// While a prompt is under way, the phone gets no other one. A prompt is over long before this.
pub const PROMPT_OPEN_MAX: TimeDelta = TimeDelta::minutes(10);

/// Prompts are counted over this time.
pub const PROMPTS_COUNTED: TimeDelta = TimeDelta::days(1);

/// The most prompts to the payer's own number in a day: a shop pays often.
pub const OWN_PROMPTS_MAX: i64 = 200;

/// The most prompts to a number in a day by accounts that it does not belong to, all of them together.
pub const FOREIGN_PROMPTS_MAX: i64 = 10;

/// The most prompts in a day that one account sends to numbers that are not its own.
pub const ACCOUNT_PROMPTS_MAX: i64 = 30;

/// What is known of a number, and of the account that wants to have it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompts {
    /// Whether the number belongs to the account.
    pub is_own: bool,
    /// Prompts to the number that are under way.
    pub open: i64,
    /// Prompts to the number today: by its owner, or by everybody else.
    pub to_number: i64,
    /// Prompts of the account today to numbers that are not its own.
    pub by_account: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PromptRefusal {
    #[error("the phone is being asked to pay already: wait until that is over")]
    Open,
    #[error(
        "this phone was asked to pay too often today: pay from another phone, at the paybill, or tomorrow"
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
