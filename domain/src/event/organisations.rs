//! Events about an organisation, the subject.

use super::kinds::event_kinds;
use crate::id::{InvitationId, UserId};
use crate::organisation::Rank;

event_kinds! {
    /// Events about an organisation, its members and its invitations.
    OrganisationEvent {
        Created = "organisation.created" for Parties {
            name: String,
        }
        Renamed = "organisation.renamed" for Parties {
            from: String,
            to: String,
        }
        MemberRoleChanged = "member.role_changed" for Parties {
            user: UserId,
            from: Rank,
            to: Rank,
        }
        MemberRemoved = "member.removed" for Parties {
            user: UserId,
            role: Rank,
        }
        InvitationCreated = "invitation.created" for Parties {
            invitation: InvitationId,
            role: Rank,
        }
        InvitationResent = "invitation.resent" for Parties {
            invitation: InvitationId,
            generation: i16,
        }
        InvitationAccepted = "invitation.accepted" for Parties {
            invitation: InvitationId,
            user: UserId,
            role: Rank,
        }
        InvitationRevoked = "invitation.revoked" for Parties {
            invitation: InvitationId,
        }
        InvitationExpired = "invitation.expired" for Parties {
            invitation: InvitationId,
        }
    }
}
