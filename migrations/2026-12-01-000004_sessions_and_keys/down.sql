drop table signing_keys;
drop table api_keys;
drop table socket_tickets;
drop table sessions;
drop table trusted_devices;
drop table backup_codes;
drop table second_factors;
