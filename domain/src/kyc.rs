//! Applications for a tier: what a person has to show for it, and how an application comes to its end. Every
//! pair of state and command is written out.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::id::{KycId, UserId};
use crate::text_enum;
use chrono::TimeDelta;
use thiserror::Error;

/// More than any tier needs, with room for a page that was photographed twice.
pub const DOCUMENTS_MAX: usize = 10;

/// A person begins at most so many applications in [`APPLICATIONS_PERIOD`]: each may bring megabytes.
pub const APPLICATIONS_MAX: i64 = 5;
pub const APPLICATIONS_PERIOD: TimeDelta = TimeDelta::days(30);

/// A refusal names at most so many reasons.
pub const REASONS_MAX: usize = 5;

text_enum! {
    /// The tiers that can be applied for. Others are given by operators.
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
    /// What the content of a document may be.
    pub enum MediaType as "media type" {
        Jpeg = "image/jpeg",
        Png = "image/png",
        WebP = "image/webp",
        Pdf = "application/pdf",
    }
}

text_enum! {
    /// Something that has to be shown.
    pub enum Need as "need" {
        Identity = "identity",
        Selfie = "selfie",
        BusinessRegistration = "business_registration",
        ProofOfAddress = "proof_of_address",
    }
}

text_enum! {
    pub enum State as "application state" {
        /// Documents are being collected.
        Draft = "draft",
        /// Waits for a decision.
        Submitted = "submitted",
        Approved = "approved",
        Rejected = "rejected",
        /// Taken back by the person.
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// Why an application was rejected.
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
    /// What has been handed in so far.
    pub shown: Vec<DocumentKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Hands one more document in.
    Attach,
    /// Takes a document out again.
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
    #[error("documents are missing")]
    Missing(Vec<Need>),
    #[error("nobody decides about their own application")]
    OwnApplication,
    #[error("a rejection has 1 to {REASONS_MAX} reasons")]
    Reasons,
    #[error("the person has this tier or a higher one already")]
    TierHeld,
    #[error("at most {APPLICATIONS_MAX} applications are begun in 30 days")]
    TooManyApplications,
}

impl Tier {
    /// What has to be shown for it.
    #[must_use]
    pub const fn needs(self) -> &'static [Need] {
        match self {
            Tier::Standard => &[Need::Identity, Need::Selfie],
            Tier::Business => {
                &[Need::Identity, Need::Selfie, Need::BusinessRegistration, Need::ProofOfAddress]
            }
        }
    }

    /// Whether a person on the tier `present` has all that this one would give.
    #[must_use]
    pub fn is_covered_by(self, present: &str) -> bool {
        present.parse::<Tier>().is_ok_and(|present| present >= self)
    }

    /// Whether a person on the tier `present`, who has begun so many applications lately, may begin another.
    ///
    /// # Errors
    /// [`KycRefusal::TierHeld`] or [`KycRefusal::TooManyApplications`].
    pub fn apply(self, present: &str, begun_lately: i64) -> Result<(), KycRefusal> {
        if self.is_covered_by(present) {
            return Err(KycRefusal::TierHeld);
        }
        if begun_lately >= APPLICATIONS_MAX {
            return Err(KycRefusal::TooManyApplications);
        }
        Ok(())
    }
}

impl Need {
    /// Each inner list is enough by itself.
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
    /// Whether something can still become of it. A person has one such application at a time.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            State::Draft | State::Submitted => true,
            State::Approved | State::Rejected | State::Withdrawn => false,
        }
    }
}

impl Application {
    /// What has not been shown yet.
    #[must_use]
    pub fn missing(&self) -> Vec<Need> {
        let needs = self.tier.needs().iter().copied();
        needs.filter(|need| !need.is_met_by(&self.shown)).collect()
    }
}

/// Decides which state `command`, given by `actor`, leads to. That only the owner hands in, submits and
/// withdraws is seen to by whoever looked the application up.
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
