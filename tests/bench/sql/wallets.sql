-- Creates :wallets users, each with a handle, a phone number and 1,000,000.00 in their wallet. The money is deposited
-- through the ledger's own triggers, with 63 users and the provider's account per entry.

create function bench_user(n bigint) returns uuid immutable language sql
    return ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid;
create function bench_account(n bigint) returns uuid immutable language sql
    return ('00000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid;
create function bench_deposit(n bigint) returns uuid immutable language sql
    return ('00000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid;

-- Addresses and numbers are encrypted later, because SQL has no keys.
insert into users (id, name, email_sealed, email_digest, phone_sealed, phone_digest, password_hash, role, locale, created_at,
    handle, handle_changed_at, tier)
select bench_user(n), 'Wallet ' || n, '', sha256(n::text::bytea), '', sha256(n::text::bytea), '', 'user', 'en', '2026-01-01',
    'wallet' || n, '2026-01-01', 'business'
from generate_series(1, :wallets) n;
insert into handles (handle, user_id, taken_at) select handle, id, created_at from users;

insert into accounts (id, kind, owner, currency, opened_at)
select bench_account(n), 'user.available', bench_user(n), 'KES', timestamptz '2026-01-01' from generate_series(1, :wallets) n
union all
select bench_account(0), 'provider.clearing', '00000000-0000-0000-0000-000000000001', 'KES', '2026-01-01';

create temporary table paid_in on commit drop as
select (n + 62) / 63 as entry, bench_account(n) as account_id, ((n - 1) % 63 + 2)::smallint as line,
    100000000::bigint as amount
from generate_series(1, :wallets) n;
insert into paid_in
select entry, bench_account(0), 1, -sum(amount) from paid_in group by entry;

insert into entries (id, kind, key, posting_count, at)
select bench_deposit(entry), 'deposit', 'bench_' || entry || ':deposit', count(*), timestamptz '2026-01-01'
from paid_in group by entry;
insert into postings (account_id, seq, entry_id, line, amount_minor, balance_after_minor, currency, at)
select account_id, row_number() over one, bench_deposit(entry), line, amount, sum(amount) over one, 'KES', '2026-01-01'
from paid_in window one as (partition by account_id order by entry);
