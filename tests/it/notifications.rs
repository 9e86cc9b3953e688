//! Messages: the right content, recipient and language, sent once.

mod delivery;
mod endings;
mod occasions;
mod wording;
