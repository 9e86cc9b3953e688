//! One case for each kind of job: a system in which such a job is due, and the steps that complete
//! its story.

mod documents;
mod organisations;
mod people;
mod waiting;

use amana_domain::deal::Command;
use amana_domain::id::{DealId, UserId};
use amana_harness::{App, eventually};
use amana_postgres::{FundingMethod, Job};
use amana_worker::{Interruption, Probe};
use chrono::TimeDelta;
use people::{answer, deal_with, kes, keyed, msisdn, register};
use serde_json::json;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

pub const BUYER_PHONE: &str = "254711000001";
const SELLER_PHONE: &str = "254711000002";
const PRICE_MINOR: i64 = 150_000;

/// Passes every case with its test module's name to a macro, so that no case lacks tests.
macro_rules! for_each_case {
    ($then:ident) => {
        $then! {
            submit_collection: SubmitCollection;
            poll_collection: PollCollection;
            submit_payout: SubmitPayout;
            apply_callback: ApplyCallback;
            // A paybill payment.
            apply_confirmation: ApplyConfirmation;
            expire_deal: ExpireDeal;
            remind_deal: RemindDeal;
            screen_withdrawal: ScreenWithdrawal;
            expire_hold: ExpireHold;
            send_email: SendEmail;
            send_sms: SendSms;
            reconcile: Reconcile;
            housekeep: Housekeep;
            check_ledger: CheckLedger;
        }
    };
}
pub(crate) use for_each_case;

macro_rules! declare {
    ($($name:ident: $case:ident;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Case {
            $($case,)*
        }
    };
}

for_each_case!(declare);

/// Maps each kind of job to its cases, so that a new kind does not compile without one.
fn cases(job: &Job) -> &'static [Case] {
    match job {
        Job::SubmitCollection { .. } => &[Case::SubmitCollection],
        Job::PollCollection { .. } => &[Case::PollCollection],
        Job::SubmitPayout { .. } => &[Case::SubmitPayout],
        Job::ApplyCallback { .. } => &[Case::ApplyCallback, Case::ApplyConfirmation],
        Job::ExpireDeal { .. } => &[Case::ExpireDeal],
        Job::RemindDeal { .. } => &[Case::RemindDeal],
        Job::ScreenWithdrawal { .. } => &[Case::ScreenWithdrawal],
        Job::ExpireHold { .. } => &[Case::ExpireHold],
        Job::SendNotification { .. } => &[Case::SendEmail, Case::SendSms],
        Job::Reconcile { .. } => &[Case::Reconcile],
        Job::Housekeep { .. } => &[Case::Housekeep],
        Job::CheckLedger { .. } => &[Case::CheckLedger],
    }
}

/// Step at which an attempt is interrupted, and how.
pub type Break = (&'static str, Interruption);

#[derive(Debug, Default)]
struct Script {
    job: Option<Uuid>,
    broken_at: Option<Break>,
    steps: Vec<&'static str>,
}

/// A system with a due job and with users who wait for its effect.
#[derive(Debug)]
pub struct Bench {
    pub app: App,
    pub job: Uuid,
    case: Case,
    buyer: UserId,
    deal: Option<DealId>,
    script: Arc<Mutex<Script>>,
}

impl Bench {
    pub async fn new(case: Case) -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let app = App::builder().without_worker().probe(probe(case, script.clone())).start().await;
        let buyer = register(&app, "Amina", BUYER_PHONE).await;
        let seller = register(&app, "Juma", SELLER_PHONE).await;
        let mut bench = Self { app, job: Uuid::nil(), case, buyer, deal: None, script };
        bench.prepare(seller).await;
        bench.script.lock().expect("a script").job = Some(bench.job);
        bench
    }

    /// Runs one attempt. Returns `false` if the job was done already.
    pub async fn attempt(&self) -> bool {
        amana_worker::run_claim(&self.app.context, self.job).await.expect("an attempt")
    }

    /// Interrupts the next attempt, once.
    pub fn break_at(&self, at: Break) {
        self.script.lock().expect("a script").broken_at = Some(at);
    }

    pub fn was_broken(&self) -> bool {
        self.script.lock().expect("a script").broken_at.is_none()
    }

    pub fn steps(&self) -> Vec<&'static str> {
        self.script.lock().expect("a script").steps.clone()
    }

    /// Makes a failed attempt due again, and ends the lease of a dead worker.
    pub async fn recover(&self) {
        let waited = "update jobs set pushed_at = null,
                due_at = case state when 'queued' then created_at else due_at end,
                lease_until = case state when 'running' then clock_timestamp() - interval '1 second' end
            where id = ";
        self.app.database.execute(&format!("{waited} '{}'", self.job)).await;
    }

    /// Resets the row as if the job had never run.
    pub async fn forget(&self) {
        let forgotten = "update jobs set state = 'queued', attempts = 0, finished_at = null where state = 'done' and id = ";
        self.app.database.execute(&format!("{forgotten} '{}'", self.job)).await;
    }

    /// Runs everything that follows the job.
    pub async fn go_on(&self) {
        match self.case {
            Case::SubmitCollection => self.pay_until_funded().await,
            Case::SubmitPayout | Case::ScreenWithdrawal => {
                self.until("select count(*) from payments where purpose = 'withdrawal' and state = 'succeeded'")
                    .await;
            }
            Case::PollCollection
            | Case::ApplyCallback
            | Case::ApplyConfirmation
            | Case::ExpireDeal
            | Case::RemindDeal
            | Case::ExpireHold
            | Case::SendEmail
            | Case::SendSms
            | Case::Reconcile
            | Case::Housekeep
            | Case::CheckLedger => {}
        }
        self.app.run_due_jobs().await;
    }

    async fn prepare(&mut self, seller: UserId) {
        match self.case {
            Case::SubmitCollection => {
                self.start_payment(seller).await;
                self.job = self.queued("submit_collection").await;
            }
            Case::PollCollection => self.lose_callback(seller).await,
            Case::ApplyCallback => {
                self.start_payment(seller).await;
                self.run("submit_collection").await;
                self.app.approve_prompt(BUYER_PHONE).await;
                self.job = self.queued("apply_callback").await;
            }
            Case::ApplyConfirmation => self.pay_the_bill(seller).await,
            Case::ExpireDeal => self.deliver_and_wait(seller).await,
            Case::RemindDeal => self.agree_and_wait(seller).await,
            Case::ExpireHold => self.hold_and_wait(seller).await,
            Case::ScreenWithdrawal => {
                self.withdraw().await;
                self.job = self.queued("screen_withdrawal").await;
            }
            Case::SubmitPayout => {
                self.withdraw().await;
                self.run("screen_withdrawal").await;
                self.job = self.queued("submit_payout").await;
            }
            Case::SendEmail => self.job = self.message("welcome", "email").await,
            Case::SendSms => {
                self.agree(seller).await;
                self.job = self.message("deal_proposed", "sms").await;
            }
            Case::Reconcile => self.leave_work_for_reconciliation(seller).await,
            Case::Housekeep => self.leave_work_for_housekeeping().await,
            Case::CheckLedger => self.leave_a_break_that_is_over().await,
        }
    }

    /// Starts a paid collection without a callback that is due for polling.
    async fn lose_callback(&mut self, seller: UserId) {
        self.app.fault(BUYER_PHONE, "callback_lost", 1).await;
        self.start_payment(seller).await;
        self.run("submit_collection").await;
        self.app.approve_prompt(BUYER_PHONE).await;
        self.app.clock.advance(TimeDelta::seconds(11));
        self.job = self.queued("poll_collection").await;
    }

    /// Creates a paid collection without a callback, and money that fits no payment.
    async fn leave_work_for_reconciliation(&mut self, seller: UserId) {
        self.lose_callback(seller).await;
        let stray = json!({ "phone": "254711000003", "amount": 70_000, "reference": "GOATS" });
        let status = self.app.sandbox_send(reqwest::Method::POST, "/admin/paybill", stray).await;
        assert!(status.is_success(), "{status}");
        self.enqueue(&Job::Reconcile { tick: 1 }).await;
        self.job = self.queued("reconcile").await;
    }

    /// Creates rows that are old enough to delete: a finished job, an idempotency key, documents,
    /// an invitation and expired sessions.
    async fn leave_work_for_housekeeping(&mut self) {
        self.app.run_due_jobs().await;
        self.deposit().await;
        documents::leave(&self.app, self.buyer).await;
        organisations::leave(&self.app, self.buyer).await;
        self.app.run_due_jobs().await;
        self.app.clock.advance(TimeDelta::days(98));
        self.enqueue(&Job::Housekeep { tick: 1 }).await;
        self.job = self.queued("housekeep").await;
    }

    /// Creates a discrepancy that the next check does not find any more.
    async fn leave_a_break_that_is_over(&mut self) {
        self.deposit().await;
        self.app.run_due_jobs().await;
        let listed = "insert into breaks (id, kind, subject, detail, opened_at, last_seen_at)
            values (gen_random_uuid(), 'balance_differs', 'an account', 'it was wrong', now(), now())";
        self.app.database.execute(listed).await;
        self.enqueue(&Job::CheckLedger { tick: 1 }).await;
        self.job = self.queued("check_ledger").await;
    }

    async fn agree(&mut self, seller: UserId) -> DealId {
        let (store, now) = (&self.app.store, self.app.clock.now());
        let made = store.create_deal(seller, deal_with(self.buyer), now).await.expect("a deal");
        let id = made.deal.id;
        store.command_deal(seller, id, &Command::Propose, None, now).await.expect("proposed");
        store.command_deal(self.buyer, id, &Command::Agree(1), None, now).await.expect("agreed");
        self.deal = Some(id);
        id
    }

    async fn start_payment(&mut self, seller: UserId) {
        self.agree(seller).await;
        self.pay("first").await;
    }

    async fn pay(&self, key: &str) {
        let (store, now) = (&self.app.store, self.app.clock.now());
        let deal = self.deal.expect("a deal");
        let request = FundingMethod::Mpesa(msisdn(BUYER_PHONE)).into();
        let render = |_: &_, _| answer();
        store
            .fund_deal(&keyed(self.buyer, key), deal, &request, render, now)
            .await
            .expect("a payment");
    }

    /// The buyer pays the prompt. If the provider never sent one, the statement closes the payment
    /// and the buyer tries again.
    async fn pay_until_funded(&self) {
        let app = &self.app;
        app.run_due_jobs().await;
        if app.database.number("select count(*) from deals where state = 'agreed'").await == 1 {
            let prompts = app.sandbox_get(&format!("/admin/prompts?phone={BUYER_PHONE}")).await;
            if prompts["prompts"] == json!([]) {
                app.clock.advance(TimeDelta::minutes(11));
                self.enqueue(&Job::Reconcile { tick: 1 }).await;
                self.until("select count(*) from payments where reason = 'never_happened'").await;
                self.pay("second").await;
                app.run_due_jobs().await;
            }
            app.approve_prompt(BUYER_PHONE).await;
        }
        self.until("select count(*) from deals where state = 'funded'").await;
    }

    async fn deposit(&self) {
        start_deposit(&self.app, self.buyer, BUYER_PHONE).await;
        self.run("submit_collection").await;
        self.app.approve_prompt(BUYER_PHONE).await;
        self.run("apply_callback").await;
    }

    async fn withdraw(&self) {
        self.deposit().await;
        let (store, now) = (&self.app.store, self.app.clock.now());
        let (key, render) = (keyed(self.buyer, "withdraw"), |_: &_| answer());
        store
            .withdraw(&key, kes(100_000), &msisdn(BUYER_PHONE), render, now)
            .await
            .expect("a withdrawal");
    }

    async fn enqueue(&self, job: &Job) {
        let now = self.app.clock.now();
        self.app.store.enqueue_job(job, now, now).await.expect("a job");
    }

    /// Runs the only queued job of a kind.
    async fn run(&self, kind: &str) {
        let job = self.queued(kind).await;
        let ran = amana_worker::run_claim(&self.app.context, job).await.expect("a job");
        assert!(ran, "{kind} was not due");
    }

    async fn queued(&self, kind: &str) -> Uuid {
        self.found(&format!("select id from jobs where state = 'queued' and kind = '{kind}'")).await
    }

    async fn message(&self, template: &str, channel: &str) -> Uuid {
        let named = format!(
            "template = '{template}' and channel = '{channel}' and user_id = '{}'",
            self.buyer.uuid()
        );
        self.found(&format!("select id from jobs where payload->>'notification' = (select id::text from notifications where {named})"))
            .await
    }

    async fn found(&self, sql: &str) -> Uuid {
        let id = eventually(sql, || self.app.database.text(sql)).await;
        id.parse().expect("an id")
    }

    /// Runs due jobs until the query returns one.
    async fn until(&self, sql: &str) {
        eventually(sql, || async {
            self.app.run_due_jobs().await;
            (self.app.database.number(sql).await == 1).then_some(())
        })
        .await;
    }
}

/// Starts deposits of as many users, each waiting for its prompt to be sent.
pub async fn start_deposits(app: &App, count: usize) {
    for n in 0..count {
        let (name, phone) = (format!("Person{n}"), format!("2547330000{n:02}"));
        let user = register(app, &name, &phone).await;
        start_deposit(app, user, &phone).await;
    }
}

async fn start_deposit(app: &App, user: UserId, phone: &str) {
    let (now, key, render) = (app.clock.now(), keyed(user, "deposit"), |_: &_| answer());
    let (amount, phone) = (kes(PRICE_MINOR), msisdn(phone));
    app.store.deposit(&key, amount, &phone, render, now).await.expect("a deposit");
}

/// Records the steps of the job under test, and interrupts it where the script says.
fn probe(case: Case, script: Arc<Mutex<Script>>) -> Probe {
    Arc::new(move |claim, step| {
        let mut script = script.lock().expect("a script");
        if script.job != Some(claim.id.uuid()) {
            return Box::pin(async { None });
        }
        assert!(
            cases(&claim.job).contains(&case),
            "{case:?} needs a queued job, found {:?}",
            claim.job
        );
        script.steps.push(step);
        let here = script.broken_at.take_if(|(at, _)| *at == step);
        Box::pin(async move { here.map(|(_, how)| how) })
    })
}
