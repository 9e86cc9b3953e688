drop table fee_plans;
drop function fee_plans_refuse_change;
alter table notifications drop column deal_invitation_id;
drop table deal_invitations;
alter table deals
    drop constraint deals_broker_commission,
    add constraint deals_broker_commission check (
        (broker_id is null) = (broker_commission_bps is null) and broker_commission_bps between 0 and 10000);
drop trigger deals_signed_when_bound on deals;
drop function deals_refuse_unsigned;
drop table deal_snapshots;
drop table deal_signatures;
drop table deal_revisions;
drop function deal_records_refuse_change;
