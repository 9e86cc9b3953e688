drop trigger payments_receipt_kept on payments;
drop function payments_keep_receipt();
drop index payment_evidence_receipt_idx;
drop index payments_one_open_per_payer;
create unique index payments_one_open_per_payer on payments (deal_id, user_id)
    where purpose = 'fund_deal' and state not in ('succeeded', 'failed');
update payments set state = 'review' where state = 'confirming';
alter table payments
    drop column must_confirm,
    drop column confirmed,
    drop constraint payments_state_known,
    add constraint payments_state_known check (state in (
        'screening', 'held', 'queued', 'submitting', 'pending', 'unknown', 'review', 'succeeded', 'failed'));
