-- Users whose money does not move out until somebody has looked into it. They log in and read as before.

alter table users
    add column frozen_at timestamptz,
    -- Why, in the words of the operator.
    add column frozen_note text,
    add constraint users_frozen_whole check ((frozen_at is null) = (frozen_note is null)),
    add constraint users_frozen_note_length check (char_length(frozen_note) between 3 and 500);
