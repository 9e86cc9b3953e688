alter table users
    drop constraint users_frozen_note_length,
    drop constraint users_frozen_whole,
    drop column frozen_note,
    drop column frozen_at;
