-- People, what they asked for once (idempotency), and who changed what (audit).

create table users (
    id uuid constraint users_pkey primary key,
    name text not null,
    email text not null constraint users_email_unique unique,
    phone text not null constraint users_phone_unique unique,
    password_hash text not null,
    role text not null,
    locale text not null,
    created_at timestamptz not null,
    constraint users_name_length check (char_length(name) between 1 and 120),
    constraint users_email_lower check (email = lower(email) and char_length(email) <= 254),
    constraint users_phone_shape check (phone ~ '^[1-9][0-9]{9,14}$'),
    constraint users_role_known check (role in ('user', 'operator')),
    constraint users_locale_known check (locale in ('en', 'sw'))
);

-- Inserted first in the transaction that it protects: a racing duplicate waits for that commit and
-- then replays its answer.
create table idempotency_keys (
    user_id uuid not null constraint idempotency_keys_user_fkey references users (id),
    key text not null,
    operation text not null,
    request_hash bytea not null,
    status smallint,
    body jsonb,
    created_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (user_id, key),
    constraint idempotency_keys_key_length check (char_length(key) between 1 and 128),
    constraint idempotency_keys_answer_whole check ((status is null) = (body is null))
);
create index idempotency_keys_created_at_idx on idempotency_keys (created_at);

create table audit (
    id bigint generated always as identity constraint audit_pkey primary key,
    at timestamptz not null,
    -- A user id, `system`, or the provider whose message led to the change.
    actor text not null,
    action text not null,
    subject text not null,
    data jsonb not null
);
create index audit_subject_idx on audit (subject, id);

create function audit_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit records are append-only'
        using errcode = 'restrict_violation', constraint = 'audit_append_only';
end $$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_refuse_change();
