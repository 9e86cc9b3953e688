drop table event_subscribers;
drop function events_number(integer);
drop table events;
drop function events_commit();
drop function events_reserve(integer);
drop sequence event_commits_tx_seq;
drop function events_refuse_change();
drop function events_add_month(date);
drop table event_sequence;
drop table event_commits;
drop function event_commits_refuse_change();

create table audit (
    id bigint generated always as identity constraint audit_pkey primary key,
    at timestamptz not null,
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

create table deal_events (
    deal_id uuid not null constraint deal_events_deal_fkey references deals (id),
    seq bigint not null,
    name text not null,
    milestone_id uuid constraint deal_events_milestone_fkey references milestones (id),
    actor_id uuid constraint deal_events_actor_fkey references users (id),
    data jsonb not null,
    at timestamptz not null,
    constraint deal_events_pkey primary key (deal_id, seq)
);
