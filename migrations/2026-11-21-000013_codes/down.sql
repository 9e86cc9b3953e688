alter table notifications
    drop column address,
    drop column code_id;
drop table codes;
alter table users
    drop column email_verified_at,
    drop column phone_verified_at;
