-- Work of the staff: applications for a tier, and actions that need two operators.

create table kyc_applications (
    id uuid constraint kyc_applications_pkey primary key,
    user_id uuid not null constraint kyc_applications_user_fkey references users (id),
    tier text not null constraint kyc_applications_tier_fkey references tiers (name),
    state text not null,
    reasons text[] not null default '{}',
    note text,
    decided_by uuid constraint kyc_applications_decided_by_fkey references users (id),
    created_at timestamptz not null,
    submitted_at timestamptz,
    decided_at timestamptz,
    updated_at timestamptz not null,
    constraint kyc_applications_state_known check (
        state in ('draft', 'submitted', 'approved', 'rejected', 'withdrawn')),
    constraint kyc_applications_submitted_first check (
        case state when 'draft' then submitted_at is null when 'withdrawn' then true else submitted_at is not null end),
    constraint kyc_applications_decision_whole check (
        (state in ('approved', 'rejected')) = (num_nonnulls(decided_by, decided_at, note) = 3)
        and num_nonnulls(decided_by, decided_at, note) in (0, 3)),
    constraint kyc_applications_reviewed_by_another check (decided_by <> user_id),
    constraint kyc_applications_rejected_with_reasons check (
        cardinality(reasons) between (state = 'rejected')::int and 5 * (state = 'rejected')::int),
    constraint kyc_applications_note_length check (char_length(note) between 3 and 500)
);
-- A user has one pending application at a time.
create unique index kyc_applications_open_unique on kyc_applications (user_id) where state in ('draft', 'submitted');
create index kyc_applications_user_idx on kyc_applications (user_id, id desc);
-- Reviewers work through applications in the order of submission.
create index kyc_applications_review_idx on kyc_applications (state, submitted_at, id);
-- Housekeeping deletes the documents of abandoned applications.
create index kyc_applications_over_idx on kyc_applications (updated_at)
    where state in ('draft', 'rejected', 'withdrawn');
create trigger kyc_applications_of_verified before insert on kyc_applications
    for each row execute function users_require_verified('user_id');

-- The content of a document is in a file with the name of the id.
create table kyc_documents (
    id uuid constraint kyc_documents_pkey primary key,
    application_id uuid not null constraint kyc_documents_application_fkey references kyc_applications (id),
    kind text not null,
    media_type text not null,
    size_bytes bigint not null,
    sha256 bytea not null,
    created_at timestamptz not null,
    constraint kyc_documents_kind_known check (kind in ('national_id_front', 'national_id_back', 'passport',
        'selfie', 'business_registration', 'proof_of_address')),
    constraint kyc_documents_media_type_known check (
        media_type in ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')),
    constraint kyc_documents_size_range check (size_bytes between 1 and 5242880),
    constraint kyc_documents_hash_length check (octet_length(sha256) = 32)
);
create index kyc_documents_application_idx on kyc_documents (application_id, id);

-- Sensitive actions need two operators: one requests, another approves.
create table approvals (
    id uuid constraint approvals_pkey primary key,
    kind text not null,
    -- The user who gets the tier, role or money, or who has lost a second factor.
    user_id uuid constraint approvals_user_fkey references users (id),
    tier text constraint approvals_tier_fkey references tiers (name),
    role text,
    -- Money in suspense.
    provider text,
    receipt text,
    payment_id uuid constraint approvals_payment_fkey references payments (id),
    -- The receipt of the payment according to the request; null if the request says that it was not paid.
    paid_receipt text,
    -- The fee plan to publish.
    plan jsonb,
    note text not null,
    state text not null default 'asked',
    asked_by uuid not null constraint approvals_asked_by_fkey references users (id),
    asked_at timestamptz not null,
    -- The request is over from this time on, even if the state does not show it yet.
    expires_at timestamptz not null,
    decided_by uuid constraint approvals_decided_by_fkey references users (id),
    decided_at timestamptz,
    decision_note text,
    constraint approvals_suspense_fkey foreign key (provider, receipt) references suspense_items (provider, receipt),
    constraint approvals_kind_known check (kind in (
        'set_tier', 'move_suspense', 'return_suspense', 'remove_factor', 'set_role', 'release_withdrawal',
        'resolve_payment', 'publish_fee_plan')),
    constraint approvals_subject_whole check (case kind
        when 'set_tier' then tier is not null
            and num_nonnulls(provider, receipt, role, payment_id, paid_receipt, plan) = 0
        when 'move_suspense' then num_nonnulls(provider, receipt) = 2
            and num_nonnulls(tier, role, payment_id, paid_receipt, plan) = 0
        -- The payment is the payout that the approval has started.
        when 'return_suspense' then num_nonnulls(provider, receipt) = 2
            and num_nonnulls(tier, role, paid_receipt, plan) = 0 and (payment_id is null or state = 'approved')
        when 'set_role' then role is not null
            and num_nonnulls(tier, provider, receipt, payment_id, paid_receipt, plan) = 0
        when 'release_withdrawal' then payment_id is not null
            and num_nonnulls(tier, provider, receipt, role, paid_receipt, plan) = 0
        when 'resolve_payment' then payment_id is not null
            and num_nonnulls(tier, provider, receipt, role, plan) = 0
        when 'publish_fee_plan' then jsonb_typeof(plan) = 'object'
            and num_nonnulls(tier, provider, receipt, role, payment_id, paid_receipt) = 0
        else num_nonnulls(tier, provider, receipt, role, payment_id, paid_receipt, plan) = 0 end),
    constraint approvals_person_named check (case kind
        when 'publish_fee_plan' then user_id is null
        -- The payer may have no account.
        when 'return_suspense' then true
        when 'resolve_payment' then true
        else user_id is not null end),
    constraint approvals_role_known check (role in ('user', 'support', 'compliance', 'admin', 'super_admin')),
    constraint approvals_state_known check (state in ('asked', 'approved', 'rejected', 'withdrawn', 'expired')),
    constraint approvals_expires_later check (expires_at > asked_at),
    constraint approvals_decision_whole check (
        (state in ('approved', 'rejected')) = (decided_at is not null)
        and num_nonnulls(decided_by, decided_at, decision_note) in (0, 3)),
    constraint approvals_decided_in_time check (decided_at < expires_at),
    constraint approvals_decided_by_another check (decided_by <> asked_by),
    constraint approvals_nobodys_own check (user_id <> asked_by and user_id <> decided_by),
    constraint approvals_note_length check (char_length(note) between 3 and 500),
    constraint approvals_decision_note_length check (char_length(decision_note) between 3 and 500)
);
-- At most one request about a subject is open.
create unique index approvals_open_unique on approvals (kind, user_id)
    where state = 'asked' and receipt is null and payment_id is null;
create unique index approvals_open_receipt_unique on approvals (provider, receipt) where state = 'asked';
create unique index approvals_open_payment_unique on approvals (payment_id) where state = 'asked';
create unique index approvals_open_plan_unique on approvals ((plan ->> 'currency')) where state = 'asked';
-- Money moves to a user once. A failed payout leaves it in suspense, so it may be returned again.
create unique index approvals_moved_unique on approvals (provider, receipt)
    where state = 'approved' and kind = 'move_suspense';
create unique index approvals_return_payment_unique on approvals (payment_id) where kind = 'return_suspense';
create index approvals_state_idx on approvals (state, id desc);

alter table suspense_items
    add constraint suspense_items_closed_by_fkey foreign key (closed_by) references approvals (id);

-- The offset of the clock of a test deployment. There is no row while nobody has moved the clock.
create table test_clock (
    id smallint constraint test_clock_pkey primary key,
    offset_s bigint not null,
    moved_by uuid not null constraint test_clock_moved_by_fkey references users (id),
    moved_at timestamptz not null,
    constraint test_clock_one_row check (id = 1),
    constraint test_clock_range check (offset_s between 1 and 3155760000)
);
