-- One transfer in one statement and one transaction, with every row that the API writes for it.
-- pgbench treats a colon before a word as a variable, even in quotes.
with transfer as materialized (
    select bench_user(:sender) as sender, r.id as recipient, r.name, r.handle, gen_random_uuid()::text as key,
        -- A version 7 UUID, as in the API, so that new rows are at the end of their indexes.
        encode(overlay(uuid_send(gen_random_uuid()) placing
            substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
            'hex')::uuid as id
    from users r where r.handle = 'wallet' || :recipient::bigint
), locked as materialized (
    select a.id, a.owner, a.balance_minor, a.seq, a.moved_at
    from accounts a
    where a.kind = 'user.available' and a.currency = 'KES'
        and a.owner in ((select sender from transfer), (select recipient from transfer))
    order by a.id for update
), moment as materialized (
    select greatest(clock_timestamp(), max(moved_at)) as at from locked
), keyed as (
    insert into idempotency_keys (user_id, key, operation, request_hash, status, body, created_at)
    select sender, key, 'create_transfer', sha256(key::bytea), 201, jsonb_build_object(
            'id', 'ent_' || id, 'amount', jsonb_build_object('amount', 100, 'currency', 'KES'),
            'sender', jsonb_build_object('id', 'usr_' || sender, 'name', 'Wallet', 'handle', '@wallet'),
            'recipient', jsonb_build_object('id', 'usr_' || recipient, 'name', name, 'handle', '@' || handle),
            'note', 'Lunch', 'category', 'food', 'metadata', '{}'::jsonb, 'at', at), at
    from transfer, moment
), entered as (
    insert into entries (id, kind, key, posting_count, at)
    select id, 'transfer', 'ent_' || id || ':' || 'transfer', 2, at from transfer, moment
), posted as (
    insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
    select l.id, l.seq + 1, t.id, case l.owner when t.sender then 1 else 2 end,
        case l.owner when t.sender then -100 else 100 end,
        l.balance_minor + case l.owner when t.sender then -100 else 100 end, 'KES', m.at
    from locked l, transfer t, moment m
), made as (
    insert into transfers (id, sender_id, recipient_id, amount_minor, currency, note, category, metadata, at)
    select id, sender, recipient, 100, 'KES', 'Lunch', 'food', '{}', at from transfer, moment
), spent as (
    insert into spending as s (user_id, currency, day, spent_minor)
    select sender, 'KES', at::date, 100 from transfer, moment
    on conflict (user_id, currency) do update set day = excluded.day, spent_minor =
        case s.day when excluded.day then s.spent_minor else 0 end + excluded.spent_minor
)
insert into events (tx, ordinal, at, kind, actor_kind, actor_id, subject, audience, data)
select place.tx, place.first, at, 'transfer.created', 'user', sender, 'ent_' || id, 'parties',
    jsonb_build_object('recipient', 'usr_' || recipient, 'amount_minor', 100, 'currency', 'KES')
from transfer, moment, events_reserve(1) place;
