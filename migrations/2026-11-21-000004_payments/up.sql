-- Payments: intents, the evidence about them, and every word of a provider as it came.

create table payments (
    id uuid constraint payments_pkey primary key,
    provider text not null,
    user_id uuid not null constraint payments_user_fkey references users (id),
    purpose text not null,
    deal_id uuid constraint payments_deal_fkey references deals (id),
    amount_minor bigint not null,
    currency text not null,
    msisdn text not null,
    stage text not null,
    -- Judged from the evidence; stored so that lists can be filtered by it.
    state text not null,
    reason text,
    doubt text,
    receipt text,
    -- Ours, as the payer and the statement see it.
    reference text not null constraint payments_reference_unique unique,
    -- Ours, unguessable, part of the callback address.
    callback_token text not null constraint payments_callback_token_unique unique,
    provider_reference text,
    -- Why it does not move right now, for the people who wait for it.
    problem text,
    risk_score bigint,
    risk_reasons text[] not null default '{}',
    decided_by uuid constraint payments_decided_by_fkey references users (id),
    decision_note text,
    sent_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint payments_provider_known check (provider in ('mpesa')),
    constraint payments_purpose_known check (purpose in ('fund_deal', 'deposit', 'withdrawal')),
    constraint payments_deal_for_funding check ((purpose = 'fund_deal') = (deal_id is not null)),
    constraint payments_amount_positive check (amount_minor > 0),
    constraint payments_msisdn_shape check (msisdn ~ '^[1-9][0-9]{9,14}$'),
    constraint payments_stage_known check (stage in ('screening', 'held', 'refused', 'ready', 'sent')),
    constraint payments_state_known check (state in (
        'screening', 'held', 'queued', 'submitting', 'pending', 'unknown', 'review', 'succeeded', 'failed')),
    constraint payments_sent_has_time check (stage <> 'sent' or sent_at is not null),
    -- One receipt pays for one intent.
    constraint payments_receipt_unique unique (provider, receipt),
    constraint payments_provider_reference_unique unique (provider, provider_reference)
);
-- While it is not known how one attempt ended, there is no second one.
create unique index payments_one_open_per_deal on payments (deal_id)
    where purpose = 'fund_deal' and state not in ('succeeded', 'failed');
create index payments_user_idx on payments (user_id, id desc);
create index payments_open_idx on payments (state, id) where state not in ('succeeded', 'failed');
create index payments_sent_at_idx on payments (sent_at) where sent_at is not null;

create table payment_evidence (
    payment_id uuid not null constraint payment_evidence_payment_fkey references payments (id),
    -- Hash of the evidence itself: the same thing said twice is one row.
    fingerprint bytea not null,
    source text not null,
    claim text not null,
    reason text,
    code text,
    receipt text,
    amount_minor bigint,
    reference text,
    at timestamptz not null,
    constraint payment_evidence_pkey primary key (payment_id, fingerprint),
    constraint payment_evidence_source_known check (source in ('answer', 'query', 'callback', 'statement', 'operator')),
    constraint payment_evidence_claim_known check (claim in ('accepted', 'lost', 'failed', 'unclear', 'succeeded'))
);

create table exchanges (
    id bigint generated always as identity constraint exchanges_pkey primary key,
    payment_id uuid constraint exchanges_payment_fkey references payments (id),
    operation text not null,
    request jsonb not null,
    status integer,
    body text not null,
    at timestamptz not null
);
create index exchanges_payment_idx on exchanges (payment_id, id);

create table callbacks (
    id uuid constraint callbacks_pkey primary key,
    provider text not null,
    kind text not null,
    token text not null,
    body bytea not null,
    remote text not null,
    state text not null,
    payment_id uuid constraint callbacks_payment_fkey references payments (id),
    note text,
    received_at timestamptz not null,
    constraint callbacks_kind_known check (kind in ('collection', 'payout', 'payout_timeout')),
    constraint callbacks_state_known check (state in ('received', 'applied', 'unmatched', 'unreadable')),
    constraint callbacks_body_size check (octet_length(body) <= 65536)
);
create index callbacks_state_idx on callbacks (state, id desc);

-- Real money that fits no intent: it is in the suspense account until a person has found its owner.
create table suspense_items (
    provider text not null,
    receipt text not null,
    amount_minor bigint not null,
    currency text not null,
    reference text,
    paid_at timestamptz not null,
    found_at timestamptz not null,
    constraint suspense_items_pkey primary key (provider, receipt),
    constraint suspense_items_amount_positive check (amount_minor > 0)
);
