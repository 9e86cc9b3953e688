delete from jobs where kind = 'expire_hold';
drop table holds;
