//! The worlds to explore, one after the other. Each covers some of the features; together they cover all.

use crate::provider::Said;
use crate::world::{Ruling, World};
use amana_domain::deal::{Proof, Role};
use amana_domain::fee::FeePayer;

/// Odd amounts, so that divisions have remainders.
const SMALL: [i64; 2] = [33_333, 50_001];
/// The first amount is one cent above the limit of a single arbiter.
const LARGE: [i64; 2] = [10_000_001, 50_001];

/// Different periods in hours; few are multiples of each other, so deadlines rarely coincide.
const SHORT: [i64; 6] = [24, 20, 16, 10, 22, 30];
const LONG: [i64; 6] = [72, 72, 72, 72, 72, 168];

/// The smallest world: payment from the wallet, delivery and release.
#[must_use]
pub fn plain() -> World {
    World {
        name: "plain: one buyer, small milestones, a shared fee, short terms",
        sizes: SMALL,
        fee_payer: FeePayer::Shared,
        broker: false,
        terms: SHORT,
        delivery: [48, 60],
        proof: None,
        invited: false,
        wallets: [120, 0],
        revisions_max: 1,
        payers_named: false,
        parts: vec![None],
        fundings_max: 1,
        payments_max: 0,
        both_phones: false,
        said: vec![],
        disputes: false,
        splits: vec![],
        awards: vec![],
        reworks_max: 0,
        moved_max: 0,
        exact: false,
    }
}

#[must_use]
pub fn all() -> Vec<World> {
    vec![
        World {
            name: "offers: an invited buyer, counter-offers, a delivery proof, reworks, moved deadlines",
            invited: true,
            wallets: [200, 0],
            revisions_max: 4,
            reworks_max: 3,
            moved_max: 2,
            proof: Some(Proof::HandOver),
            ..plain()
        },
        World {
            name: "phones: an insufficient wallet, two payments by phone, contradictory provider messages",
            wallets: [40, 0],
            parts: vec![None, Some(20_000)],
            fundings_max: 3,
            payments_max: 2,
            said: vec![Said::Accepted, Said::CallbackPaid, Said::CallbackFailed, Said::OnStatement],
            ..plain()
        },
        World {
            name: "rumours: one payment by phone, every possible provider message",
            wallets: [40, 0],
            payments_max: 1,
            said: Said::ALL.to_vec(),
            ..plain()
        },
        World {
            name: "payers: two payers, partial payments from wallets and by phone",
            payers_named: true,
            both_phones: true,
            wallets: [40, 30],
            parts: vec![None, Some(20_000)],
            fundings_max: 3,
            payments_max: 2,
            said: vec![Said::CallbackPaid, Said::CallbackFailed],
            ..plain()
        },
        World {
            name: "disputes: small milestones, a broker, fees borne by the buyer, long terms",
            fee_payer: FeePayer::Buyer,
            broker: true,
            terms: LONG,
            delivery: [96, 120],
            disputes: true,
            splits: vec![40, 75],
            awards: vec![Ruling::plain(0), Ruling { fees_waived: true, ..Ruling::plain(60) }],
            reworks_max: 2,
            ..plain()
        },
        World {
            name: "second looks: a large milestone, awards by two arbiters, costs, two payers",
            sizes: LARGE,
            payers_named: true,
            wallets: [60, 60],
            parts: vec![None, Some(5_000_000)],
            fundings_max: 2,
            disputes: true,
            awards: vec![
                Ruling { costs_borne_by: Some(Role::Buyer), ..Ruling::plain(30) },
                Ruling { costs_borne_by: Some(Role::Seller), ..Ruling::plain(70) },
                Ruling::plain(100),
            ],
            splits: vec![50],
            reworks_max: 1,
            ..plain()
        },
        World {
            name: "deadlines: moved deadlines, actions exactly at a deadline and long after it",
            fee_payer: FeePayer::Seller,
            disputes: true,
            reworks_max: 1,
            moved_max: 2,
            exact: true,
            ..plain()
        },
    ]
}
