drop table notifications;
drop table jobs;
