drop table spending;
drop table handles;
alter table users drop column handle, drop column handle_changed_at, drop column tier, drop column closed_at;
drop index if exists users_name_search_idx;
drop table tier_limits;
drop table tiers;
