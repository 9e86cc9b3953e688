//! The worlds that are explored, one after the other: together they have everything, each as much of it as fits.

use crate::provider::Said;
use crate::world::{Ruling, World};
use amana_domain::deal::{Proof, Role};
use amana_domain::fee::FeePayer;

/// Odd cents, so that nothing divides evenly.
const SMALL: [i64; 2] = [33_333, 50_001];
/// The first is one cent above what a single arbiter decides.
const LARGE: [i64; 2] = [10_000_001, 50_001];

/// Hours of different length, none a multiple of the others.
const SHORT: [i64; 6] = [24, 20, 16, 10, 22, 30];
const LONG: [i64; 6] = [72, 72, 72, 72, 72, 168];

/// Nothing but delivering and releasing, paid at once from the wallet.
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
            name: "offers: a buyer who was invited, counter-offers, a proof of delivery, work sent back, later deadlines",
            invited: true,
            wallets: [200, 0],
            revisions_max: 4,
            reworks_max: 3,
            moved_max: 2,
            proof: Some(Proof::HandOver),
            ..plain()
        },
        World {
            name: "phones: a wallet that is too small, two payments by phone, a provider who contradicts himself",
            wallets: [40, 0],
            parts: vec![None, Some(20_000)],
            fundings_max: 3,
            payments_max: 2,
            said: vec![Said::Accepted, Said::CallbackPaid, Said::CallbackFailed, Said::OnStatement],
            ..plain()
        },
        World {
            name: "rumours: one payment by phone, of which a provider says everything that can be said",
            wallets: [40, 0],
            payments_max: 1,
            said: Said::ALL.to_vec(),
            ..plain()
        },
        World {
            name: "payers: two of them, in parts, from wallets and by phone",
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
            name: "disputes: small milestones, a broker, the buyer bears the fee, long terms",
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
            name: "second looks: a large milestone, awards with costs, two payers",
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
            name: "deadlines: moved by both, acted on at the very moment and long after",
            fee_payer: FeePayer::Seller,
            disputes: true,
            reworks_max: 1,
            moved_max: 2,
            exact: true,
            ..plain()
        },
    ]
}
