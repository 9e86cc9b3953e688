-- Payments, the provider's messages about them, holds, reconciliation, money in suspense and rules against fraud.

create table payments (
    id uuid constraint payments_pkey primary key,
    provider text not null,
    user_id uuid constraint payments_user_fkey references users (id),
    -- A payer without an account, whose key seals the number. No foreign key, because the key is deleted later.
    payer_id uuid,
    purpose text not null,
    deal_id uuid constraint payments_deal_fkey references deals (id),
    amount_minor bigint not null,
    currency text not null,
    -- Null for a paybill payment, because the number that the provider gives for it is not reliable. Erasing the owner
    -- deletes the key and the digest, so that the sealed number is unreadable.
    msisdn_sealed bytea,
    msisdn_digest bytea,
    -- The internet address of the request, sealed under its owner's key.
    asked_from_sealed bytea,
    stage text not null,
    -- Judged from the evidence, and stored so that lists can be filtered.
    state text not null,
    reason text,
    doubt text,
    -- Too much had been credited on callbacks alone when this payment came.
    must_confirm boolean not null default false,
    -- Evidence other than a callback says that it was paid.
    confirmed boolean not null default false,
    receipt text,
    -- Our reference, visible to the payer and on the statement.
    reference text not null constraint payments_reference_unique unique,
    -- The provider's reference. It is personal data, because M-Pesa's contains digits of the number.
    provider_reference_sealed bytea,
    provider_reference_digest bytea,
    -- The reason why the payment does not move, for users who wait for it.
    problem text,
    risk_score bigint,
    risk_reasons text[] not null default '{}',
    decided_by uuid constraint payments_decided_by_fkey references users (id),
    decision_note text,
    sent_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint payments_provider_known check (provider in ('mpesa')),
    constraint payments_purpose_known check (purpose in ('fund_deal', 'deposit', 'withdrawal', 'return_suspense')),
    constraint payments_of_one check (case purpose
        when 'return_suspense' then user_id is null and payer_id is not null
        else user_id is not null and payer_id is null end),
    constraint payments_deal_for_funding check ((purpose = 'fund_deal') = (deal_id is not null)),
    constraint payments_amount_positive check (amount_minor > 0),
    constraint payments_number_if_asked check (msisdn_sealed is not null or purpose = 'fund_deal'),
    constraint payments_msisdn_digest_length check (octet_length(msisdn_digest) = 32),
    constraint payments_stage_known check (stage in ('screening', 'held', 'refused', 'ready', 'sent')),
    constraint payments_sent_has_time check (stage <> 'sent' or sent_at is not null),
    constraint payments_state_known check (state in (
        'screening', 'held', 'queued', 'submitting', 'pending', 'confirming', 'unknown', 'review', 'succeeded',
        'failed')),
    constraint payments_large_credits_confirmed check (
        purpose in ('withdrawal', 'return_suspense') or state <> 'succeeded' or confirmed
        or (amount_minor <= 5000000 and not must_confirm)),
    -- One receipt pays for one payment.
    constraint payments_receipt_unique unique (provider, receipt),
    constraint payments_provider_reference_unique unique (provider, provider_reference_digest),
    constraint payments_provider_reference_length check (octet_length(provider_reference_digest) = 32)
);
-- A payer starts no second attempt for a deal while the outcome of the first one is unknown.
create unique index payments_one_open_per_payer on payments (deal_id, user_id)
    where purpose = 'fund_deal' and msisdn_sealed is not null and state not in ('succeeded', 'failed');
create index payments_user_idx on payments (user_id, id desc);
create index payments_open_idx on payments (state, id) where state not in ('succeeded', 'failed');
-- Sums up the money that leaves a wallet.
create index payments_open_withdrawals_idx on payments (user_id)
    where purpose = 'withdrawal' and state not in ('succeeded', 'failed');
create index payments_unconfirmed_idx on payments (created_at)
    where state = 'succeeded' and not confirmed and msisdn_sealed is null;
create index payments_sent_at_idx on payments (sent_at) where sent_at is not null;
create trigger payments_of_verified before insert on payments
    for each row when (new.user_id is not null) execute function users_require_verified('user_id');

create function payments_keep_receipt() returns trigger language plpgsql as $$
begin
    if old.state = 'succeeded' and old.receipt is not null and new.receipt is distinct from old.receipt then
        raise exception 'the receipt of a settled payment never changes'
            using errcode = 'check_violation', constraint = 'payments_receipt_kept';
    end if;
    return new;
end $$;
create trigger payments_receipt_kept before update of receipt on payments
    for each row execute function payments_keep_receipt();

create table payment_evidence (
    payment_id uuid not null constraint payment_evidence_payment_fkey references payments (id),
    -- Hash of the evidence, so that repeated evidence is one row.
    fingerprint bytea not null,
    source text not null,
    claim text not null,
    reason text,
    code text,
    receipt text,
    amount_minor bigint,
    -- A digest of the provider's reference. Evidence only compares references.
    reference_digest text,
    at timestamptz not null,
    constraint payment_evidence_pkey primary key (payment_id, fingerprint),
    constraint payment_evidence_source_known check (source in ('answer', 'query', 'callback', 'statement', 'operator')),
    constraint payment_evidence_claim_known check (claim in ('accepted', 'lost', 'failed', 'unclear', 'succeeded')),
    constraint payment_evidence_reference_length check (char_length(reference_digest) = 64)
);
-- Finds second receipts of settled payments too, so that they stay claimed.
create index payment_evidence_receipt_idx on payment_evidence (receipt) where receipt is not null;

-- Requests to providers and their responses, sealed under the key of the payment's owner.
create table exchanges (
    id bigint generated always as identity constraint exchanges_pkey primary key,
    payment_id uuid not null constraint exchanges_payment_fkey references payments (id),
    operation text not null,
    request_sealed bytea not null,
    status integer,
    body_sealed bytea not null,
    at timestamptz not null
);
create index exchanges_payment_idx on exchanges (payment_id, id);
create index exchanges_at_idx on exchanges using brin (at);

-- Prompts on phones. They are counted, and kept for two days.
create table prompts (
    payment_id uuid constraint prompts_pkey primary key constraint prompts_payment_fkey references payments (id),
    user_id uuid not null constraint prompts_user_fkey references users (id),
    -- The digest of the number under the key of users' contacts: equal for all requests for a phone.
    digest bytea not null,
    -- Whether the number belongs to the requesting user.
    is_own boolean not null,
    created_at timestamptz not null,
    constraint prompts_digest_length check (octet_length(digest) = 32)
);
create index prompts_digest_idx on prompts (digest, created_at);
create index prompts_user_idx on prompts (user_id, created_at);
create index prompts_created_at_idx on prompts (created_at);

-- Addresses of callbacks.
create table callback_tokens (
    -- SHA-256 of the unguessable part of the address.
    digest bytea constraint callback_tokens_pkey primary key,
    kind text not null,
    payment_id uuid constraint callback_tokens_payment_fkey references payments (id),
    made_at timestamptz not null,
    -- Set for an address of the paybill when a newer one replaces it. Other addresses expire with their payments.
    expires_at timestamptz,
    constraint callback_tokens_digest_size check (octet_length(digest) = 32),
    constraint callback_tokens_kind_known check (kind in ('collection', 'payout', 'paybill')),
    constraint callback_tokens_payment_if_asked check ((kind = 'paybill') = (payment_id is null)),
    constraint callback_tokens_only_paybill_expires check (expires_at is null or kind = 'paybill')
);
create index callback_tokens_expires_idx on callback_tokens (expires_at) where expires_at is not null;
create index callback_tokens_made_at_idx on callback_tokens (made_at);

create table callbacks (
    id uuid constraint callbacks_pkey primary key,
    provider text not null,
    kind text not null,
    -- The body is sealed as soon as its owner is known.
    body bytea,
    body_sealed bytea,
    size_bytes integer not null,
    remote text not null,
    state text not null,
    payment_id uuid constraint callbacks_payment_fkey references payments (id),
    note text,
    received_at timestamptz not null,
    constraint callbacks_kind_known check (kind in ('collection', 'payout', 'payout_timeout', 'paybill')),
    constraint callbacks_body_once check (num_nonnulls(body, body_sealed) <= 1),
    constraint callbacks_sealed_for_somebody check (body_sealed is null or payment_id is not null),
    constraint callbacks_size_range check (size_bytes between 0 and 65536),
    constraint callbacks_state_known check (state in ('received', 'applied', 'unmatched', 'unreadable'))
);
create index callbacks_state_idx on callbacks (state, id desc);
create index callbacks_payment_idx on callbacks (payment_id) where payment_id is not null;
create index callbacks_received_idx on callbacks (received_at);

-- Counts callbacks to unknown addresses and from unknown senders. They are not stored.
create table callback_strays (
    day date not null,
    kind text not null,
    count bigint not null,
    constraint callback_strays_pkey primary key (day, kind),
    constraint callback_strays_kind_known check (kind in ('collection', 'payout', 'payout_timeout', 'paybill')),
    constraint callback_strays_count_positive check (count > 0)
);

-- One row as soon as the provider sends the confirmations of the paybill to this service.
create table paybill (
    id smallint constraint paybill_pkey primary key,
    shortcode text not null,
    registered_at timestamptz not null,
    constraint paybill_one_row check (id = 1),
    constraint paybill_shortcode_shape check (shortcode ~ '^[0-9]{5,7}$')
);

-- The account number that payers of a deal enter in M-Pesa.
create table deal_references (
    deal_id uuid constraint deal_references_pkey primary key
        constraint deal_references_deal_fkey references deals (id),
    reference text not null constraint deal_references_reference_unique unique,
    created_at timestamptz not null,
    constraint deal_references_shape check (reference ~ '^[2-9A-HJ-NP-Z]{12}$')
);

-- Money that its owner has reserved for another user or for a withdrawal.
create table holds (
    id uuid constraint holds_pkey primary key,
    user_id uuid not null constraint holds_user_fkey references users (id),
    -- The beneficiary or the withdrawal settles the hold.
    beneficiary_id uuid constraint holds_beneficiary_fkey references users (id),
    payment_id uuid constraint holds_payment_unique unique constraint holds_payment_fkey references payments (id),
    amount_minor bigint not null,
    settled_minor bigint not null default 0,
    currency text not null,
    state text not null,
    note text,
    expires_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint holds_for_one check (num_nonnulls(beneficiary_id, payment_id) = 1),
    constraint holds_parties_differ check (user_id <> beneficiary_id),
    constraint holds_amount_positive check (amount_minor > 0),
    constraint holds_settled_range check (settled_minor between 0 and amount_minor),
    constraint holds_settled_when_whole check ((state = 'settled') = (settled_minor = amount_minor)),
    constraint holds_between_people_end check (beneficiary_id is null or expires_at is not null),
    constraint holds_note_length check (char_length(note) between 1 and 140),
    constraint holds_state_known check (state in ('open', 'settled', 'released', 'expired'))
);
create index holds_user_idx on holds (user_id, id desc);
create index holds_beneficiary_idx on holds (beneficiary_id, id desc) where beneficiary_id is not null;
-- Sums up the open holds for the check of the books.
create index holds_open_idx on holds (currency) where state = 'open';
create trigger holds_of_verified before insert on holds
    for each row execute function users_require_verified('user_id');

create table reconciliation_runs (
    id uuid constraint reconciliation_runs_pkey primary key,
    started_at timestamptz not null,
    covered_from timestamptz not null,
    covered_to timestamptz not null,
    lines bigint not null,
    matched bigint not null,
    healed bigint not null,
    unclaimed bigint not null,
    open_breaks bigint not null,
    -- The balance that the provider reports, and the balance of the clearing account.
    provider_balance_minor bigint,
    clearing_minor bigint not null
);
create index reconciliation_runs_started_at_idx on reconciliation_runs (started_at);

-- Discrepancies that reconciliation has found.
create table breaks (
    id uuid constraint breaks_pkey primary key,
    kind text not null,
    subject text not null,
    detail text not null,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    closed_at timestamptz,
    -- The operator who closed it, and the explanation. Both are null if it closed by itself.
    closed_by uuid constraint breaks_closed_by_fkey references users (id),
    note text,
    constraint breaks_kind_known check (kind in (
        'missing_on_statement', 'amount_differs', 'unclaimed', 'unknown_payout', 'paid_after_return',
        'balance_differs', 'trust_equation', 'review', 'settlement')),
    constraint breaks_closed_by_hand_whole check (
        num_nonnulls(closed_by, note) in (0, 2) and (closed_by is null or closed_at is not null)),
    -- These kinds say that the books are wrong. They close when the books are right.
    constraint breaks_books_not_by_hand check (
        closed_by is null or kind not in ('trust_equation', 'balance_differs')),
    constraint breaks_note_length check (char_length(note) between 3 and 500)
);
create unique index breaks_open_unique on breaks (kind, subject) where closed_at is null;
-- A finding that an operator has closed does not open again.
create index breaks_closed_by_hand_idx on breaks (kind, subject) where closed_by is not null;
create index breaks_closed_idx on breaks (id desc) where closed_at is not null;

-- Keys of payers without an account. They seal the payer data of money in suspense.
create table payer_keys (
    payer_id uuid constraint payer_keys_pkey primary key,
    -- As in person_keys.
    wrapped bytea not null,
    created_at timestamptz not null,
    constraint payer_keys_wrapped_length check (octet_length(wrapped) = 68)
);

-- Received money that matches no payment. It stays in the suspense account until its owner is found or it is returned.
create table suspense_items (
    provider text not null,
    receipt text not null,
    amount_minor bigint not null,
    currency text not null,
    reference text,
    -- No foreign key, because the key is deleted later and the money is not.
    payer_id uuid constraint suspense_items_payer_unique unique,
    -- The payer as the provider describes them.
    payer_sealed bytea,
    paid_at timestamptz not null,
    found_at timestamptz not null,
    -- The payout to the payer that is under way or has succeeded.
    return_payment_id uuid constraint suspense_items_return_payment_unique unique
        constraint suspense_items_return_payment_fkey references payments (id),
    closed_at timestamptz,
    -- The approval that moved the money. The foreign key follows with `approvals`.
    closed_by uuid constraint suspense_items_closed_by_unique unique,
    -- Set when a statement shows that the money belongs to a payment and was booked twice.
    reversed_at timestamptz,
    constraint suspense_items_pkey primary key (provider, receipt),
    constraint suspense_items_amount_positive check (amount_minor > 0),
    constraint suspense_items_payer_whole check ((payer_id is null) = (payer_sealed is null)),
    constraint suspense_items_closed_whole check ((closed_at is null) = (closed_by is null)),
    constraint suspense_items_one_end check (closed_at is null or reversed_at is null),
    constraint suspense_items_not_reversed_on_its_way check (return_payment_id is null or reversed_at is null)
);

create function suspense_items_keep_return() returns trigger language plpgsql as $$
begin
    if exists (select from approvals where id = new.closed_by and kind = 'move_suspense') then
        raise exception 'money on its way back to its payer cannot be moved to a user'
            using errcode = 'check_violation', constraint = 'suspense_items_return_kept';
    end if;
    return new;
end $$;
create trigger suspense_items_return_kept before update on suspense_items
    for each row when (old.return_payment_id is not null) execute function suspense_items_keep_return();

create table risk_rules (
    name text constraint risk_rules_pkey primary key,
    measure text not null,
    comparison text not null,
    threshold bigint not null,
    window_hours bigint not null,
    points bigint not null,
    enabled boolean not null default true,
    constraint risk_rules_measure_known check (
        measure in ('amount_minor', 'withdrawals', 'recipients', 'account_age_hours')),
    constraint risk_rules_comparison_known check (comparison in ('at_least', 'below')),
    constraint risk_rules_window_positive check (window_hours > 0)
);

insert into risk_rules (name, measure, comparison, threshold, window_hours, points) values
    ('very_large_amount', 'amount_minor', 'at_least', 20000000, 24, 100),
    ('large_amount', 'amount_minor', 'at_least', 10000000, 24, 60),
    ('many_withdrawals', 'withdrawals', 'at_least', 6, 1, 50),
    ('many_recipients', 'recipients', 'at_least', 4, 24, 60),
    ('new_account', 'account_age_hours', 'below', 24, 24, 40);
