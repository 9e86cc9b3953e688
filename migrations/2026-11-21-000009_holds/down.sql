drop index payments_open_withdrawals_idx;
drop table holds;
