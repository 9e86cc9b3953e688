create index deals_buyer_idx on deals (buyer_id, id desc);
create index deals_seller_idx on deals (seller_id, id desc);
drop table deal_participants;
drop table deal_payers;

alter table milestones
    drop constraint milestones_state_known,
    add constraint milestones_state_known check (state in ('planned', 'funded', 'delivered', 'released', 'refunded')),
    drop constraint milestones_due_when_waiting,
    add constraint milestones_due_when_waiting check ((state in ('funded', 'delivered')) = (due_at is not null)),
    drop column description,
    drop column items,
    drop column commission_minor,
    drop column provider_cost_minor,
    drop column proof,
    drop column reworks,
    drop column buyer_offer_minor,
    drop column seller_offer_minor,
    drop column dispute_opened_by,
    drop column dispute_stage,
    drop column award_to_seller_minor,
    drop column award_fees_waived,
    drop column award_costs_minor,
    drop column award_costs_borne_by,
    drop column award_by;

alter table deals
    drop constraint deals_state_known,
    add constraint deals_state_known check (state in (
        'draft', 'proposed', 'agreed', 'funded', 'delivered', 'released', 'refunded', 'cancelled', 'expired')),
    drop constraint deals_joined_when_bound,
    drop constraint deals_somebody,
    drop constraint deals_extension_while_running,
    alter column buyer_id set not null,
    alter column seller_id set not null,
    drop column revision,
    drop column broker_commission_bps,
    drop column broker_id,
    drop column fee_plan_version,
    drop column fee_floor_minor,
    drop column fee_cap_minor,
    drop column fee_provider_cost_minor,
    drop column rework_s,
    drop column answer_s,
    drop column award_s,
    drop column extension,
    drop column fundings;
alter table deals rename constraint deals_offered_by_known to deals_proposer_known;
alter table deals rename column offered_by to proposer;

alter table entries
    drop constraint entries_kind_known,
    add constraint entries_kind_known check (kind in (
        'deposit', 'fund', 'release', 'refund', 'payout_reserve', 'payout_settle', 'payout_return', 'suspense_in',
        'suspense_out', 'reversal', 'transfer', 'hold', 'hold_settle', 'hold_release'));
