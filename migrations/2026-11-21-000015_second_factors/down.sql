alter table sessions drop column stepped_up_at;
drop table backup_codes;
drop table second_factors;
