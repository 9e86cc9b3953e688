//! Web address and support contact of the service, shown by the API and in messages.

use super::{Source, Variable};
use amana_messaging::{House, check_sender};
use url::Url;

const SUPPORT_CONTACT_CHARS_MAX: usize = 200;
const WEB_URL_CHARS_MAX: usize = 100;

pub(super) fn read(source: &Source) -> Option<House> {
    let (web_url, support_contact) = (web_url(source), support_contact(source));
    Some(House { web_url: web_url?, support_contact: support_contact? })
}

/// Returns the address for replies to e-mails: the support contact, if it is an e-mail address.
pub(super) fn reply_to(house: &House) -> Option<String> {
    let contact = house.support_contact.as_deref().filter(|contact| contact.contains('@'));
    contact.filter(|contact| check_sender(contact).is_ok()).map(str::to_owned)
}

/// One short line, because the API publishes it.
pub(super) fn support_contact(source: &Source) -> Option<Option<String>> {
    let Some(text) = source.optional(Variable::SupportContact) else { return Some(None) };
    if text.chars().count() > SUPPORT_CONTACT_CHARS_MAX || text.chars().any(char::is_control) {
        let why = format!("must be one line of at most {SUPPORT_CONTACT_CHARS_MAX} characters");
        return source.refuse(Variable::SupportContact, why);
    }
    Some(Some(text))
}

/// Limited in length, because an SMS contains it.
fn web_url(source: &Source) -> Option<Option<String>> {
    let Some(text) = source.optional(Variable::WebUrl) else { return Some(None) };
    let url = Url::parse(&text).ok();
    let is_web = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_web && text.chars().count() <= WEB_URL_CHARS_MAX {
        return Some(Some(text));
    }
    let why = format!(
        "must be an address such as https://app.example.com, of at most {WEB_URL_CHARS_MAX} characters"
    );
    source.refuse(Variable::WebUrl, why)
}
