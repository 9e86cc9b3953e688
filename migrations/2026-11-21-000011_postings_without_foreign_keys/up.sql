-- Half of what a foreign key does the trigger does already: it reads the account and the entry of each posting. Now it
-- also refuses a posting that has none. The other half nothing can undo: accounts and entries are never removed.

-- Its plans are kept as long as a session, and made when it first posts: then a table may still be so small
-- that reading all of it looks cheapest. So every row is found by its key: `offset 0` keeps the planner from
-- turning a look-up into a join, and a join of two lists goes through a hash table.
create or replace function ledger_apply_postings() returns trigger language plpgsql
    set enable_seqscan = off set enable_nestloop = off set jit = off as $$
declare
    broken text;
begin
    if exists (select from written group by entry_id, currency having sum(amount_minor) <> 0) then
        raise exception 'the postings of an entry must sum to zero per currency'
            using errcode = 'check_violation', constraint = 'postings_sum_to_zero';
    end if;
    select case
            when e.at is null then 'postings_entry_exists'
            when e.at = w.earliest and e.at = w.latest then 'postings_complete'
            else 'postings_time_of_entry' end
        into broken
    from (
        select entry_id, count(*) as postings, max(line) as last_line, min(at) as earliest, max(at) as latest
        from written group by entry_id
    ) w left join lateral (select posting_count, at from entries where id = w.entry_id offset 0) e on true
    -- Lines are unique within an entry: as many as there should be, none of them beyond, is all of them.
    where e.at is null or w.postings <> e.posting_count or w.last_line > e.posting_count
        or e.at <> w.earliest or e.at <> w.latest
    limit 1;
    if broken is not null then
        raise exception 'the postings of an entry are written with it, all of them together, at its time'
            using errcode = 'check_violation', constraint = broken;
    end if;
    if exists (
        select from (
            select account_id, seq, currency, balance_after_minor, at,
                sum(amount_minor) over of_account as moved, row_number() over of_account as nth,
                lag(at) over of_account as before_at
            from written window of_account as (partition by account_id order by seq)
        ) p left join lateral (
            select seq, balance_minor, currency, moved_at from accounts where id = p.account_id offset 0
        ) a on true
        where a.seq is null or p.seq <> a.seq + p.nth or p.balance_after_minor <> a.balance_minor + p.moved
            or p.currency <> a.currency or p.at < coalesce(p.before_at, a.moved_at)
    ) then
        raise exception 'a posting must continue the sequence, the balance and the time of its account'
            using errcode = 'check_violation', constraint = 'postings_continue_account';
    end if;
    update accounts a set balance_minor = l.balance_after_minor, seq = l.seq, moved_at = l.at
    from (select distinct on (account_id) account_id, seq, balance_after_minor, at
          from written order by account_id, seq desc) l
    where a.id = l.account_id and a.id = any (array(select account_id from written));
    return null;
end $$;

alter table postings drop constraint postings_account_fkey, drop constraint postings_entry_fkey;
