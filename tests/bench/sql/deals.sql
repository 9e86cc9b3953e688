-- Creates :listed deals of the first two users: drafts with one milestone each, oldest first.
create function bench_deal(n bigint) returns uuid immutable language sql
    return ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid;

insert into deals (id, title, buyer_id, seller_id, offered_by, revision, currency, fee_plan_version, fee_percentage_bps, fee_fixed_minor,
    fee_floor_minor, fee_provider_cost_minor, fee_payer, acceptance_s, funding_s, inspection_s, rework_s, answer_s, award_s, state,
    fundings, created_at, updated_at)
select bench_deal(n), 'Deal ' || n, bench_user(1), bench_user(2), 'buyer', 1, 'KES', 1, 150, 0, 0, 0, 'seller', 259200, 259200,
    259200, 259200, 259200, 604800, 'draft', 0, '2026-01-01', '2026-01-01'
from generate_series(1, :listed) n;

insert into milestones (id, deal_id, position, title, items, amount_minor, buyer_fee_minor, seller_fee_minor, commission_minor,
    provider_cost_minor, delivery_s, state, reworks)
select gen_random_uuid(), id, 1, 'All', '[]', 10000, 0, 150, 0, 0, 604800, 'planned', 0 from deals;

insert into deal_participants (user_id, deal_id)
select buyer_id, id from deals union all select seller_id, id from deals;
