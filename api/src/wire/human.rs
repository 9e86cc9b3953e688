//! Human text in requests. Each field is one of these types, which only the domain's parser creates.

use super::Text;
use super::values::{EMAIL_BYTES_MAX, text_schema};
use amana_domain::api_key::NAME_CHARS_MAX as API_KEY_NAME_CHARS_MAX;
use amana_domain::deal::{
    CARRIER_CHARS_MAX, DESCRIPTION_CHARS_MAX, REFERENCE_CHARS_MAX, TITLE_CHARS_MAX,
    TRACKING_CHARS_MAX,
};
use amana_domain::human::{HumanText, NameOf, TextError};
use amana_domain::organisation;
use amana_domain::transfer::NOTE_CHARS_MAX as MESSAGE_CHARS_MAX;
use poem_openapi::registry::MetaSchema;

const PERSON_CHARS_MAX: usize = 120;
/// Minimum length without `@`.
const SEARCH_CHARS_MIN: usize = 3;
const NOTE_CHARS_MIN: usize = 3;
const NOTE_CHARS_MAX: usize = 500;
/// Maximum length of a statement in a dispute.
const WORDS_CHARS_MAX: usize = 2_000;
const RECEIPT_CHARS_MAX: usize = 64;

/// Declares types of human text with name in the document, length limits and parser.
macro_rules! human_texts {
    ($($(#[$meta:meta])* $name:ident = $wire:literal, $min:expr, $max:expr, $read:expr;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(pub(crate) String);

        impl Text for $name {
            const NAME: &'static str = $wire;

            fn parse(text: &str) -> Result<Self, String> {
                let read: fn(&str, usize, usize) -> Result<HumanText, TextError> = $read;
                let text = read(text, $min, $max).map_err(|error| error.to_string())?;
                Ok(Self(text.into_string()))
            }

            fn text(&self) -> String {
                self.0.clone()
            }

            fn schema() -> MetaSchema {
                text_schema(None, $min, $max)
            }
        }
    )+};
}

human_texts! {
    /// The name of a person.
    PersonName = "name", 1, PERSON_CHARS_MAX,
        |text, _, max| HumanText::name(text, max, NameOf::Person);
    /// The name of an organisation.
    OrganisationName = "organisation-name", 1, organisation::NAME_CHARS_MAX,
        |text, _, max| HumanText::name(text, max, NameOf::Organisation);
    /// The title of a deal or a milestone.
    Title = "title", 1, TITLE_CHARS_MAX, HumanText::line;
    /// A message to another user about money.
    Message = "message", 1, MESSAGE_CHARS_MAX, HumanText::line;
    /// An operator's reason.
    Note = "note", NOTE_CHARS_MIN, NOTE_CHARS_MAX, HumanText::line;
    /// The name of an API key.
    ApiKeyName = "api-key-name", 1, API_KEY_NAME_CHARS_MAX, HumanText::line;
    /// The carrier of a parcel.
    CarrierName = "carrier", 1, CARRIER_CHARS_MAX, HumanText::line;
    /// A carrier's tracking number.
    TrackingNumber = "tracking-number", 1, TRACKING_CHARS_MAX, HumanText::line;
    /// The creator's own reference of a deal.
    DealReference = "deal-reference", 1, REFERENCE_CHARS_MAX, HumanText::line;
    /// The name of a tier.
    TierName = "tier", 2, 30, HumanText::line;
    /// A provider's receipt.
    Receipt = "receipt", 1, RECEIPT_CHARS_MAX, HumanText::line;
    /// A description of goods.
    Description = "description", 1, DESCRIPTION_CHARS_MAX, HumanText::lines;
    /// A statement of a party or an arbiter in a dispute.
    Words = "words", NOTE_CHARS_MIN, WORDS_CHARS_MAX, HumanText::lines;
}

/// Text to search users by. The minimum length prevents searches that match everybody.
#[derive(Debug, Clone)]
pub(crate) struct SearchText(pub(crate) String);

impl Text for SearchText {
    const NAME: &'static str = "search";

    fn parse(text: &str) -> Result<Self, String> {
        let text = HumanText::line(text, SEARCH_CHARS_MIN, EMAIL_BYTES_MAX);
        let text = text.map_err(|error| error.to_string())?.into_string();
        let name = text.strip_prefix('@').unwrap_or(&text);
        if name.chars().count() < SEARCH_CHARS_MIN {
            return Err(format!("expected at least {SEARCH_CHARS_MIN} characters after the `@`"));
        }
        Ok(Self(text))
    }

    fn text(&self) -> String {
        self.0.clone()
    }

    fn schema() -> MetaSchema {
        text_schema(None, SEARCH_CHARS_MIN, EMAIL_BYTES_MAX)
    }
}
