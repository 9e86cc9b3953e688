-- Creates :rounds transfers in both directions for each pair of :wallets users (an even number). To take minutes
-- instead of hours, it writes the values that the ledger's triggers compute (a seq per round, alternating balances),
-- disables the triggers and drops the indexes meanwhile. `amana ledger check` verifies the result.

create temporary table index_of on commit drop as
select c.conrelid::regclass as on_table, c.conname as name, pg_get_constraintdef(c.oid) as definition, true as is_constraint
from pg_constraint c
where c.conrelid in ('postings'::regclass, 'entries'::regclass, 'transfers'::regclass) and c.contype in ('p', 'u')
union all
select i.indrelid::regclass, i.indexrelid::regclass::name, pg_get_indexdef(i.indexrelid), false
from pg_index i
where i.indrelid in ('postings'::regclass, 'entries'::regclass, 'transfers'::regclass)
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u'));
create temporary table reference_to on commit drop as
select conrelid::regclass as on_table, conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
where contype = 'f' and confrelid in ('postings'::regclass, 'entries'::regclass, 'transfers'::regclass);
set local maintenance_work_mem = '256MB';
set local session_replication_role = replica;

do $$
declare one record;
begin
    for one in select * from reference_to loop
        execute format('alter table %s drop constraint %I', one.on_table, one.name);
    end loop;
    for one in select * from index_of loop
        if one.is_constraint then execute format('alter table %s drop constraint %I', one.on_table, one.name);
        else execute format('drop index %I', one.name); end if;
    end loop;
end $$;

create temporary table movement on commit drop as
select ('00000000-0000-7000-9000-' || lpad(to_hex(round::bigint * 65536 + two), 12, '0'))::uuid as id,
    round, two, timestamptz '2026-01-02' + round * interval '1 second' as at,
    2 * two - round % 2 as sender, 2 * two - 1 + round % 2 as recipient
from generate_series(1, :rounds) round, generate_series(1, :wallets / 2) two
order by round, two;

insert into entries (id, kind, key, posting_count, at)
select id, 'transfer', 'ent_' || replace(id::text, '-', '') || ':transfer', 2, at from movement;
-- Round 1 debits the odd user of each pair, and round 2 returns the amount.
insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
select bench_account(one.wallet), 1 + round, id, one.line, one.amount,
    100000000 + case when round % 2 = 0 then 0 else one.amount end, 'KES', at
from movement, lateral (values (sender, 1, -100), (recipient, 2, 100)) one (wallet, line, amount);
insert into transfers (id, sender_id, recipient_id, amount_minor, currency, note, category, metadata, at)
select id, bench_user(sender), bench_user(recipient), 100, 'KES', 'Lunch', 'food', '{}', at from movement;
update accounts a set balance_minor = p.balance_after_minor, seq = p.seq, moved_at = p.at
from postings p
where p.seq = 1 + :rounds and p.account_id = a.id;

do $$
declare one record;
begin
    for one in select * from index_of order by is_constraint desc loop
        if one.is_constraint then
            execute format('alter table %s add constraint %I %s', one.on_table, one.name, one.definition);
        else execute one.definition; end if;
    end loop;
    for one in select * from reference_to loop
        execute format('alter table %s add constraint %I %s', one.on_table, one.name, one.definition);
    end loop;
end $$;
