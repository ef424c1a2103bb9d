-- expand: Members have pictures, which their comments' rows show like their names.
alter table users
  add avatar_file_id bigint references files,
  add avatar text not null default '';        -- names the picture in addresses, once it is prepared; empty: none
create index users_avatar_idx on users (avatar) where avatar <> '';
create index users_avatar_file_id_idx on users (avatar_file_id) where avatar_file_id is not null;
alter table comments add author_avatar text not null default '';
alter table attachments alter board_id drop not null;  -- a member's picture is on no board
grant select (avatar_file_id, avatar), update (avatar_file_id, avatar) on users to minschool_site;
grant select (avatar_file_id, avatar) on users to minschool_admin;
