-- Statements: charges and money moved to the bank have entries, and what a later statement disproves is reversed.

alter table accounts
    drop constraint accounts_kind_known,
    add constraint accounts_kind_known check (kind in (
        'user.available', 'user.held', 'deal.escrow', 'provider.clearing',
        'platform.fees', 'platform.provider_costs', 'platform.suspense', 'platform.bank')),
    -- What we hold is below zero, and charges may be more than what people have paid for them.
    drop constraint accounts_not_overdrawn,
    add constraint accounts_not_overdrawn check (
        balance_minor >= 0 or kind in ('provider.clearing', 'platform.provider_costs', 'platform.bank'));

alter table entries
    drop constraint entries_kind_known,
    add constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'split', 'payout_reserve', 'payout_settle', 'payout_return', 'suspense_in',
        'suspense_out', 'provider_charge', 'settlement', 'reversal', 'transfer', 'hold', 'hold_settle', 'hold_release'));

alter table breaks
    drop constraint breaks_kind_known,
    add constraint breaks_kind_known check (kind in (
        'missing_on_statement', 'amount_differs', 'unclaimed', 'unknown_payout', 'paid_after_return',
        'balance_differs', 'trust_equation', 'review', 'settlement'));

alter table suspense_items
    -- When a statement showed that the money was that of a payment, so that it was booked twice.
    add column reversed_at timestamptz,
    add constraint suspense_items_one_end check (closed_at is null or reversed_at is null);
