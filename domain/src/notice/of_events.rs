//! The messages that an event of the log leads to.

use super::Template;
use crate::event::{Actor, Event, TransferEvent};
use crate::id::UserId;
use crate::money::{Money, MoneyError};

/// A message to one user about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventNotice {
    pub to: UserId,
    pub template: Template,
    pub counterparty: UserId,
    pub amount: Money,
}

/// Returns the messages of an event. Areas without messages here are told in the transaction of their change.
///
/// # Errors
/// [`MoneyError`] for an amount that no currency has.
pub fn of_event(actor: Actor, event: &Event) -> Result<Vec<EventNotice>, MoneyError> {
    match (event, actor.user()) {
        (
            Event::Transfer(TransferEvent::Created { recipient, amount_minor, currency }),
            Some(sender),
        ) => {
            let amount = Money::new(*amount_minor, *currency)?;
            let notice =
                |to, counterparty, template| EventNotice { to, template, counterparty, amount };
            Ok(vec![
                notice(*recipient, sender, Template::TransferReceived),
                notice(sender, *recipient, Template::TransferSent),
            ])
        }
        (
            Event::Transfer(_)
            | Event::Deal(_)
            | Event::Payment(_)
            | Event::Reconciliation(_)
            | Event::Hold(_)
            | Event::User(_)
            | Event::Access(_)
            | Event::Kyc(_)
            | Event::Organisation(_)
            | Event::Approval(_)
            | Event::Operation(_),
            _,
        ) => Ok(vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use uuid::Uuid;

    #[test]
    fn both_sides_of_a_transfer_get_a_message() {
        let (sender, recipient) =
            (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let made = TransferEvent::Created { recipient, amount_minor: 500, currency: Currency::Kes };
        let notices = of_event(Actor::User(sender), &made.into()).unwrap();
        let told: Vec<_> = notices.iter().map(|one| (one.to, one.template)).collect();
        assert_eq!(
            told,
            [(recipient, Template::TransferReceived), (sender, Template::TransferSent)]
        );
    }
}
