//! Applications for a tier: the required documents and the states of an application. Every pair of state and command is
//! listed.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::id::{KycId, UserId};
use crate::text_enum;
use chrono::TimeDelta;
use thiserror::Error;

/// Maximum number of documents per application: more than any tier needs, with room for repeated photos.
pub const DOCUMENTS_MAX: usize = 10;

/// Maximum number of applications that a user starts in [`APPLICATIONS_PERIOD`]. Each can contain megabytes.
pub const APPLICATIONS_MAX: i64 = 5;
pub const APPLICATIONS_PERIOD: TimeDelta = TimeDelta::days(30);

/// Maximum number of reasons of a rejection.
pub const REASONS_MAX: usize = 5;

text_enum! {
    /// A tier that users can apply for. Operators assign the other tiers.
    pub enum Tier as "tier" {
        Standard = "standard",
        Business = "business",
    }
}

text_enum! {
    pub enum DocumentKind as "kind of document" {
        NationalIdFront = "national_id_front",
        NationalIdBack = "national_id_back",
        Passport = "passport",
        Selfie = "selfie",
        BusinessRegistration = "business_registration",
        ProofOfAddress = "proof_of_address",
    }
}

text_enum! {
    /// An accepted file type of a document.
    pub enum MediaType as "media type" {
        Jpeg = "image/jpeg",
        Png = "image/png",
        WebP = "image/webp",
        Pdf = "application/pdf",
    }
}

text_enum! {
    /// A requirement of a tier.
    pub enum Need as "need" {
        Identity = "identity",
        Selfie = "selfie",
        BusinessRegistration = "business_registration",
        ProofOfAddress = "proof_of_address",
    }
}

text_enum! {
    pub enum State as "application state" {
        /// The applicant is adding documents.
        Draft = "draft",
        /// Waits for a decision.
        Submitted = "submitted",
        Approved = "approved",
        Rejected = "rejected",
        /// Withdrawn by the applicant.
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// The reason of a rejection.
    pub enum Reason as "reason" {
        Unreadable = "unreadable",
        Expired = "expired",
        DetailsDiffer = "details_differ",
        Incomplete = "incomplete",
        NotGenuine = "not_genuine",
        Other = "other",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub id: KycId,
    pub owner: UserId,
    pub tier: Tier,
    pub state: State,
    /// Kinds of the documents added so far.
    pub shown: Vec<DocumentKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Adds a document.
    Attach,
    /// Removes a document.
    Detach,
    Submit,
    Withdraw,
    Approve,
    Reject(&'a [Reason]),
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KycRefusal {
    #[error("the application is {0}")]
    WrongState(State),
    #[error("an application has at most {DOCUMENTS_MAX} documents")]
    TooManyDocuments,
    #[error("documents are missing; add them, then submit again")]
    Missing(Vec<Need>),
    #[error("you cannot decide your own application; another operator must decide")]
    OwnApplication,
    #[error("a rejection has 1 to {REASONS_MAX} reasons")]
    Reasons,
    #[error("the account already has this tier or a higher one")]
    TierAlreadyAssigned,
    #[error("at most {APPLICATIONS_MAX} applications can be started in 30 days; try again later")]
    TooManyApplications,
}

impl Tier {
    /// Returns the requirements of the tier.
    #[must_use]
    pub const fn needs(self) -> &'static [Need] {
        match self {
            Tier::Standard => &[Need::Identity, Need::Selfie],
            Tier::Business => {
                &[Need::Identity, Need::Selfie, Need::BusinessRegistration, Need::ProofOfAddress]
            }
        }
    }

    /// Returns whether the tier `present` is equal to or higher than this one.
    #[must_use]
    pub fn is_covered_by(self, present: &str) -> bool {
        present.parse::<Tier>().is_ok_and(|present| present >= self)
    }

    /// Checks that a user on the tier `present` may start an application. `begun_lately` counts the applications in
    /// [`APPLICATIONS_PERIOD`].
    ///
    /// # Errors
    /// [`KycRefusal::TierAlreadyAssigned`] or [`KycRefusal::TooManyApplications`].
    pub fn apply(self, present: &str, begun_lately: i64) -> Result<(), KycRefusal> {
        if self.is_covered_by(present) {
            return Err(KycRefusal::TierAlreadyAssigned);
        }
        if begun_lately >= APPLICATIONS_MAX {
            return Err(KycRefusal::TooManyApplications);
        }
        Ok(())
    }
}

impl Need {
    /// Returns the alternatives: all documents of one inner list meet the requirement.
    const fn any_of(self) -> &'static [&'static [DocumentKind]] {
        match self {
            Need::Identity => &[
                &[DocumentKind::Passport],
                &[DocumentKind::NationalIdFront, DocumentKind::NationalIdBack],
            ],
            Need::Selfie => &[&[DocumentKind::Selfie]],
            Need::BusinessRegistration => &[&[DocumentKind::BusinessRegistration]],
            Need::ProofOfAddress => &[&[DocumentKind::ProofOfAddress]],
        }
    }

    fn is_met_by(self, shown: &[DocumentKind]) -> bool {
        self.any_of().iter().any(|all| all.iter().all(|kind| shown.contains(kind)))
    }
}

impl State {
    /// Returns whether the application can still be decided. A user has at most one open application.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            State::Draft | State::Submitted => true,
            State::Approved | State::Rejected | State::Withdrawn => false,
        }
    }
}

impl Application {
    /// Returns the requirements that the documents do not meet yet.
    #[must_use]
    pub fn missing(&self) -> Vec<Need> {
        let needs = self.tier.needs().iter().copied();
        needs.filter(|need| !need.is_met_by(&self.shown)).collect()
    }
}

/// Returns the state after `command` by `actor`. The caller checks that only the owner adds documents, submits and
/// withdraws.
///
/// # Errors
/// [`KycRefusal`].
pub fn decide(
    application: &Application,
    command: Command<'_>,
    actor: UserId,
) -> Result<State, KycRefusal> {
    match (application.state, command) {
        (State::Draft, Command::Attach) if application.shown.len() >= DOCUMENTS_MAX => {
            Err(KycRefusal::TooManyDocuments)
        }
        (State::Draft, Command::Attach | Command::Detach) => Ok(State::Draft),
        (State::Draft, Command::Submit) => match application.missing() {
            missing if missing.is_empty() => Ok(State::Submitted),
            missing => Err(KycRefusal::Missing(missing)),
        },
        (State::Draft | State::Submitted, Command::Withdraw) => Ok(State::Withdrawn),
        (State::Submitted, Command::Approve | Command::Reject(_)) if actor == application.owner => {
            Err(KycRefusal::OwnApplication)
        }
        (State::Submitted, Command::Approve) => Ok(State::Approved),
        (State::Submitted, Command::Reject(reasons)) => {
            if (1..=REASONS_MAX).contains(&reasons.len()) {
                Ok(State::Rejected)
            } else {
                Err(KycRefusal::Reasons)
            }
        }
        (State::Draft, Command::Approve | Command::Reject(_))
        | (State::Submitted, Command::Attach | Command::Detach | Command::Submit)
        | (
            State::Approved | State::Rejected | State::Withdrawn,
            Command::Attach
            | Command::Detach
            | Command::Submit
            | Command::Withdraw
            | Command::Approve
            | Command::Reject(_),
        ) => Err(KycRefusal::WrongState(application.state)),
    }
}

#[cfg(test)]
mod tests;
