//! The store: every change of state is one whole use-case in one transaction.
//!
//! Rules: helpers take the connection, never the pool; no network call inside a transaction; rows are
//! locked in one order (idempotency key, deal, payment, hold, accounts by id; an application before its
//! owner's row); a refusal rolls back.

mod audit;
mod callbacks;
mod clock;
mod codes;
mod deals;
mod error;
mod factors;
mod handles;
mod holds;
mod idempotency;
mod job;
mod jobs;
mod kyc;
mod ledger;
mod limits;
mod notifications;
mod page;
mod payments;
mod people;
mod pool;
mod proof;
mod quote;
mod reconciliation;
mod risk;
mod row;
mod schema;
mod sessions;
mod statement;
mod transactions;
mod transfers;
mod users;
mod vault;

pub use audit::AuditRecord;
pub use callbacks::{CallbackKind, CallbackOutcome, NewCallback, StoredCallback};
pub use clock::Clock;
pub use codes::{CodeKey, Proof as CodeProof};
pub use deals::{DealView, NewDealRequest, NewMilestoneRequest, TimelineEvent};
pub use error::{Conflict, Error, StoreError};
pub use factors::{FactorView, ReadCode, Shown, Unreadable};
pub use holds::{HoldFilter, HoldRole, HoldView, NewHold};
pub use idempotency::{Answer, Keyed, OperationView, Outcome};
pub use job::{Job, TimerKind};
pub use jobs::{Claim, DueJob, JobState, JobView};
pub use kyc::{KycDecision, KycDocument, KycView, ReviewPlace, ReviewState};
pub use ledger::Balance;
pub use limits::LimitsView;
pub use notifications::PendingNotification;
pub use page::{PAGE_MAX, Page};
pub use payments::{
    Begin, Exchange, ExchangeRecord, Exchanges, Funding, FundingMethod, PaymentView, Submission,
    WithdrawalDecision,
};
pub use people::{PeopleQuery, PersonView};
pub use pool::Store;
pub use proof::{Counts, LedgerCheck, LedgerCheckView, Proof};
pub use quote::{Allowance, Quote};
pub use reconciliation::{BreakView, RunSummary, RunView, SuspenseItem};
pub use sessions::{Device, LogIn, SessionView};
pub use transactions::{
    SCAN_MAX, StatementPage, StatementPlace, TransactionFilter, TransactionPage,
};
pub use transfers::{NewTransfer, TransferDetails, TransferView, TransferWriter};
pub use users::{Contacts, NewUser, SentNotice, SessionRecord, TakenHandle, User};
pub use vault::{MasterKey, MasterKeys};
