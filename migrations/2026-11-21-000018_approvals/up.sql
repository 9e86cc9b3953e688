-- Four eyes: what one person who works here asks for and another one decides about; and what became of money in
-- suspense.

create table approvals (
    id uuid constraint approvals_pkey primary key,
    kind text not null,
    -- Whom it is about: who is put on a tier, gets the money, or has lost a second factor.
    user_id uuid not null constraint approvals_user_fkey references users (id),
    tier text constraint approvals_tier_fkey references tiers (name),
    provider text,
    receipt text,
    note text not null,
    state text not null default 'asked',
    asked_by uuid not null constraint approvals_asked_by_fkey references users (id),
    asked_at timestamptz not null,
    -- Over from then on, whether or not the state says so already.
    expires_at timestamptz not null,
    decided_by uuid constraint approvals_decided_by_fkey references users (id),
    decided_at timestamptz,
    decision_note text,
    constraint approvals_suspense_fkey foreign key (provider, receipt) references suspense_items (provider, receipt),
    constraint approvals_kind_known check (kind in ('set_tier', 'move_suspense', 'remove_factor')),
    constraint approvals_subject_whole check (case kind
        when 'set_tier' then tier is not null and num_nonnulls(provider, receipt) = 0
        when 'move_suspense' then tier is null and num_nonnulls(provider, receipt) = 2
        else num_nonnulls(tier, provider, receipt) = 0 end),
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
-- Of the same thing, one request is open at a time, and money is moved once.
create unique index approvals_open_unique on approvals (kind, user_id) where state = 'asked' and receipt is null;
create unique index approvals_open_receipt_unique on approvals (provider, receipt) where state = 'asked';
create unique index approvals_moved_unique on approvals (provider, receipt) where state = 'approved';
create index approvals_state_idx on approvals (state, id desc);

alter table suspense_items
    add column closed_at timestamptz,
    -- The request by which it was moved.
    add column closed_by uuid constraint suspense_items_closed_by_fkey references approvals (id)
        constraint suspense_items_closed_by_unique unique,
    add constraint suspense_items_closed_whole check ((closed_at is null) = (closed_by is null));

alter table sessions
    drop constraint sessions_end_reason_known,
    add constraint sessions_end_reason_known check (end_reason in (
        'signed_out', 'revoked', 'evicted', 'reused', 'password_changed', 'role_changed', 'factor_removed'));
