//! One-time codes in caught messages.

use crate::app::App;

const DIGITS: usize = 6;

impl App {
    /// Returns the codes in messages to an address or number that contain these words, newest first.
    pub async fn codes(&self, to: &str, words: &str) -> Vec<String> {
        let list = if to.contains('@') { "mails" } else { "sms" };
        let found = self.sandbox_get(&format!("/admin/{list}?to={to}")).await;
        let messages = found[list].as_array().expect("messages").iter();
        let texts = messages.filter_map(|one| one["text"].as_str());
        texts.filter(|text| text.contains(words)).filter_map(code_in).collect()
    }

    /// Returns the newest of them. With a worker, first waits until all recorded messages are sent.
    pub async fn code(&self, to: &str, words: &str) -> String {
        if self.has_worker() {
            self.messages_are_sent().await;
        }
        let found = self.codes(to, words).await;
        found.into_iter().next().unwrap_or_else(|| panic!("no code with `{words}` for {to}"))
    }
}

/// Returns the first run of six digits.
fn code_in(text: &str) -> Option<String> {
    let mut runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == DIGITS);
    runs.next().map(str::to_owned)
}

/// Returns a different code.
#[must_use]
pub fn another_code(code: &str) -> String {
    let code: u32 = code.parse().expect("digits");
    format!("{:06}", (code + 1) % 1_000_000)
}
