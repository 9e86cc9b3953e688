-- Deals that are paid in parts and by several people, by phone or by paybill; reminders; the clock of test deployments.

-- While it is not known how one attempt of a payer ended, the same payer makes no second one.
drop index payments_one_open_per_deal;
create unique index payments_one_open_per_payer on payments (deal_id, user_id)
    where purpose = 'fund_deal' and state not in ('succeeded', 'failed');

-- Whoever pays a paybill is not asked by us, and what the provider says of their number cannot be relied on.
alter table payments
    alter column msisdn_sealed drop not null,
    add constraint payments_number_if_asked check (msisdn_sealed is not null or purpose = 'fund_deal');

-- What people write into M-Pesa as the account when they pay for a deal.
create table deal_references (
    deal_id uuid constraint deal_references_pkey primary key
        constraint deal_references_deal_fkey references deals (id),
    reference text not null constraint deal_references_reference_unique unique,
    created_at timestamptz not null,
    constraint deal_references_shape check (reference ~ '^[2-9A-HJ-NP-Z]{12}$')
);
insert into deal_references
select id, translate(upper(substr(md5(random()::text || id::text), 1, 12)), '01', 'GH'), updated_at
from deals where state = 'agreed';

-- The paybill that people pay to; there is one as soon as its confirmations come here.
create table paybill (
    id smallint constraint paybill_pkey primary key,
    shortcode text not null,
    registered_at timestamptz not null,
    constraint paybill_one_row check (id = 1),
    constraint paybill_shortcode_shape check (shortcode ~ '^[0-9]{5,7}$')
);

alter table callbacks
    drop constraint callbacks_kind_known,
    add constraint callbacks_kind_known check (kind in ('collection', 'payout', 'payout_timeout', 'paybill'));

-- Each reminder is told once.
create table deal_reminders (
    deal_id uuid not null constraint deal_reminders_deal_fkey references deals (id),
    deadline text not null,
    due_at timestamptz not null,
    before_s bigint not null,
    told_at timestamptz not null,
    constraint deal_reminders_pkey primary key (deal_id, deadline, due_at, before_s),
    constraint deal_reminders_before_positive check (before_s > 0)
);

-- By how much the clock of a test deployment is ahead; no row where nobody has moved it.
create table test_clock (
    id smallint constraint test_clock_pkey primary key,
    offset_s bigint not null,
    moved_by uuid not null constraint test_clock_moved_by_fkey references users (id),
    moved_at timestamptz not null,
    constraint test_clock_one_row check (id = 1),
    constraint test_clock_range check (offset_s between 1 and 3155760000)
);
