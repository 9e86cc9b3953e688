drop table socket_tickets;
