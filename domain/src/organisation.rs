//! Organisations: the permissions of their members, in one table that only [`permit`] reads.
//!
//! An organisation always has an owner with an open account. To hand it over, make another member an owner first.

use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

pub const NAME_CHARS_MAX: usize = 60;

/// Maximum number of organisations per user.
pub const ORGANISATIONS_MAX: i64 = 10;

/// Maximum number of members per organisation.
pub const MEMBERS_MAX: i64 = 200;

/// Maximum number of open invitations per organisation.
pub const INVITATIONS_OPEN_MAX: i64 = 50;

/// Maximum number of invitations within [`INVITATIONS_COUNTED`], including closed ones: each is an unsolicited e-mail.
pub const INVITATIONS_MADE_MAX: i64 = 100;
pub const INVITATIONS_COUNTED: TimeDelta = TimeDelta::days(1);

/// Validity of an invitation, counted from its last delivery.
pub const INVITATION_TTL: TimeDelta = TimeDelta::days(7);

/// Maximum number of deliveries of an invitation, including the first.
pub const GENERATIONS_MAX: i16 = 6;

/// Minimum time between two deliveries of an invitation.
pub const RESEND_AFTER: TimeDelta = TimeDelta::minutes(1);

text_enum! {
    /// The role of a member, in ascending order.
    pub enum Rank as "rank" {
        /// Makes deals for the organisation.
        Member = "member",
        /// Also manages members, invitations and API keys.
        Admin = "admin",
        /// Also changes roles.
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

/// An action in an organisation, with the roles of the member whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Reads the members and the deals of the organisation.
    Read,
    /// Makes deals for the organisation.
    Deal,
    Rename,
    /// Reads the invitations.
    ReadInvitations,
    /// Creates, reads and revokes the API keys of the organisation.
    Keys,
    /// Creates, resends or revokes an invitation with this role.
    Invite(Rank),
    SetRank {
        from: Rank,
        to: Rank,
    },
    /// Removes a member with this role. Every member may leave, which is not in the table.
    Remove(Rank),
}

/// The extent of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    No,
    /// Allowed for members up to this role, and if the action concerns no member.
    UpTo(Rank),
}

const NO: Reach = Reach::No;
const MEMBERS: Reach = Reach::UpTo(Rank::Member);
const ADMINS: Reach = Reach::UpTo(Rank::Admin);
const ALL: Reach = Reach::UpTo(Rank::Owner);

impl Act {
    /// Returns the extent of the action for a member, an admin and an owner.
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

    /// Returns the highest role that the action concerns.
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
    #[error("the role `{0}` does not allow this; ask a member with a higher role")]
    Rank(Rank),
    #[error("an organisation needs an owner; make another member an owner first")]
    LastOwner,
    #[error("a user can be a member of at most {ORGANISATIONS_MAX} organisations; leave one first")]
    TooManyOrganisations,
    #[error("an organisation has at most {MEMBERS_MAX} members")]
    TooManyMembers,
    #[error(
        "an organisation can have at most {INVITATIONS_OPEN_MAX} open invitations and create {INVITATIONS_MADE_MAX} a day; revoke open ones or wait"
    )]
    TooManyInvitations,
    #[error("an invitation can be sent at most {GENERATIONS_MAX} times; create a new one")]
    SentEnough,
    #[error("the invitation was sent less than a minute ago; wait before you send it again")]
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

/// Checks that an owner remains if a member changes from `before` to `after` (`None`: leaves). `other_owners` counts
/// the other owners with an open account.
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

/// Checks that a member of `organisations` organisations may join another one.
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

/// Checks that an organisation may get another member.
///
/// # Errors
/// [`OrganisationRefusal::TooManyMembers`].
pub const fn may_grow(members: i64) -> Result<(), OrganisationRefusal> {
    if members < MEMBERS_MAX { Ok(()) } else { Err(OrganisationRefusal::TooManyMembers) }
}

/// Checks that another invitation may be created. `made` counts the invitations within [`INVITATIONS_COUNTED`].
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

/// Checks that an invitation may be sent again, and returns its next generation.
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

    /// The expected rights, listed by role to compare with the table.
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
            // Sent by another server whose clock is ahead.
            (1, -30, Err(too_soon(90))),
        ] {
            assert_eq!(resend(generation, at(0), at(now)), expected, "{generation} at {now}");
        }
    }
}
