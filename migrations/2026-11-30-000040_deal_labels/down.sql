drop table deal_labels;
