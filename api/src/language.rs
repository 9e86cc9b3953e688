//! The language of texts in responses: the caller's own from the access token, otherwise that of `Accept-Language`.

use amana_domain::notice::Locale;
use poem::Request;
use poem::http::header;
use std::cell::Cell;
use std::future::Future;

tokio::task_local! {
    static SPOKEN: Cell<Locale>;
}

/// Handles a request in the language of its `Accept-Language` header.
pub(crate) async fn scope<F: Future>(asked: Locale, handled: F) -> F::Output {
    SPOKEN.scope(Cell::new(asked), handled).await
}

/// Switches to the language of the authenticated caller.
pub(crate) fn set(locale: Locale) {
    let _outside_of_a_request = SPOKEN.try_with(|spoken| spoken.set(locale));
}

/// Returns the language of the current response.
pub(crate) fn spoken() -> Locale {
    SPOKEN.try_with(Cell::get).unwrap_or(Locale::English)
}

/// Returns the first supported language in `Accept-Language`. Weights are ignored, because clients list the preferred
/// language first.
pub(crate) fn asked(request: &Request) -> Locale {
    let wanted = request.header(header::ACCEPT_LANGUAGE).unwrap_or_default();
    let mut tags =
        wanted.split(',').map(|range| range.split([';', '-']).next().unwrap_or_default());
    let known = tags.find_map(|tag| tag.trim().to_ascii_lowercase().parse().ok());
    known.unwrap_or(Locale::English)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_we_speak_is_taken() {
        let read = |text: &str| asked(&Request::builder().header("Accept-Language", text).finish());
        for (text, locale) in [
            ("", Locale::English),
            ("sw", Locale::Swahili),
            ("sw-KE,en;q=0.8", Locale::Swahili),
            ("fr, SW;q=0.9, en;q=0.1", Locale::Swahili),
            ("en-GB,sw", Locale::English),
            ("*", Locale::English),
        ] {
            assert_eq!(read(text), locale, "{text}");
        }
    }

    #[tokio::test]
    async fn the_caller_comes_before_the_client() {
        assert_eq!(spoken(), Locale::English);
        let told = scope(Locale::English, async {
            set(Locale::Swahili);
            spoken()
        });
        assert_eq!(told.await, Locale::Swahili);
    }
}
