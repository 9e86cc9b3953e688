alter table suspense_items
    drop constraint suspense_items_payer_whole,
    drop column payer_sealed,
    drop column payer_id;
drop table payer_keys;
