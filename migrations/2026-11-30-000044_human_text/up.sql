-- Names that people can see: composed (NFC), with a visible character, without controls, zero-width characters and
-- those that change the direction of text. The domain has the same rule for all text (`domain::human`).
create function is_human_text(text) returns boolean language sql immutable parallel safe as $$
    select $1 is nfc normalized
        and $1 ~ '\S'
        and $1 !~ '[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]'
$$;

-- Names of before get the form that they should have had.
create function human_text_of(text) returns text language sql immutable as $$
    select coalesce(nullif(btrim(regexp_replace(normalize($1, nfc),
        '[\u0001-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]',
        '', 'g')), ''), '?')
$$;
update users set name = human_text_of(name) where not is_human_text(name);
update organisations set name = human_text_of(name) where not is_human_text(name);
drop function human_text_of(text);

alter table users add constraint users_name_human check (is_human_text(name));
alter table organisations add constraint organisations_name_human check (is_human_text(name));
