//! Operators' views of reconciliation, and caught messages.

use crate::app::App;
use crate::client::Person;
use crate::eventually;
use serde_json::Value;

/// A caught message: subject (`None` for an SMS) and text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caught {
    pub subject: Option<String>,
    pub text: String,
}

impl App {
    /// Requests a reconciliation, waits for it, and returns the run.
    pub async fn reconcile_on_demand(&self, operator: &Person) -> Value {
        let path = "/v1/operator/reconciliations";
        self.post(operator, path, Value::Null).await.expect(202);
        let newest = "select state from jobs where kind = 'reconcile' order by id desc limit 1";
        eventually("a reconciliation", || async {
            (self.database.text(newest).await.as_deref() == Some("done")).then_some(())
        })
        .await;
        let page = self.get(operator, &format!("{path}?limit=1")).await.expect(200);
        page["items"][0].clone()
    }

    /// Returns kind and subject of all open discrepancies.
    pub async fn breaks(&self, operator: &Person) -> Vec<(String, String)> {
        let page = self.get(operator, "/v1/operator/discrepancies?limit=100").await.expect(200);
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let items = page["items"].as_array().expect("items").iter();
        let mut found: Vec<_> =
            items.map(|one| (text(&one["kind"]), text(&one["subject"]))).collect();
        found.sort();
        found
    }

    /// Returns the e-mails to a user, ordered by subject.
    pub async fn mails(&self, to: &Person) -> Vec<Caught> {
        let found = self.sandbox_get(&format!("/admin/mails?to={}", to.email)).await;
        let mut mails: Vec<Caught> = found["mails"]
            .as_array()
            .expect("mails")
            .iter()
            .map(|mail| Caught {
                subject: mail["subject"].as_str().map(str::to_owned),
                text: mail["text"].as_str().expect("a text").to_owned(),
            })
            .collect();
        mails.sort();
        mails
    }

    /// Returns the SMS to a user, without those of M-Pesa.
    pub async fn texts(&self, to: &Person) -> Vec<Caught> {
        let found = self.sandbox_get(&format!("/admin/sms?to={}", to.phone)).await;
        let mut texts: Vec<Caught> = found["sms"]
            .as_array()
            .expect("sms")
            .iter()
            .filter(|sms| sms["from"] != "MPESA")
            .map(|sms| Caught {
                subject: None,
                text: sms["text"].as_str().expect("a text").to_owned(),
            })
            .collect();
        texts.sort();
        texts
    }

    /// Waits until all messages are sent, including those of events that no subscriber has read yet.
    pub async fn messages_are_sent(&self) {
        let open = "select (select count(*) from jobs where kind = 'send_notification' and state <> 'done')
            + (select count(*) from event_commits where base is null)
            + (select next - 1 from event_sequence)
            - (select coalesce(max(position), 0) from event_subscribers where name = 'notify')";
        eventually("every message is sent", || async {
            (self.database.number(open).await == 0).then_some(())
        })
        .await;
    }
}
