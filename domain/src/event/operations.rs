//! Events of operators and of the system itself.

use super::kinds::event_kinds;
use crate::id::{DocumentId, UserId};
use chrono::{DateTime, Utc};

event_kinds! {
    /// Events about a request for approval, the subject.
    ApprovalEvent {
        Requested = "approval.requested" for Staff {
            kind: String,
            user: Option<UserId>,
            note: String,
        }
        Approved = "approval.approved" for Staff {
            kind: String,
            user: Option<UserId>,
            note: String,
        }
        Rejected = "approval.rejected" for Staff {
            kind: String,
            user: Option<UserId>,
            note: String,
        }
        /// The requester withdrew the request.
        Withdrawn = "approval.withdrawn" for Staff {
            kind: String,
            user: Option<UserId>,
            note: String,
        }
        Expired = "approval.expired" for Staff {}
    }
}

event_kinds! {
    /// Events about fees, jobs, keys, documents of disputes and the test clock.
    OperationEvent {
        /// A fee plan was published. The subject is its currency.
        FeePlanPublished = "fee_plan.published" for Staff {
            version: u32,
            percentage_bps: u16,
            fixed_minor: i64,
            floor_minor: i64,
            cap_minor: Option<i64>,
            provider_cost_minor: i64,
            valid_from: DateTime<Utc>,
        }
        JobReplayed = "job.replayed" for Staff {}
        /// A key that signs access tokens was created. The subject is its key id.
        SigningKeyCreated = "signing_key.created" for Audit {
            signs_from: DateTime<Utc>,
        }
        /// The clock of a test system was moved forward. The subject is the user who did it.
        TestClockAdvanced = "test_clock.advanced" for Audit {
            by_s: i64,
            offset_s: i64,
        }
        /// An arbiter got a link to a document of a dispute, the subject.
        DisputeDocumentLinked = "dispute.document_linked" for Audit {
            document: DocumentId,
        }
        DisputeDocumentViewed = "dispute.document_viewed" for Audit {
            document: DocumentId,
        }
    }
}
