//! Messages to people: the right ones, to the right party, in the right language, once.

mod delivery;
mod endings;
mod occasions;
mod wording;
