//! Organisations: who in one may do what, to whom. One table, read by [`permit`] and by nothing else.
//!
//! An organisation always has an owner who can act. It is handed over by making somebody else an owner, too.

use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub const NAME_CHARS_MAX: usize = 60;

/// So many organisations one person may belong to.
pub const ORGANISATIONS_MAX: i64 = 10;

/// So many people may belong to one organisation.
pub const MEMBERS_MAX: i64 = 200;

/// So many invitations of one organisation may wait for an answer.
pub const INVITATIONS_OPEN_MAX: i64 = 50;

/// So many an organisation may make within [`INVITATIONS_COUNTED`], whatever became of them: each is a
/// mail to somebody who did not ask for it.
pub const INVITATIONS_MADE_MAX: i64 = 100;
pub const INVITATIONS_COUNTED: TimeDelta = TimeDelta::days(1);

/// An invitation is good for so long after it was sent last.
pub const INVITATION_TTL: TimeDelta = TimeDelta::days(7);

/// How often one invitation is sent at most, the first time included.
pub const GENERATIONS_MAX: i16 = 6;

/// The least time between sending an invitation and sending it again.
pub const RESEND_AFTER: TimeDelta = TimeDelta::minutes(1);

text_enum! {
    /// What somebody is in an organisation. Later ones rank higher.
    pub enum Rank as "rank" {
        /// Works in its name.
        Member = "member",
        /// Decides who is a member.
        Admin = "admin",
        /// Decides about everything.
        Owner = "owner",
    }
}

text_enum! {
    pub enum InvitationEnd as "end of an invitation" {
        Accepted = "accepted",
        Revoked = "revoked",
        Expired = "expired",
    }
}

/// What is done in an organisation. Where it concerns somebody, it says which rank they have or get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Looking at its members, and at the deals in its name.
    Read,
    /// Making deals in its name.
    Deal,
    Rename,
    /// Looking at who is invited.
    ReadInvitations,
    /// Making keys with which machines act in its name, looking at all of them, ending them.
    Keys,
    /// Inviting somebody to this rank; sending that again, or taking it back.
    Invite(Rank),
    SetRank {
        from: Rank,
        to: Rank,
    },
    /// Sending a member of this rank away. Everybody may leave, which is not in the table.
    Remove(Rank),
}

/// How far a rank reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    No,
    /// It concerns nobody, or people of this rank at most.
    UpTo(Rank),
}

const NO: Reach = Reach::No;
const MEMBERS: Reach = Reach::UpTo(Rank::Member);
const ADMINS: Reach = Reach::UpTo(Rank::Admin);
const ALL: Reach = Reach::UpTo(Rank::Owner);

impl Act {
    /// What a member, an admin, an owner reaches with it.
    #[rustfmt::skip]
    const fn reaches(self) -> [Reach; 3] {
        match self {
            //                                           member  admin    owner
            Act::Read | Act::Deal                    => [ALL,    ALL,     ALL],
            Act::Rename | Act::ReadInvitations       => [NO,     ALL,     ALL],
            Act::Keys                                => [NO,     ALL,     ALL],
            Act::Invite(_)                           => [NO,     MEMBERS, ADMINS],
            Act::SetRank { .. }                      => [NO,     NO,      ALL],
            Act::Remove(_)                           => [NO,     MEMBERS, ALL],
        }
    }

    /// The highest rank that is touched.
    fn concerns(self) -> Rank {
        match self {
            Act::Read | Act::Deal | Act::Rename | Act::ReadInvitations | Act::Keys => Rank::Member,
            Act::Invite(rank) | Act::Remove(rank) => rank,
            Act::SetRank { from, to } => from.max(to),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OrganisationRefusal {
    #[error("the rank `{0}` does not reach so far")]
    Rank(Rank),
    #[error("an organisation has an owner: make somebody else one first")]
    LastOwner,
    #[error("one person belongs to at most {ORGANISATIONS_MAX} organisations")]
    TooManyOrganisations,
    #[error("an organisation has at most {MEMBERS_MAX} members")]
    TooManyMembers,
    #[error(
        "at most {INVITATIONS_OPEN_MAX} invitations are open at once, and {INVITATIONS_MADE_MAX} are made a day"
    )]
    TooManyInvitations,
    #[error("an invitation is sent at most {GENERATIONS_MAX} times")]
    SentEnough,
    #[error("the invitation was sent a moment ago")]
    TooSoon { wait: TimeDelta },
}

/// # Errors
/// [`OrganisationRefusal::Rank`].
pub fn permit(rank: Rank, act: Act) -> Result<(), OrganisationRefusal> {
    let [member, admin, owner] = act.reaches();
    let reach = match rank {
        Rank::Member => member,
        Rank::Admin => admin,
        Rank::Owner => owner,
    };
    match reach {
        Reach::UpTo(highest) if act.concerns() <= highest => Ok(()),
        Reach::UpTo(_) | Reach::No => Err(OrganisationRefusal::Rank(rank)),
    }
}

/// Whether somebody of this rank may get another, or go (`None`), where so many others are owners who can act:
/// those whose account is open.
///
/// # Errors
/// [`OrganisationRefusal::LastOwner`].
pub fn keep_an_owner(
    before: Rank,
    after: Option<Rank>,
    other_owners: usize,
) -> Result<(), OrganisationRefusal> {
    let leaves_none = before == Rank::Owner && after != Some(Rank::Owner) && other_owners == 0;
    if leaves_none { Err(OrganisationRefusal::LastOwner) } else { Ok(()) }
}

/// Whether somebody who belongs to so many organisations may belong to one more.
///
/// # Errors
/// [`OrganisationRefusal::TooManyOrganisations`].
pub const fn may_belong(organisations: i64) -> Result<(), OrganisationRefusal> {
    if organisations < ORGANISATIONS_MAX {
        Ok(())
    } else {
        Err(OrganisationRefusal::TooManyOrganisations)
    }
}

/// Whether an organisation with so many members may get one more.
///
/// # Errors
/// [`OrganisationRefusal::TooManyMembers`].
pub const fn may_grow(members: i64) -> Result<(), OrganisationRefusal> {
    if members < MEMBERS_MAX { Ok(()) } else { Err(OrganisationRefusal::TooManyMembers) }
}

/// Whether one more may be invited, with so many open invitations and so many made of late.
///
/// # Errors
/// [`OrganisationRefusal::TooManyInvitations`].
pub const fn may_invite(open: i64, made: i64) -> Result<(), OrganisationRefusal> {
    if open < INVITATIONS_OPEN_MAX && made < INVITATIONS_MADE_MAX {
        Ok(())
    } else {
        Err(OrganisationRefusal::TooManyInvitations)
    }
}

/// Whether an invitation may be sent again, and its generation then.
///
/// # Errors
/// [`OrganisationRefusal::SentEnough`], or [`OrganisationRefusal::TooSoon`] with the time to wait.
pub fn resend(
    generation: i16,
    sent_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<i16, OrganisationRefusal> {
    let next = generation.checked_add(1).filter(|next| *next <= GENERATIONS_MAX);
    let next = next.ok_or(OrganisationRefusal::SentEnough)?;
    let wait = RESEND_AFTER.checked_sub(&now.signed_duration_since(sent_at)).unwrap_or_default();
    if wait > TimeDelta::zero() { Err(OrganisationRefusal::TooSoon { wait }) } else { Ok(next) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Rank::{Admin, Member, Owner};

    /// Written out rank by rank, to be read beside the table.
    #[test]
    fn each_rank_reaches_as_far_as_the_table_says() {
        let everything = || {
            let one = Rank::ALL.iter().flat_map(|rank| [Act::Invite(*rank), Act::Remove(*rank)]);
            let two = Rank::ALL
                .iter()
                .flat_map(|from| Rank::ALL.iter().map(|to| Act::SetRank { from: *from, to: *to }));
            let none = [Act::Read, Act::Deal, Act::Rename, Act::ReadInvitations, Act::Keys];
            none.into_iter().chain(one).chain(two)
        };
        let of_members = [Act::Read, Act::Deal];
        let of_admins = [
            Act::Rename,
            Act::ReadInvitations,
            Act::Keys,
            Act::Invite(Member),
            Act::Remove(Member),
        ];
        for act in everything() {
            let of_owners = act != Act::Invite(Owner);
            for (rank, may) in [
                (Member, of_members.contains(&act)),
                (Admin, of_members.contains(&act) || of_admins.contains(&act)),
                (Owner, of_owners),
            ] {
                let expected = if may { Ok(()) } else { Err(OrganisationRefusal::Rank(rank)) };
                assert_eq!(permit(rank, act), expected, "{rank}: {act:?}");
            }
        }
    }

    #[test]
    fn the_last_owner_stays_one() {
        for (before, after, others, stays) in [
            (Owner, None, 0, true),
            (Owner, Some(Admin), 0, true),
            (Owner, Some(Member), 0, true),
            (Owner, Some(Owner), 0, false),
            (Owner, None, 1, false),
            (Owner, Some(Member), 1, false),
            (Admin, None, 0, false),
            (Member, Some(Owner), 0, false),
        ] {
            let refused = keep_an_owner(before, after, others).is_err();
            assert_eq!(refused, stays, "{before} to {after:?} beside {others}");
        }
    }

    #[test]
    fn numbers_are_bounded() {
        assert!(may_belong(9).is_ok() && may_belong(10).is_err());
        assert!(may_grow(199).is_ok() && may_grow(200).is_err());
        assert!(may_invite(49, 99).is_ok());
        assert!(may_invite(50, 50).is_err() && may_invite(0, 100).is_err());
    }

    #[test]
    fn an_invitation_is_sent_again_after_a_minute_and_five_times() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let too_soon = |seconds| OrganisationRefusal::TooSoon { wait: TimeDelta::seconds(seconds) };
        for (generation, now, expected) in [
            (1, 0, Err(too_soon(60))),
            (1, 59, Err(too_soon(1))),
            (1, 60, Ok(2)),
            (5, 60, Ok(6)),
            (6, 60, Err(OrganisationRefusal::SentEnough)),
            (i16::MAX, 60, Err(OrganisationRefusal::SentEnough)),
            // Sent by a server whose clock is ahead.
            (1, -30, Err(too_soon(90))),
        ] {
            assert_eq!(resend(generation, at(0), at(now)), expected, "{generation} at {now}");
        }
    }
}
