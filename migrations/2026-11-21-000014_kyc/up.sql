-- Applications for a tier, and the documents that were handed in with them. What is in a document lies in a
-- file that is called by its id.

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
-- A person has one application at a time that something can still become of.
create unique index kyc_applications_open_unique on kyc_applications (user_id) where state in ('draft', 'submitted');
create index kyc_applications_user_idx on kyc_applications (user_id, id desc);
-- Reviewers work through them in the order in which they were submitted.
create index kyc_applications_review_idx on kyc_applications (state, submitted_at, id);
-- What was given up is cleared away after a while.
create index kyc_applications_over_idx on kyc_applications (updated_at) where state in ('draft', 'rejected', 'withdrawn');

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
