//! The shape of an export, and how it is gathered. Sections are read one after the other: what happens meanwhile
//! may be in one and not yet in another.

use crate::api_keys::ApiKeyAnswer;
use crate::context::Context;
use crate::deals::DealAnswer;
use crate::disputes::DisputeAnswer;
use crate::holds::HoldAnswer;
use crate::kyc::ApplicationAnswer;
use crate::limits::LimitsAnswer;
use crate::organisations::OrganisationAnswer;
use crate::payments::PaymentAnswer;
use crate::problem::ApiError;
use crate::transactions::TransactionAnswer;
use crate::trusted_devices::DeviceAnswer;
use crate::users::UserAnswer;
use crate::wallet::BalanceAnswer;
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::handle::Handle;
use amana_domain::id::{SessionId, UserId};
use amana_domain::money::Currency;
use amana_domain::personal::Personal;
use amana_domain::session::DeviceKind;
use amana_postgres::{
    HoldFilter, Page, PaymentView, SentNotice, SessionRecord, TakenHandle, TransactionFilter, User,
};
use poem_openapi::Object;

/// The most that a section has; the newest are taken.
const SECTION_MAX: i64 = 100;

/// How one is reached, in full.
#[derive(Debug, Object)]
struct FullContacts {
    /// `null` if the account has none.
    email: Nullable<String>,
    /// International, without the plus sign; `null` if the account has none.
    phone: Nullable<String>,
}

/// A handle that is the person's for ever.
#[derive(Debug, Object)]
#[oai(rename = "TakenHandle")]
struct HandleAnswer {
    handle: Wire<Handle>,
    taken_at: Timestamp,
}

impl From<TakenHandle> for HandleAnswer {
    fn from(taken: TakenHandle) -> Self {
        Self { handle: taken.handle.into(), taken_at: taken.taken_at.into() }
    }
}

/// A session, over or not.
#[derive(Debug, Object)]
#[oai(rename = "SessionRecord")]
struct RecordAnswer {
    id: Wire<SessionId>,
    device: String,
    kind: Wire<DeviceKind>,
    /// The internet address at log-in.
    ip_address: String,
    /// Roughly where that is, if we knew.
    location: Nullable<String>,
    created_at: Timestamp,
    /// `null` unless it was ended; one that is not refreshed for a week is over by itself.
    ended_at: Nullable<Timestamp>,
}

impl From<SessionRecord> for RecordAnswer {
    fn from(record: SessionRecord) -> Self {
        Self {
            id: record.id.into(),
            device: record.device_name,
            kind: record.device_kind.into(),
            ip_address: record.address,
            location: Nullable::of(record.place),
            created_at: record.created_at.into(),
            ended_at: Nullable::of(record.ended_at),
        }
    }
}

/// A payment, with the number in full.
#[derive(Debug, Object)]
#[oai(rename = "FullPayment")]
struct FullPaymentAnswer {
    payment: PaymentAnswer,
    /// International, without the plus sign.
    phone: Nullable<String>,
}

impl From<PaymentView> for FullPaymentAnswer {
    fn from(view: PaymentView) -> Self {
        let phone = view.msisdn.as_ref().map(|number| number.as_str().to_owned());
        Self { payment: PaymentAnswer::from(&view), phone: Nullable::of(phone) }
    }
}

/// That the person was told something.
#[derive(Debug, Object)]
#[oai(rename = "SentNotification")]
struct NoticeAnswer {
    /// What it was about, such as `deposit_received`.
    kind: String,
    /// `email` or `sms`.
    channel: String,
    created_at: Timestamp,
    /// `null` if it was not sent.
    sent_at: Nullable<Timestamp>,
}

impl From<SentNotice> for NoticeAnswer {
    fn from(notice: SentNotice) -> Self {
        Self {
            kind: notice.template.to_string(),
            channel: notice.channel.to_string(),
            created_at: notice.created_at.into(),
            sent_at: Nullable::of(notice.sent_at),
        }
    }
}

/// A section that has not everything.
#[derive(Debug, Object)]
struct TruncatedSection {
    section: String,
    /// The operation that lists all of it; `null` if none does.
    continues_in: Nullable<String>,
}

/// What we hold of a person.
#[derive(Debug, Object)]
#[oai(rename = "Export")]
pub(super) struct ExportAnswer {
    created_at: Timestamp,
    profile: UserAnswer,
    contacts: FullContacts,
    handles: Vec<HandleAnswer>,
    /// Since when there is a second factor; `null` if there is none.
    second_factor_since: Nullable<Timestamp>,
    sessions: Vec<RecordAnswer>,
    trusted_devices: Vec<DeviceAnswer>,
    /// Without their secrets, of which we hold digests only.
    api_keys: Vec<ApiKeyAnswer>,
    organisations: Vec<OrganisationAnswer>,
    limits: LimitsAnswer,
    balances: Vec<BalanceAnswer>,
    transactions: Vec<TransactionAnswer>,
    payments: Vec<FullPaymentAnswer>,
    deals: Vec<DealAnswer>,
    /// Those that the person has opened or answered, with what was said.
    disputes: Vec<DisputeAnswer>,
    holds: Vec<HoldAnswer>,
    /// Applications for a tier, with what is known of their documents.
    applications: Vec<ApplicationAnswer>,
    /// What we told the person, and when; not in which words.
    notifications: Vec<NoticeAnswer>,
    /// The sections that have not everything.
    truncated: Vec<TruncatedSection>,
}

/// Notes which sections had to be cut.
#[derive(Default)]
struct Cuts(Vec<TruncatedSection>);

impl Cuts {
    fn note(&mut self, section: &str, continues_in: Option<&str>) {
        let continues_in = Nullable::of(continues_in.map(str::to_owned));
        self.0.push(TruncatedSection { section: section.to_owned(), continues_in });
    }

    fn items<T, A>(
        &mut self,
        page: Page<T>,
        (section, continues_in): (&str, Option<&str>),
        answer: impl FnMut(T) -> A,
    ) -> Vec<A> {
        if page.more {
            self.note(section, continues_in);
        }
        page.items.into_iter().map(answer).collect()
    }
}

impl ExportAnswer {
    pub(super) async fn of(context: &Context, user: User) -> Result<Self, ApiError> {
        let (store, id, now) = (&context.store, user.id, context.now());
        let mut cuts = Cuts::default();
        let contacts = context.contacts(&user)?;
        let contacts = FullContacts {
            email: Nullable::of(contacts.email.map(Personal::into_exposed)),
            phone: Nullable::of(contacts.phone.map(|phone| phone.as_str().to_owned())),
        };
        let handles = store.handles(id, SECTION_MAX).await?;
        let sessions = store.session_records(id, SECTION_MAX).await?;
        let payments = store.payments(id, None, None, SECTION_MAX).await?;
        let deals = store.deals(id, None, SECTION_MAX).await?;
        let disputes = store.disputes_of(id, SECTION_MAX).await?;
        let holds = store.holds(id, HoldFilter::default(), None, SECTION_MAX).await?;
        let applications = store.kyc_applications(id, None, SECTION_MAX).await?;
        let notices = store.notices(id, SECTION_MAX).await?;
        let devices = store.trusted_devices(id, now).await?;
        let keys = store.api_keys(id, None, SECTION_MAX).await?;
        let organisations = store.organisations(id, None, SECTION_MAX).await?;
        let balances = store.balances(id).await?;
        let currencies: Vec<Currency> = balances.iter().map(|balance| balance.currency).collect();
        let (tier, limits) = store.limits(id, now).await?;
        let factor = store.second_factor(id).await?;
        let deal = |view| DealAnswer::seen_by(&view, id);
        let key = |view| ApiKeyAnswer::of(view, now);
        let application = |view| ApplicationAnswer::from(&view);
        Ok(Self {
            created_at: now.into(),
            profile: UserAnswer::of(context, user)?,
            contacts,
            handles: cuts.items(handles, ("handles", None), HandleAnswer::from),
            second_factor_since: Nullable::of(factor.map(|factor| factor.since)),
            sessions: cuts.items(sessions, ("sessions", None), RecordAnswer::from),
            trusted_devices: devices.into_iter().map(DeviceAnswer::from).collect(),
            api_keys: cuts.items(keys, ("api_keys", Some("list_api_keys")), key),
            organisations: cuts.items(
                organisations,
                ("organisations", Some("list_organisations")),
                |view| (&view).into(),
            ),
            limits: LimitsAnswer::new(tier, limits),
            balances: balances.into_iter().map(BalanceAnswer::from).collect(),
            transactions: transactions(context, id, &currencies, &mut cuts).await?,
            payments: cuts.items(
                payments,
                ("payments", Some("list_payments")),
                FullPaymentAnswer::from,
            ),
            deals: cuts.items(deals, ("deals", Some("list_deals")), deal),
            disputes: cuts.items(disputes, ("disputes", Some("list_disputes")), |view| {
                DisputeAnswer::from(&view)
            }),
            holds: cuts.items(holds, ("holds", Some("list_holds")), |view| (&view).into()),
            applications: cuts.items(
                applications,
                ("applications", Some("list_kyc_applications")),
                application,
            ),
            notifications: cuts.items(notices, ("notifications", None), NoticeAnswer::from),
            truncated: cuts.0,
        })
    }
}

/// The newest of each currency.
async fn transactions(
    context: &Context,
    id: UserId,
    currencies: &[Currency],
    cuts: &mut Cuts,
) -> Result<Vec<TransactionAnswer>, ApiError> {
    let (mut all, mut is_cut) = (vec![], false);
    for currency in currencies {
        let (whose, filter) = ((id, *currency), TransactionFilter::default());
        let page = context.store.transactions(whose, &filter, None, SECTION_MAX).await?;
        all.extend(page.items.into_iter().map(TransactionAnswer::from));
        is_cut |= page.next.is_some();
    }
    if is_cut {
        cuts.note("transactions", Some("list_transactions"));
    }
    Ok(all)
}
