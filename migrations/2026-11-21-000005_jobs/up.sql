-- The outbox. A row is the job: what to do, when, how often it was tried, who holds it, how it ended.
-- Redis only carries ids. Leases are measured by this server's clock, the one clock all workers share.

create table jobs (
    id uuid constraint jobs_pkey primary key,
    queue text not null,
    kind text not null,
    payload jsonb not null,
    -- Names the work: enqueuing the same work again changes nothing.
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

create table notifications (
    id uuid constraint notifications_pkey primary key,
    user_id uuid not null constraint notifications_user_fkey references users (id),
    template text not null,
    channel text not null,
    params jsonb not null,
    sent_at timestamptz,
    created_at timestamptz not null,
    constraint notifications_channel_known check (channel in ('email', 'sms'))
);
create index notifications_user_idx on notifications (user_id, id desc);
