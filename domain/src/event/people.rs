//! Events about users, their access and their verification. The subject of a user event is the user; the subject of
//! an access event is the session, device or key, or the user for factors.

use super::kinds::event_kinds;
use crate::contact::ContactKind;
use crate::id::{DocumentId, UserId};
use crate::kyc;
use crate::notice::Locale;
use crate::session::EndReason;
use chrono::{DateTime, Utc};

event_kinds! {
    /// Events about a user.
    UserEvent {
        /// An account was registered.
        Registered = "user.registered" for Parties {
            role: String,
            handle: Option<String>,
        }
        /// A contact was verified.
        Verified = "user.verified" for Parties {
            channel: ContactKind,
        }
        /// A contact was replaced; both are masked.
        ContactChanged = "user.contact_changed" for Parties {
            channel: ContactKind,
            from: Option<String>,
            to: String,
        }
        /// An unverified contact was removed, because another account verified it.
        ContactRemoved = "user.contact_removed" for Audit {
            channel: ContactKind,
        }
        HandleChanged = "user.handle_changed" for Parties {
            from: Option<String>,
            to: String,
        }
        /// The name, the language or both were changed. Names are personal and stay out of the log.
        ProfileChanged = "user.profile_changed" for Parties {
            name: bool,
            language: Option<Locale>,
        }
        PasswordChanged = "user.password_changed" for Parties {}
        /// The password was replaced with a code.
        PasswordReset = "user.password_reset" for Parties {}
        RoleChanged = "user.role_changed" for Staff {
            from: String,
            to: String,
            note: String,
        }
        TierChanged = "user.tier_changed" for Parties {
            from: String,
            to: String,
            note: String,
        }
        Frozen = "user.frozen" for Staff {
            note: String,
        }
        Unfrozen = "user.unfrozen" for Staff {
            note: String,
        }
        Closed = "user.closed" for Staff {
            #[serde(skip_serializing_if = "Option::is_none")]
            note: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<String>,
        }
        Reopened = "user.reopened" for Staff {
            note: String,
        }
        Exported = "user.exported" for Parties {}
        Erased = "user.erased" for Audit {}
        /// An operator found the user by a search.
        Searched = "user.searched" for Audit {
            /// The kind of the search term: phone, email, handle, id or receipt.
            by: String,
        }
        Viewed = "user.viewed" for Audit {}
        /// An operator read the user's payments.
        PaymentsViewed = "user.payments_viewed" for Audit {}
        /// An operator read the user's deals.
        DealsViewed = "user.deals_viewed" for Audit {}
        /// An operator read the user's wallet.
        WalletViewed = "user.wallet_viewed" for Audit {}
    }
}

event_kinds! {
    /// Events about sessions, devices, factors and API keys.
    AccessEvent {
        SessionOpened = "session.opened" for Parties {
            user: UserId,
            device_kind: String,
        }
        SessionEnded = "session.ended" for Parties {
            reason: EndReason,
        }
        /// The user confirmed their identity again in the session.
        SessionSteppedUp = "session.stepped_up" for Parties {}
        DeviceTrusted = "device.trusted" for Parties {
            user: UserId,
        }
        DeviceRevoked = "device.revoked" for Parties {}
        FactorEnrolmentStarted = "factor.enrolment_started" for Parties {}
        FactorAdded = "factor.added" for Parties {
            /// The channel of the codes; absent for an authenticator app.
            #[serde(skip_serializing_if = "Option::is_none")]
            channel: Option<ContactKind>,
        }
        /// Too many wrong codes were entered.
        FactorLocked = "factor.locked" for Parties {}
        BackupCodeUsed = "factor.backup_code_used" for Parties {
            left: i64,
        }
        BackupCodesReplaced = "factor.backup_codes_replaced" for Parties {}
        FactorRemoved = "factor.removed" for Parties {}
        ApiKeyCreated = "api_key.created" for Parties {
            mode: String,
            scopes: Vec<String>,
            expires_at: DateTime<Utc>,
        }
        /// The key has a new secret. The previous one is valid until `previous_until`.
        ApiKeyRotated = "api_key.rotated" for Parties {
            previous_until: Option<DateTime<Utc>>,
            expires_at: DateTime<Utc>,
        }
        ApiKeyRevoked = "api_key.revoked" for Parties {
            reason: String,
        }
    }
}

event_kinds! {
    /// Events about an application for a tier, the subject.
    KycEvent {
        Created = "kyc.created" for Parties {
            tier: String,
            to: kyc::State,
        }
        DocumentAdded = "kyc.document_added" for Parties {
            document: DocumentId,
            kind: String,
            sha256: String,
        }
        DocumentRemoved = "kyc.document_removed" for Parties {
            document: DocumentId,
        }
        Submitted = "kyc.submitted" for Parties {
            from: kyc::State,
            to: kyc::State,
        }
        Withdrawn = "kyc.withdrawn" for Parties {
            from: kyc::State,
            to: kyc::State,
        }
        Approved = "kyc.approved" for Parties {
            from: kyc::State,
            to: kyc::State,
            note: String,
        }
        Rejected = "kyc.rejected" for Parties {
            from: kyc::State,
            to: kyc::State,
            reasons: Vec<String>,
            note: String,
        }
        /// A reviewer got a link to a document.
        DocumentLinked = "kyc.document_linked" for Audit {
            document: DocumentId,
        }
        DocumentViewed = "kyc.document_viewed" for Audit {
            document: DocumentId,
        }
        /// The documents of a closed application were deleted after their retention period.
        DocumentsDeleted = "kyc.documents_deleted" for Audit {}
    }
}
