//! Cases in which a deal or a hold waits until a deadline.

use super::people::{answer, kes, keyed};
use super::{BUYER_PHONE, Bench, PRICE_MINOR};
use amana_domain::deal::Command;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use amana_postgres::{FundingMethod, NewHold};
use chrono::TimeDelta;

impl Bench {
    /// Creates a deal whose buyer has paid at the paybill; the confirmation is not processed yet.
    pub(super) async fn pay_the_bill(&mut self, seller: UserId) {
        self.app.register_paybill().await;
        self.agree(seller).await;
        let reference = self.app.database.text("select reference from deal_references").await;
        let reference = reference.expect("a reference");
        self.app.pay_bill(BUYER_PHONE, PRICE_MINOR, &reference).await;
        self.job = self.queued("apply_callback").await;
    }

    /// Creates a delivered deal whose buyer stays silent until release.
    pub(super) async fn deliver_and_wait(&mut self, seller: UserId) {
        self.deposit().await;
        let deal = self.agree(seller).await;
        let (app, now) = (&self.app, self.app.clock.now());
        let fund = keyed(self.buyer, "fund");
        let render = |_: &_, _| answer();
        app.store
            .fund_deal(&fund, deal, &FundingMethod::Wallet.into(), render, now)
            .await
            .expect("funded");
        let view = app.store.deal(seller, deal).await.expect("the deal");
        let milestone = view.deal.milestones[0].id;
        let delivered = Command::Deliver { milestone, proof: None };
        app.store.command_deal(seller, deal, &delivered, None, now).await.expect("delivered");
        app.clock.advance(TimeDelta::days(2) + TimeDelta::seconds(5));
        let inspection = "select id from jobs where key like 'expire_deal:%:inspection:%'";
        self.job = self.found(inspection).await;
    }

    /// Creates an agreed deal whose buyer stays silent until the last hour.
    pub(super) async fn agree_and_wait(&mut self, seller: UserId) {
        let deal = self.agree(seller).await;
        let view = self.app.store.deal(seller, deal).await.expect("the deal");
        let due_at = view.deal.due_at.expect("a deadline");
        let last_hour = due_at - self.app.clock.now() - TimeDelta::minutes(59);
        self.app.clock.advance(last_hour);
        self.job =
            self.found("select id from jobs where key like 'remind_deal:%:funding:%:3600'").await;
    }

    /// Creates a hold that is not settled in time.
    pub(super) async fn hold_and_wait(&mut self, seller: UserId) {
        self.deposit().await;
        let (store, now) = (&self.app.store, self.app.clock.now());
        let hold = NewHold {
            to: Payee::User(seller),
            amount: kes(100_000),
            lasts: TimeDelta::hours(1),
            note: None,
        };
        let render = |_: &_| answer();
        store.create_hold(&keyed(self.buyer, "hold"), &hold, render, now).await.expect("a hold");
        self.app.clock.advance(TimeDelta::hours(1) + TimeDelta::seconds(5));
        self.job = self.queued("expire_hold").await;
    }
}
