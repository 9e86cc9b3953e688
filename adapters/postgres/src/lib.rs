//! The store: each use-case that changes state is one transaction.
//!
//! - Helpers take the connection, never the pool.
//! - A transaction contains no network call.
//! - A refusal rolls the transaction back.
//! - Rows are locked in one order: idempotency key, deal, payment, hold, accounts by id.
//! - An application is locked before its owner's row, an approval request before its subject.
//! - An organisation is locked before the row of a joining user, a user's row before their API keys.

mod address;
mod api_keys;
mod approvals;

mod call_context;
mod callbacks;
mod clock;
mod codes;
mod conflicts;
mod connect;
mod deals;
mod documents;
mod error;
mod factors;
mod fee_plans;
mod handles;
mod health;
mod holds;
mod idempotency;
mod introductions;
mod invitations;
mod job;
mod jobs;
mod kyc;
mod ledger;
mod limits;
mod log;
mod migrate;
mod notifications;
mod organisations;
mod page;
mod payments;
mod people;
mod pool;
mod proof;
mod quote;
mod reconciliation;
mod retention;
mod risk;
mod row;
mod schema;
mod sessions;
mod signing_keys;
mod statement;
mod test_clock;

mod tickets;
mod tls;
mod transactions;
mod transfers;
mod trusted_devices;
mod users;
mod vault;

pub use address::{AddressError, check_url};
pub use api_keys::{ApiKeyRecord, ApiKeyView, KeptSecret, NewApiKey};
pub use approvals::ApprovalView;

pub use call_context::{CallContext, Machine, current_call, in_call};
pub use callbacks::{
    CallbackKind, CallbackOutcome, CallbackOwner, CallbackView, NewCallback, StoredCallback,
};
pub use clock::Clock;
pub use codes::{CodeKey, Proof as CodeProof};
pub use deals::{
    AgreementView, AwardRequest, AwardView, DealFile, DealInvitation, DealView, DeliveryView,
    DisputePlace, DisputeReview, DisputeView, FilePlace, KeptOffer, LabelView, NewDealRequest,
    NewMilestoneRequest, OfferRequest, Opposite, PayReference, Reminder, RenderDeal, RevisionView,
    Signature,
};
pub use documents::{Document, OpenDocument};
pub use error::{Conflict, Error, StoreError};
pub use factors::{FactorView, ReadCode, Shown, Unreadable};
pub use fee_plans::{CONFIGURED_VERSION, PublishedPlan};
pub use health::{
    COUNTED_MAX, Health, ProviderState, QueueState, ReconciliationOutcome, ReconciliationState,
};
pub use holds::{HoldFilter, HoldRole, HoldView, NewHold};
pub use idempotency::{Answer, Keyed, OperationView, Outcome};
pub use invitations::{InvitationView, NewInvitation, OpenInvitation, Told};
pub use job::{Job, Queue, TimerKind};
pub use jobs::{Claim, DueJob, JobState, JobView};
pub use kyc::{KycDecision, KycDocument, KycView, ReviewPlace, ReviewState};
pub use ledger::Balance;
pub use limits::LimitsView;
pub use log::{AuditRecord, LoggedEvent, TimelineEvent};
pub use notifications::PendingNotification;
pub use organisations::{MemberView, OrganisationView};
pub use page::{PAGE_MAX, Page};
pub use payments::{
    Begin, EvidenceView, Exchange, ExchangeRecord, Exchanges, Funding, FundingMethod,
    FundingRequest, PaymentView, Poll, Submission, WithdrawalDecision,
};
pub use people::{PeopleQuery, PersonView};
pub use pool::{PoolSize, Store};
pub use proof::{Counts, LedgerCheck, LedgerCheckView, Proof};
pub use quote::{Allowance, Quote};
pub use reconciliation::{DiscrepancyState, DiscrepancyView, RunSummary, RunView, SuspenseItem};
pub use retention::{Old, PART_MAX};
pub use sessions::{Device, LogIn, SessionView};
pub use signing_keys::{KeyPair, SigningKey};
pub use transactions::{
    SCAN_MAX, StatementPage, StatementPlace, TransactionFilter, TransactionPage,
};
pub use transfers::{NewTransfer, TransferDetails, TransferView, TransferWriter};
pub use trusted_devices::{DeviceDigest, TrustedDevice};
pub use users::{
    Contacts, NewUser, PasswordMark, ProfileChange, SentNotice, SessionRecord, TakenHandle, User,
    UserQuery,
};
pub use vault::{MasterKey, MasterKeys, sealing};
