//! Verifies the contacts of a new account with the codes that were sent to them.

use super::Person;
use super::client::Client;
use anyhow::{Context, Result};
use serde_json::{Value, json};

const DIGITS: usize = 6;

/// # Errors
/// If no code arrives, or the API rejects one.
pub(super) async fn verify(sandbox: &Client, client: &Client, person: &Person) -> Result<()> {
    for (channel, list, to) in [("email", "mails", person.email), ("phone", "sms", person.phone)] {
        let path = format!("/admin/{list}?to={to}");
        let there = |found: &Value| code_in(found, list).is_some();
        let found = sandbox.wait("the code for a contact", &path, there).await?;
        let code = code_in(&found, list).context("no code in a message")?;
        let told = json!({ "channel": channel, "code": code });
        client.post("/v1/me/verifications/confirm", &told).await?;
    }
    Ok(())
}

/// Returns the first six-digit number in the messages, newest first.
fn code_in(found: &Value, list: &str) -> Option<String> {
    let texts = found[list].as_array()?.iter().filter_map(|one| one["text"].as_str());
    let mut runs = texts.flat_map(|text| text.split(|c: char| !c.is_ascii_digit()));
    runs.find(|run| run.len() == DIGITS).map(str::to_owned)
}
