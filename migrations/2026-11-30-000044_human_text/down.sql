alter table organisations drop constraint organisations_name_human;
alter table users drop constraint users_name_human;
drop function is_human_text(text);
