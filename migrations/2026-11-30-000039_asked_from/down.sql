alter table payments drop column asked_from_sealed;
