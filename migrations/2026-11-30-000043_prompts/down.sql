drop table prompts;
