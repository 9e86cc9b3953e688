//! A world: an initial deal, and the bounds of the exploration.

use crate::cast::{AMINA, BARAKA, DEAL, JUMA, KES, MILESTONES, ZURI, kes};
use crate::clock::NOW;
use crate::provider::Said;
use crate::state::{Books, State};
use amana_domain::deal::{
    Award, Broker, Command, Costs, Deal, NewDeal, NewMilestone, Offer, Proof, Refusal, Role, Terms,
    draft,
};
use amana_domain::fee::{FeePayer, FeePlan};
use amana_domain::ledger::{Account, Position, Positions, Provider};
use amana_domain::money::Money;
use chrono::TimeDelta;
use std::sync::Arc;

/// The initial deal and the bounds that make a world finite. Commands beyond a bound are tried only by actors without
/// permission, who must be rejected.
#[derive(Debug, Clone)]
pub struct World {
    pub name: &'static str,
    pub sizes: [i64; 2],
    pub fee_payer: FeePayer,
    pub broker: bool,
    /// Periods in hours: acceptance, funding, inspection, rework, answer, award.
    pub terms: [i64; 6],
    /// Delivery period in hours, for each milestone.
    pub delivery: [i64; 2],
    /// The delivery proof of the first milestone.
    pub proof: Option<Proof>,
    /// Whether the buyer was invited and joins later.
    pub invited: bool,
    /// Balances of Amina and Zuri, in percent of the price.
    pub wallets: [i64; 2],
    pub revisions_max: u32,
    pub payers_named: bool,
    /// Amounts of payments; `None` means the outstanding amount.
    pub parts: Vec<Option<i64>>,
    pub fundings_max: u32,
    pub payments_max: usize,
    /// Whether Zuri pays by phone too.
    pub both_phones: bool,
    pub said: Vec<Said>,
    pub disputes: bool,
    /// The seller's shares in split offers, in percent of the milestone.
    pub splits: Vec<i64>,
    pub awards: Vec<Ruling>,
    pub reworks_max: u8,
    pub moved_max: u8,
    /// Whether actors also act exactly at a deadline.
    pub exact: bool,
}

/// An award as a percentage, so that one list serves both milestones.
#[derive(Debug, Clone, Copy)]
pub struct Ruling {
    pub percent: i64,
    pub fees_waived: bool,
    /// The party that bears arbitration costs of ten shillings, if any.
    pub costs_borne_by: Option<Role>,
}

impl Ruling {
    #[must_use]
    pub const fn plain(percent: i64) -> Self {
        Self { percent, fees_waived: false, costs_borne_by: None }
    }

    fn of(&self, amount: i64) -> Award {
        Award {
            to_seller: part(amount, self.percent),
            fees_waived: self.fees_waived,
            costs: self
                .costs_borne_by
                .map(|borne_by| Costs { amount: kes(ARBITRATION_MINOR), borne_by }),
        }
    }
}

const ARBITRATION_MINOR: i64 = 1_000;

/// Returns this percentage of an amount.
fn part(amount: i64, percent: i64) -> Money {
    kes(amount.saturating_mul(percent).div_euclid(100))
}

impl World {
    #[must_use]
    pub fn amount(&self, milestone: usize) -> i64 {
        self.sizes.get(milestone).copied().unwrap_or_default()
    }

    /// Returns the first offer and a counter-offer with swapped milestones and another fee payer.
    #[must_use]
    pub fn offers(&self) -> [Offer; 2] {
        let [first, second] = self.sizes;
        let other =
            if self.fee_payer == FeePayer::Seller { FeePayer::Buyer } else { FeePayer::Seller };
        [self.offer([first, second], self.fee_payer), self.offer([second, first], other)]
    }

    fn offer(&self, sizes: [i64; 2], payer: FeePayer) -> Offer {
        let [acceptance, funding, inspection, rework, answer, award] =
            self.terms.map(TimeDelta::hours);
        let milestones = MILESTONES.iter().zip(sizes).zip(self.delivery).enumerate();
        Offer {
            title: "Goats".into(),
            fees: FeePlan {
                percentage_bps: 250,
                fixed: kes(1_001),
                provider_cost: kes(333),
                payer,
                ..FeePlan::free(KES)
            },
            terms: Terms { acceptance, funding, inspection, rework, answer, award },
            milestones: milestones
                .map(|(n, ((id, size), hours))| NewMilestone {
                    id: *id,
                    title: "Goat".into(),
                    description: None,
                    items: vec![],
                    amount: kes(size),
                    delivery: TimeDelta::hours(hours),
                    proof: self.proof.filter(|_| n == 0),
                })
                .collect(),
        }
    }

    /// # Errors
    /// [`Refusal`] if no such deal can be made.
    pub fn deal(&self) -> Result<Deal, Refusal> {
        let [offer, _] = self.offers();
        draft(NewDeal {
            id: DEAL,
            proposer: JUMA,
            role: Role::Seller,
            counterparty: (!self.invited).then_some(AMINA),
            broker: self.broker.then_some(Broker { user: BARAKA, commission_bps: 150 }),
            currency: KES,
            offer,
        })
    }

    /// # Errors
    /// [`Refusal`] if no such deal can be made.
    pub fn opening(&self) -> Result<State, Refusal> {
        let deal = self.deal()?;
        let [amina, zuri] = self.wallets;
        let price = deal.price()?.minor();
        let held = [amina, zuri].map(|percent| part(price, percent).minor());
        let wallets = [AMINA, ZURI].map(|user| Account::available(user, KES)).into_iter().zip(held);
        let clearing = held.iter().fold(0i64, |sum, minor| sum.saturating_sub(*minor));
        let position = |(account, balance_minor)| (account, Position { balance_minor, seq: 0 });
        let positions = Positions::new(
            self.accounts()
                .into_iter()
                .map(|account| (account, 0))
                .chain(wallets)
                .chain([(Account::clearing(Provider::Mpesa, KES), clearing)])
                .map(position),
        );
        Ok(State {
            deal: Arc::new(deal),
            books: Arc::new(Books { positions, ..Books::default() }),
            payments: Arc::default(),
            moved: 0,
            elapsed: TimeDelta::zero(),
            faults: vec![],
        })
    }

    /// Returns all accounts that may exist.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let people = [AMINA, JUMA, ZURI, BARAKA].map(|user| Account::available(user, KES));
        let others = [
            Account::escrow(DEAL, KES),
            Account::fees(KES),
            Account::provider_costs(KES),
            Account::clearing(Provider::Mpesa, KES),
        ];
        people.into_iter().chain(others).collect()
    }

    /// Returns the awards to try, for a milestone of this size.
    pub fn rulings(&self, amount: i64) -> impl Iterator<Item = Award> {
        // Without disputes, one award is still tried by actors without permission.
        let usual = self.awards.is_empty().then_some(Ruling::plain(50));
        self.awards.iter().copied().chain(usual).map(move |ruling| ruling.of(amount))
    }

    pub fn shares(&self, amount: i64) -> impl Iterator<Item = Money> {
        let usual = self.splits.is_empty().then_some(50);
        self.splits.iter().copied().chain(usual).map(move |percent| part(amount, percent))
    }

    /// Returns whether the command is within the bounds of this world.
    #[must_use]
    pub fn has_room(&self, state: &State, command: &Command) -> bool {
        let deal = &state.deal;
        match command {
            Command::Counter(_) => deal.revision < self.revisions_max,
            Command::AddPayer(_) => self.payers_named,
            Command::Fund { .. } => deal.fundings < self.fundings_max,
            Command::Reject(id) => {
                deal.milestones.iter().any(|m| m.id == *id && m.reworks < self.reworks_max)
            }
            Command::OfferSplit { .. } => !self.splits.is_empty(),
            Command::Dispute(_) => self.disputes,
            Command::Extend { .. } => state.moved < self.moved_max,
            Command::Join(_)
            | Command::Propose
            | Command::Agree(_)
            | Command::Deliver { .. }
            | Command::Release(_)
            | Command::Refund(_)
            | Command::AcceptSplit { .. }
            | Command::Answer(_)
            | Command::Award { .. }
            | Command::Cancel
            | Command::MutualCancel
            | Command::Expire(_) => true,
        }
    }

    /// Returns the times to which a deadline may be moved.
    #[must_use]
    pub fn moments(
        &self,
        due_at: chrono::DateTime<chrono::Utc>,
    ) -> Vec<chrono::DateTime<chrono::Utc>> {
        let days = [2, 3].into_iter().take(if self.exact { 2 } else { 1 });
        days.map(|days| crate::clock::plus(due_at.max(NOW), TimeDelta::days(days))).collect()
    }
}
