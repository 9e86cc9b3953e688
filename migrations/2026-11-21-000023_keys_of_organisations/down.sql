alter table api_keys drop column organisation_id;
