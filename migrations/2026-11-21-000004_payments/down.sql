drop table suspense_items;
drop table callbacks;
drop table exchanges;
drop table payment_evidence;
drop table payments;
