alter table suspense_items drop column reversed_at;

alter table breaks
    drop constraint breaks_kind_known,
    add constraint breaks_kind_known check (kind in (
        'missing_on_statement', 'amount_differs', 'unclaimed', 'unknown_payout', 'paid_after_return',
        'balance_differs', 'trust_equation', 'review'));

alter table entries
    drop constraint entries_kind_known,
    add constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'split', 'payout_reserve', 'payout_settle', 'payout_return', 'suspense_in',
        'suspense_out', 'reversal', 'transfer', 'hold', 'hold_settle', 'hold_release'));

alter table accounts
    drop constraint accounts_kind_known,
    add constraint accounts_kind_known check (kind in (
        'user.available', 'user.held', 'deal.escrow', 'provider.clearing',
        'platform.fees', 'platform.provider_costs', 'platform.suspense')),
    drop constraint accounts_not_overdrawn,
    add constraint accounts_not_overdrawn check (balance_minor >= 0 or kind = 'provider.clearing');
