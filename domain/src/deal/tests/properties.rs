//! Properties of any sequence of commands: money is conserved, and the escrow covers the open milestones.

use super::*;
use crate::ledger::{AccountKind, Position, Positions};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn any_command() -> impl Strategy<Value = (Command, Actor, i64)> {
    let milestone = || prop::sample::select(vec![FIRST, SECOND]);
    let timer = || {
        prop_oneof![
            Just(Timer::Acceptance),
            Just(Timer::Funding),
            milestone().prop_map(Timer::Delivery),
            milestone().prop_map(Timer::Inspection),
            milestone().prop_map(Timer::Answer),
            milestone().prop_map(Timer::Award),
        ]
    };
    // Few amounts, so that an offer is sometimes accepted.
    let share = || prop::sample::select(vec![0, 1, 33_333, 50_000]).prop_map(kes);
    let payer = || prop::sample::select(vec![AMINA, WANJIKU, BROKER]);
    let ruling = (share(), any::<bool>(), prop::sample::select(vec![0, 500])).prop_map(
        |(to_seller, fees_waived, costs)| Award {
            to_seller,
            fees_waived,
            costs: (costs > 0).then_some(Costs { amount: kes(costs), borne_by: Role::Buyer }),
        },
    );
    let command = prop_oneof![
        3 => Just(Command::Propose),
        1 => Just(Command::Counter(offer())),
        3 => (1u32..4).prop_map(Command::Agree),
        1 => payer().prop_map(Command::AddPayer),
        6 => (payer(), prop::option::of(10_000i64..200_000))
            .prop_map(|(payer, minor)| Command::Fund { payer, amount: minor.map(kes) }),
        1 => prop_oneof![Just(Command::Cancel), Just(Command::MutualCancel)],
        4 => milestone().prop_map(delivered),
        1 => milestone().prop_map(Command::Reject),
        2 => milestone().prop_map(Command::Release),
        1 => milestone().prop_map(Command::Refund),
        2 => (milestone(), share())
            .prop_map(|(milestone, to_seller)| Command::OfferSplit { milestone, to_seller }),
        2 => (milestone(), share())
            .prop_map(|(milestone, to_seller)| Command::AcceptSplit { milestone, to_seller }),
        3 => milestone().prop_map(Command::Dispute),
        3 => milestone().prop_map(Command::Answer),
        3 => (milestone(), ruling)
            .prop_map(|(milestone, award)| Command::Award { milestone, award }),
        1 => (timer(), 1i64..200)
            .prop_map(|(timer, at)| Command::Extend { timer, until: hour(at) }),
        2 => timer().prop_map(Command::Expire),
    ];
    let actors =
        vec![BUYER, SELLER, STRANGER, ARBITER, OTHER_ARBITER, Actor::User(BROKER), Actor::System];
    (command, prop::sample::select(actors), 0i64..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_sequence_of_commands_conserves_money(
        commands in prop::collection::vec(any_command(), 0..80),
        payer in prop::sample::select(FeePayer::ALL),
        cost in 0i64..5_000,
    ) {
        let mut new = new_deal();
        new.broker = Some(Broker { user: BROKER, commission_bps: 150 });
        new.offer.fees.payer = payer;
        new.offer.fees.provider_cost = kes(cost);
        let mut deal = draft(new).unwrap();
        let start = 1_000_000;
        let rich = |user| (wallet(user), Position { balance_minor: start, seq: 1 });
        let mut positions = Positions::new([rich(AMINA), rich(WANJIKU), rich(BROKER)]);
        let mut keys = BTreeSet::new();
        let mut clock = 0;
        for (command, actor, hours) in commands {
            clock += hours;
            let Ok(decision) = decide(&deal, &command, actor, hour(clock)) else { continue };
            for entry in &decision.entries {
                positions.apply(entry).unwrap();
                prop_assert!(keys.insert(entry.key.clone()), "{} twice", entry.key);
            }
            deal = decision.deal;
            let total: i64 = positions.iter().map(|(_, p)| p.balance_minor).sum();
            prop_assert_eq!(total, 3 * start);
            // The escrow holds exactly the money of the open milestones, or the payments so far.
            let needed: i64 = match deal.state {
                DealState::Agreed => deal.paid().unwrap().minor(),
                _ => {
                    let open = deal.milestones.iter().filter(|m| m.state.holds_money());
                    open.map(|m| m.in_escrow().unwrap().minor()).sum()
                }
            };
            let escrow = positions.get(&Account::escrow(deal.id, Currency::Kes)).balance_minor;
            prop_assert_eq!(escrow, needed);
            // A deal that holds money always has a running deadline.
            prop_assert!(escrow == 0 || !deal.dues().is_empty());
            prop_assert!(deal.payers.iter().all(|p| !p.returned.exceeds(p.paid).unwrap()));
        }
        prop_assert!(positions.iter().all(|(a, p)| p.balance_minor >= 0 && a.kind != AccountKind::ProviderClearing));
    }
}
