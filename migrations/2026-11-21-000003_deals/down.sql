drop table deal_events;
drop table milestones;
drop table deals;
