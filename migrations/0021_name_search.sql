-- expand: staff find members by the beginning of a name in capital and small letters alike.

create index users_by_lower_name on users (lower(name) text_pattern_ops);
