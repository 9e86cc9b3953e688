-- Callbacks: their addresses are known by digests only, what comes to others is counted and not stored, and bodies are
-- sealed once it is known whose they are.

create table callback_tokens (
    -- SHA-256 of the unguessable part of an address.
    digest bytea constraint callback_tokens_pkey primary key,
    kind text not null,
    payment_id uuid constraint callback_tokens_payment_fkey references payments (id),
    made_at timestamptz not null,
    -- Of the paybill: when a newer address takes over; the payment decides about the others.
    expires_at timestamptz,
    constraint callback_tokens_digest_size check (octet_length(digest) = 32),
    constraint callback_tokens_kind_known check (kind in ('collection', 'payout', 'paybill')),
    constraint callback_tokens_payment_if_asked check ((kind = 'paybill') = (payment_id is null)),
    constraint callback_tokens_only_paybill_expires check (expires_at is null or kind = 'paybill')
);
create index callback_tokens_expires_idx on callback_tokens (expires_at) where expires_at is not null;

insert into callback_tokens
select sha256(convert_to(callback_token, 'UTF8')), case purpose when 'withdrawal' then 'payout' else 'collection' end,
    id, created_at, null
from payments where msisdn_sealed is not null;
alter table payments drop column callback_token;

-- What came to addresses that we never gave out, or from elsewhere than the provider: one row for each day and kind.
create table callback_strays (
    day date not null,
    kind text not null,
    count bigint not null,
    constraint callback_strays_pkey primary key (day, kind),
    constraint callback_strays_kind_known check (kind in ('collection', 'payout', 'payout_timeout', 'paybill')),
    constraint callback_strays_count_positive check (count > 0)
);

alter table callbacks
    drop column token,
    alter column body drop not null,
    add column body_sealed bytea,
    add column size_bytes integer not null default 0,
    drop constraint callbacks_body_size;
update callbacks set size_bytes = octet_length(body);
alter table callbacks
    alter column size_bytes drop default,
    add constraint callbacks_size_range check (size_bytes between 0 and 65536),
    add constraint callbacks_body_once check (num_nonnulls(body, body_sealed) <= 1),
    add constraint callbacks_sealed_for_somebody check (body_sealed is null or payment_id is not null);
create index callbacks_received_idx on callbacks (received_at);
create index callbacks_payment_idx on callbacks (payment_id) where payment_id is not null;
