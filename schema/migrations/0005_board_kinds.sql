-- expand: A board is a list of posts, a gallery of their pictures, or an archive of their files.
alter table boards add kind smallint not null default 0 check (kind between 0 and 2);
grant insert (kind), update (kind) on boards to minschool_admin;
