drop table test_clock;
drop table deal_reminders;
alter table callbacks
    drop constraint callbacks_kind_known,
    add constraint callbacks_kind_known check (kind in ('collection', 'payout', 'payout_timeout'));
drop table paybill;
drop table deal_references;
alter table payments
    drop constraint payments_number_if_asked,
    alter column msisdn_sealed set not null;
drop index payments_one_open_per_payer;
create unique index payments_one_open_per_deal on payments (deal_id)
    where purpose = 'fund_deal' and state not in ('succeeded', 'failed');
