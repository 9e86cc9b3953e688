drop index payments_open_withdrawals_idx;
delete from jobs where kind = 'expire_hold';
drop table holds;
