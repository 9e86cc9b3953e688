-- Background jobs, idempotency keys and messages to users.

-- The outbox. Redis carries only the ids of jobs. Leases are measured by the clock of this server, which all workers
-- share.
create table jobs (
    id uuid constraint jobs_pkey primary key,
    queue text not null,
    kind text not null,
    payload jsonb not null,
    -- Names the work, so that enqueuing the same work again changes nothing.
    key text not null constraint jobs_key_unique unique,
    state text not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    attempts_max integer not null,
    pushed_at timestamptz,
    lease_until timestamptz,
    last_error text,
    created_at timestamptz not null,
    finished_at timestamptz,
    constraint jobs_queue_known check (queue in (
        'payments', 'callbacks', 'timers', 'notifications', 'fraud', 'reconciliation', 'housekeeping')),
    constraint jobs_state_known check (state in ('queued', 'running', 'done', 'dead')),
    constraint jobs_attempts_range check (attempts >= 0 and attempts_max > 0),
    constraint jobs_lease_when_running check ((state = 'running') = (lease_until is not null)),
    constraint jobs_finished_when_over check ((state in ('done', 'dead')) = (finished_at is not null))
);
create index jobs_due_idx on jobs (due_at) where state = 'queued';
create index jobs_lease_idx on jobs (lease_until) where state = 'running';
create index jobs_over_idx on jobs (state, finished_at) where state in ('done', 'dead');

-- The row is inserted first in the transaction that it protects. A concurrent duplicate waits for that commit and then
-- replays the stored response.
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

create table notifications (
    id uuid constraint notifications_pkey primary key,
    user_id uuid not null constraint notifications_user_fkey references users (id),
    template text not null,
    channel text not null,
    params jsonb not null,
    -- The address, if it is not the user's contact at the time of sending.
    address_sealed bytea,
    -- The subjects of messages with a code or token. The worker derives it when it sends the message. No foreign keys,
    -- because the subjects are deleted long before the message.
    code_id uuid,
    invitation_id uuid,
    deal_invitation_id uuid,
    hand_over_milestone_id uuid,
    created_at timestamptz not null,
    sent_at timestamptz,
    constraint notifications_channel_known check (channel in ('email', 'sms'))
);
create index notifications_user_idx on notifications (user_id, id desc);
create index notifications_created_at_idx on notifications (created_at);

-- Messages caused by other users, counted per address and kept for two days.
create table counted_messages (
    notification_id uuid constraint counted_messages_pkey primary key
        constraint counted_messages_notification_fkey references notifications (id) on delete cascade,
    -- The digest of the address or number under the key of users' contacts: equal for all accounts.
    digest bytea not null,
    cause text not null,
    counted_at timestamptz not null,
    constraint counted_messages_digest_length check (octet_length(digest) = 32),
    constraint counted_messages_cause_known check (
        cause in ('transfers', 'holds', 'offers', 'negotiations', 'reminders', 'invitations', 'codes'))
);
create index counted_messages_digest_idx on counted_messages (digest, cause, counted_at);
create index counted_messages_counted_at_idx on counted_messages (counted_at);
