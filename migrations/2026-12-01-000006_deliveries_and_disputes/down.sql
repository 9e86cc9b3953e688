drop table hand_over_tries;
drop table deliveries;
drop table deal_files;
drop table disputes;
