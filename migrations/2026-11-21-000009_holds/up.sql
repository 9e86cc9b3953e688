-- Money that its owner reserved, for somebody else or for a withdrawal: settled in parts or whole,
-- released, or expired.

create table holds (
    id uuid constraint holds_pkey primary key,
    user_id uuid not null constraint holds_user_fkey references users (id),
    -- Who may settle it: a person, or the withdrawal that it was made for.
    beneficiary_id uuid constraint holds_beneficiary_fkey references users (id),
    payment_id uuid constraint holds_payment_unique unique constraint holds_payment_fkey references payments (id),
    amount_minor bigint not null,
    settled_minor bigint not null default 0,
    currency text not null,
    state text not null,
    note text,
    expires_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint holds_for_one check (num_nonnulls(beneficiary_id, payment_id) = 1),
    constraint holds_parties_differ check (user_id <> beneficiary_id),
    constraint holds_amount_positive check (amount_minor > 0),
    constraint holds_settled_range check (settled_minor between 0 and amount_minor),
    constraint holds_settled_when_whole check ((state = 'settled') = (settled_minor = amount_minor)),
    constraint holds_between_people_end check (beneficiary_id is null or expires_at is not null),
    constraint holds_note_length check (char_length(note) between 1 and 140),
    constraint holds_state_known check (state in ('open', 'settled', 'released', 'expired'))
);
create index holds_user_idx on holds (user_id, id desc);
create index holds_beneficiary_idx on holds (beneficiary_id, id desc) where beneficiary_id is not null;
-- What is open is added up whenever the books are looked at.
create index holds_open_idx on holds (currency) where state = 'open';

-- Every withdrawal of the past had its money reserved; how that ended is in the ledger. Those that nobody has
-- decided about expire a week after they were made, as new ones do.
insert into holds
    (id, user_id, payment_id, amount_minor, settled_minor, currency, state, expires_at, created_at, updated_at)
select gen_random_uuid(), p.user_id, p.id, p.amount_minor,
    case when p.is_settled then p.amount_minor else 0 end, p.currency,
    case when p.is_settled then 'settled' when p.is_returned then 'released' else 'open' end,
    case when p.stage in ('screening', 'held') then p.created_at + interval '7 days' end,
    p.created_at, p.updated_at
from (
    select w.*, exists (select from entries where key = w.name || ':payout_settle') as is_settled,
        exists (select from entries where key = w.name || ':payout_return') as is_returned
    from (select *, 'pay_' || replace(id::text, '-', '') as name from payments where purpose = 'withdrawal') w
) p;

insert into jobs (id, queue, kind, payload, key, state, due_at, attempts_max, created_at)
select gen_random_uuid(), 'timers', 'expire_hold', jsonb_build_object('kind', 'expire_hold', 'hold', h.id),
    'expire_hold:' || h.id, 'queued', h.expires_at + interval '1 second', 30, h.created_at
from holds h where h.state = 'open' and h.expires_at is not null;

-- How much of a wallet is on its way out is summed up from these.
create index payments_open_withdrawals_idx on payments (user_id)
    where purpose = 'withdrawal' and state not in ('succeeded', 'failed');
