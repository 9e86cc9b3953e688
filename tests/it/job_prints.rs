//! Fingerprints of finished stories, in terms that two runs of one story share.

use amana_harness::App;
use serde_json::Value;
use std::collections::BTreeSet;

/// The part of a story that two runs must have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Balances, entries, deals, and the provider's movements.
    pub money: Vec<String>,
    /// The history: payments, timeline, audit records, jobs, callbacks and discrepancies.
    pub story: Vec<String>,
    /// Messages to users, each as often as it was sent.
    pub messages: Vec<String>,
}

impl Fingerprint {
    pub async fn of(app: &App) -> Self {
        let mut money = lines(app, &MONEY).await;
        money.extend(provider(app).await);
        let mut messages = lines(app, &[NOTIFICATIONS]).await;
        messages.extend(caught(app).await);
        let mut story = lines(app, &STORY).await;
        story.push(format!("files {}", app.files_on_disk().len()));
        Self { money, story, messages }
    }

    /// Returns the set of messages, without repetitions.
    pub fn told(&self) -> BTreeSet<&str> {
        self.messages.iter().map(String::as_str).collect()
    }
}

const MONEY: [&str; 4] = [
    "select 'balance of ' || a.kind || ' ' || coalesce(u.name, '') || ' ' || a.balance_minor
        from accounts a left join users u on u.id = a.owner where a.balance_minor <> 0",
    "select 'entry ' || e.kind || ' ' || string_agg(a.kind || ' ' || p.amount_minor, ', ' order by a.kind, p.amount_minor)
        from entries e join postings p on p.entry_id = e.id join accounts a on a.id = p.account_id group by e.id",
    "select 'deal ' || state from deals",
    "select 'milestone ' || state from milestones",
];

const STORY: [&str; 13] = [
    "select 'payment ' || concat_ws(' ', purpose, stage, state, reason, doubt, receipt is not null, problem, risk_score)
        from payments",
    "select 'event ' || deal_seq || ' ' || kind from events where deal_id is not null",
    "select 'events ' || kind || ' ' || count(*) from events group by kind",
    "select 'jobs ' || kind || ' ' || state || ' ' || count(*) from jobs group by kind, state",
    "select 'callbacks ' || kind || ' ' || state || ' ' || count(*) from callbacks group by kind, state",
    "select 'suspense ' || amount_minor || ' ' || reference from suspense_items",
    "select 'break ' || kind || ' ' || (closed_at is null) from breaks",
    "select 'check ' || concat_ws(' ', accounts, entries, postings, first_wrong is null) from ledger_checks",
    "select 'repetition keys ' || count(*) from idempotency_keys",
    "select 'codes ' || count(*) from codes",
    "select 'sessions ' || count(*) from sessions",
    "select 'documents ' || count(*) from kyc_documents",
    "select 'invitation ' || concat_ws(' ', generation, end_reason, email_sealed is null) from invitations",
];

const NOTIFICATIONS: &str =
    "select 'notification ' || concat_ws(' ', u.name, n.template, n.channel, n.sent_at is not null)
    from notifications n join users u on u.id = n.user_id";

async fn lines(app: &App, queries: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for query in queries {
        let sql =
            format!("select string_agg(line, E'\\n' order by line) from ({query}) found (line)");
        let text = app.database.text(&sql).await.unwrap_or_default();
        all.extend(text.lines().map(str::to_owned));
    }
    all
}

async fn provider(app: &App) -> Vec<String> {
    let customers = app.sandbox_get("/admin/customers").await;
    let mut all =
        each(&customers, "customers", |one| format!("{} has {}", one["phone"], one["balance"]));
    for list in ["collections", "payouts"] {
        let answer = app.sandbox_get(&format!("/admin/{list}")).await;
        all.extend(each(&answer, list, |one| {
            let code = &one["outcome"]["result_code"];
            format!("{list}: {} {} ended with {code}", one["phone"], one["amount"])
        }));
    }
    all
}

/// Lists our delivered mails and SMS. The provider's own SMS differ in every run.
async fn caught(app: &App) -> Vec<String> {
    let mails = app.sandbox_get("/admin/mails").await;
    let mut all = each(&mails, "mails", |mail| format!("{} {}", mail["to"], mail["subject"]));
    let sms = app.sandbox_get("/admin/sms").await;
    all.extend(each(&sms, "sms", |sms| format!("{} {}", sms["to"], first_words(&sms["text"]))));
    all.retain(|line| !line.contains(" Confirmed. "));
    all
}

/// Returns the first words of a text, because later ones contain deadlines and receipts, which
/// differ.
fn first_words(text: &Value) -> String {
    text.as_str().unwrap_or_default().split(' ').take(4).collect::<Vec<_>>().join(" ")
}

fn each(answer: &Value, list: &str, words: impl Fn(&Value) -> String) -> Vec<String> {
    let list = answer[list].as_array().unwrap_or_else(|| panic!("no {list} in {answer}"));
    let mut found: Vec<String> = list.iter().map(words).collect();
    found.sort_unstable();
    found
}
