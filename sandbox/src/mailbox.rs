//! Parses a received e-mail for the pages.

use mail_parser::MessageParser;
use serde_json::json;

use crate::{
    clock,
    state::{Mail, State},
};

const HEADERS_MAX: usize = 50;

pub(crate) fn keep(state: &mut State, from: String, to: Vec<String>, raw: &[u8]) {
    let parsed = MessageParser::default().parse(raw);
    let message = parsed.as_ref();
    let text = message.and_then(|it| it.body_text(0)).unwrap_or_default().into_owned();
    // `body_html` would convert plain text to HTML; only a real HTML part is shown.
    let html = message
        .filter(|it| it.html_part(0).is_some_and(|part| part.is_text_html()))
        .and_then(|it| it.body_html(0))
        .map(|html| html.into_owned());
    let headers = message.map_or_else(Vec::new, |it| {
        it.headers_raw()
            .take(HEADERS_MAX)
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect()
    });
    let subject = message.and_then(|it| it.subject()).unwrap_or_default().to_owned();
    let id = state.message_id();
    state.event("mail", &id.to_string(), json!({ "to": to }));
    let at = clock::rfc3339(clock::now_ms());
    state.keep_mail(Mail { id, at, from, to, subject, text, html, headers });
}
