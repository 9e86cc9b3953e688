//! Every kind of job, run twice and interrupted at every step, has the same result.

use crate::job_cases::{BUYER_PHONE, Bench, Break, Case, for_each_case};
use crate::job_prints::Fingerprint;
use amana_worker::Interruption;
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

macro_rules! jobs {
    ($($name:ident: $case:ident;)*) => {$(
        mod $name {
            use super::{Case, Clean};

            static CLEAN: Clean = Clean::const_new();

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn runs_twice_same_result() {
                super::runs_twice(Case::$case, &CLEAN).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn fails_at_each_step_then_recovers() {
                super::fails_at_each_step(Case::$case, &CLEAN).await;
            }
        }
    )*};
}

for_each_case!(jobs);

/// Steps and fingerprint of an undisturbed run, shared by both tests of a case.
type Clean = OnceCell<(Vec<&'static str>, Fingerprint)>;

/// Runs the same row again at once, and again at the end of the story.
async fn runs_twice(case: Case, clean: &Clean) {
    let (_, clean) = clean.get_or_init(|| run_clean(case)).await;
    let bench = Bench::new(case).await;
    for _ in 0..2 {
        assert!(bench.attempt().await, "the job was not due");
        bench.forget().await;
    }
    assert!(bench.attempt().await, "the job was not due after it was forgotten");
    bench.go_on().await;
    bench.forget().await;
    assert!(bench.attempt().await, "the job was not due at the end of the story");
    bench.go_on().await;
    let repeated = Fingerprint::of(&bench.app).await;
    pretty_same(&clean.money, &repeated.money, "money");
    pretty_same(&clean.story, &repeated.story, "story");
    pretty_same(&clean.messages, &repeated.messages, "messages");
    bench.app.assert_sound().await;
}

async fn fails_at_each_step(case: Case, clean: &Clean) {
    let (steps, clean) = clean.get_or_init(|| run_clean(case)).await;
    assert_eq!((steps.first(), steps.last()), (Some(&"claimed"), Some(&"done")), "{steps:?}");
    for &step in steps {
        for how in [Interruption::Fail, Interruption::Die] {
            println!("{case:?} broken at {step}: {how:?}");
            let broken = run_broken(case, (step, how)).await;
            compare(case, step, clean, &broken);
        }
    }
}

async fn run_clean(case: Case) -> (Vec<&'static str>, Fingerprint) {
    let bench = Bench::new(case).await;
    assert!(bench.attempt().await, "the job was not due");
    let steps = bench.steps();
    bench.go_on().await;
    bench.app.assert_sound().await;
    (steps, Fingerprint::of(&bench.app).await)
}

/// Interrupts the first attempt, and runs the next one when it is due.
async fn run_broken(case: Case, at: Break) -> Fingerprint {
    let bench = Bench::new(case).await;
    bench.break_at(at);
    assert!(bench.attempt().await, "the job was not due");
    assert!(bench.was_broken(), "the attempt never reached {at:?}");
    bench.recover().await;
    let again = bench.attempt().await;
    assert_eq!(again, at.0 != "done", "expected a new attempt unless the job was done");
    bench.go_on().await;
    bench.app.assert_sound().await;
    asked_once_per_payment(&bench).await;
    Fingerprint::of(&bench.app).await
}

fn compare(case: Case, step: &str, clean: &Fingerprint, broken: &Fingerprint) {
    pretty_same(&clean.money, &broken.money, "money");
    match (case, step) {
        // A worker that dies between taking a collection and receiving the answer leaves it
        // unknown. Callback or statement resolve it: another story with the same end.
        (Case::SubmitCollection, "begun" | "sent") => {}
        // A payout is unknown only until it is sent again, so users get the same messages.
        (Case::SubmitPayout, "begun" | "sent") => {
            pretty_same(&clean.messages, &broken.messages, "messages");
        }
        // A message that is interrupted here may be sent twice, but none may be missing.
        (Case::SendEmail | Case::SendSms, "sent") => {
            pretty_same(&clean.story, &broken.story, "story");
            assert_eq!(clean.told(), broken.told());
            assert_eq!(
                broken.messages.len(),
                clean.messages.len() + 1,
                "expected one message more than without the interruption"
            );
        }
        _ => {
            pretty_same(&clean.story, &broken.story, "story");
            pretty_same(&clean.messages, &broken.messages, "messages");
        }
    }
}

/// Asserts that each payment led to at most one prompt, however often the job ran.
async fn asked_once_per_payment(bench: &Bench) {
    let answer = bench.app.sandbox_get(&format!("/admin/collections?phone={BUYER_PHONE}")).await;
    let mut asked: BTreeMap<&str, u32> = BTreeMap::new();
    for collection in answer["collections"].as_array().expect("collections") {
        *asked.entry(collection["reference"].as_str().expect("a reference")).or_default() += 1;
    }
    assert!(asked.values().all(|times| *times == 1), "{asked:?}");
}

#[track_caller]
fn pretty_same(clean: &[String], other: &[String], what: &str) {
    let missing: Vec<_> = clean.iter().filter(|line| !other.contains(line)).collect();
    let added: Vec<_> = other.iter().filter(|line| !clean.contains(line)).collect();
    assert!(
        clean == other,
        "{what} differs\nmissing: {missing:#?}\nadded: {added:#?}\nall: {other:#?}"
    );
}
