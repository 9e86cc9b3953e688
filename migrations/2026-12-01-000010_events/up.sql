-- The log of all changes. A transaction appends its events; a sequencer numbers committed transactions without gaps.
-- The timeline, the audit trail and the messages are read from this log.

-- One row per transaction with events. It is written at the commit, while the transaction holds all its locks, so `id`
-- follows the order of the locks.
create table event_commits (
    tx bigint constraint event_commits_pkey primary key,
    id bigint generated always as identity,
    event_count integer not null,
    -- The number of the first event; null until the sequencer has seen the commit.
    base bigint constraint event_commits_base_unique unique,
    constraint event_commits_count_positive check (event_count > 0),
    constraint event_commits_base_positive check (base > 0)
);
create index event_commits_unnumbered_idx on event_commits (id) where base is null;
create sequence event_commits_tx_seq;

-- An assigned number is final.
create trigger event_commits_numbered_once before update on event_commits
    for each row when (
        old.base is not null or new.tx <> old.tx or new.id <> old.id or new.event_count <> old.event_count
    ) execute function refuse_change();
create trigger event_commits_keep_all before delete or truncate on event_commits
    for each statement execute function refuse_change('event_commits_numbered_once');

-- The number of the next event.
create table event_sequence (
    only_row boolean constraint event_sequence_pkey primary key default true,
    next bigint not null,
    constraint event_sequence_one_row check (only_row),
    constraint event_sequence_positive check (next > 0)
);
insert into event_sequence (next) values (1);

create table events (
    tx bigint not null,
    -- Counts from 0 in each transaction. The number of the event is `base + ordinal`.
    ordinal integer not null,
    at timestamptz not null,
    kind text not null,
    actor_kind text not null,
    actor_id uuid,
    session_id uuid,
    api_key_id uuid,
    request_id text,
    subject text not null,
    deal_id uuid,
    -- Counts from 1 in each deal.
    deal_seq bigint,
    milestone_id uuid,
    audience text not null,
    data jsonb not null,
    constraint events_pkey primary key (tx, ordinal, at),
    constraint events_ordinal_natural check (ordinal >= 0),
    constraint events_actor_known check (actor_kind in ('user', 'operator', 'provider', 'system')),
    constraint events_actor_named check ((actor_kind in ('user', 'operator')) = (actor_id is not null)),
    constraint events_audience_known check (audience in ('parties', 'staff', 'audit')),
    constraint events_deal_numbered check ((deal_id is null) = (deal_seq is null))
) partition by range (at);
create index events_subject_idx on events (subject, at);
create index events_deal_idx on events (deal_id, deal_seq) where deal_id is not null;
create trigger events_append_only before update or delete on events
    for each row execute function refuse_change();
create trigger events_keep_all before truncate on events
    for each statement execute function refuse_change('events_append_only');

-- Holds events of months without a partition.
create table events_default partition of events default;

-- Adds the partition of the month of `day`. Returns false if it exists, or if the default partition has events of that
-- month.
create function events_add_month(day date) returns boolean language plpgsql security definer
    set search_path = pg_catalog, public as $$
declare
    month date := date_trunc('month', day);
    name text := 'events_' || to_char(month, 'YYYY_MM');
    next_month date := month + interval '1 month';
begin
    if to_regclass('public.' || name) is not null then
        return false;
    end if;
    if exists (select from public.events_default where at >= month and at < next_month) then
        return false;
    end if;
    execute format(
        'create table public.%I partition of public.events for values from (%L) to (%L)',
        name, month::timestamp at time zone 'UTC', next_month::timestamp at time zone 'UTC'
    );
    return true;
end $$;

-- Reserves ordinals for the next `count` events of this transaction. The setting `amana.events` holds `tx:ordinals so
-- far`. A rollback to a savepoint restores the setting together with the events.
create function events_reserve(count integer, out tx bigint, out first integer) language plpgsql as $$
declare
    held text := current_setting('amana.events', true);
begin
    if held is null or held = '' then
        tx := nextval('public.event_commits_tx_seq');
        first := 0;
    else
        tx := split_part(held, ':', 1)::bigint;
        first := split_part(held, ':', 2)::integer;
    end if;
    perform set_config('amana.events', tx || ':' || first + count, true);
end $$;

-- Runs at the commit, so that the identity is drawn while the transaction holds all its locks.
create function events_commit() returns trigger language plpgsql as $$
begin
    insert into public.event_commits (tx, event_count)
    values (new.tx, split_part(current_setting('amana.events'), ':', 2)::integer);
    return null;
end $$;
create constraint trigger events_committed after insert on events deferrable initially deferred
    for each row when (new.ordinal = 0) execute function events_commit();

-- Numbers committed transactions and returns the count of numbered events. The row lock of `event_sequence` lets one
-- sequencer work at a time.
create function events_number(commits_max integer) returns bigint language plpgsql as $$
declare
    head bigint;
    numbered bigint;
begin
    select next into head from public.event_sequence for update skip locked;
    if head is null then
        return 0;
    end if;
    with unnumbered as (
        select tx, event_count from public.event_commits where base is null order by id limit commits_max
    ), placed as (
        select c.tx, c.event_count, sum(c.event_count) over (order by e.id) - c.event_count as before
        from unnumbered c join public.event_commits e using (tx)
    ), given as (
        update public.event_commits c set base = head + placed.before
        from placed where c.tx = placed.tx
        returning c.event_count
    )
    select coalesce(sum(event_count), 0) into numbered from given;
    if numbered > 0 then
        update public.event_sequence set next = head + numbered;
    end if;
    return numbered;
end $$;

-- The number of the last event that each subscriber has processed.
create table event_subscribers (
    name text constraint event_subscribers_pkey primary key,
    position bigint not null,
    updated_at timestamptz not null,
    constraint event_subscribers_position_natural check (position >= 0)
);
