drop table sessions;
alter table users drop constraint users_role_known;
update users set role = 'operator' where role <> 'user';
alter table users add constraint users_role_known check (role in ('user', 'operator'));
