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
    constraint holds_note_length check (char_length(note) between 1 and 140),
    constraint holds_state_known check (state in ('open', 'settled', 'released', 'expired'))
);
create index holds_user_idx on holds (user_id, id desc);
create index holds_beneficiary_idx on holds (beneficiary_id, id desc) where beneficiary_id is not null;
-- What is open is added up whenever the books are looked at.
create index holds_open_idx on holds (currency) where state = 'open';

-- Withdrawals that are under way have their money reserved already.
insert into holds (id, user_id, payment_id, amount_minor, currency, state, created_at, updated_at)
select gen_random_uuid(), p.user_id, p.id, p.amount_minor, p.currency, 'open', p.created_at, p.updated_at
from payments p
where p.purpose = 'withdrawal'
    and exists (select from entries e where e.key = 'pay_' || replace(p.id::text, '-', '') || ':payout_reserve')
    and not exists (select from entries e where e.key in (
        'pay_' || replace(p.id::text, '-', '') || ':payout_settle',
        'pay_' || replace(p.id::text, '-', '') || ':payout_return'));

-- How much of a wallet is on its way out is summed up from these.
create index payments_open_withdrawals_idx on payments (user_id)
    where purpose = 'withdrawal' and state not in ('succeeded', 'failed');
