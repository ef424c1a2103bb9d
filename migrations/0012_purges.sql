-- expand: what is taken away from guests is removed from the pages that Nginx saved: a queue that the change itself fills.

-- A row stands here until every Nginx has forgotten its saved pages (infra/purge). Triggers fill it, so that no program and no
-- command can hide a text and forget this.
create table purges (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  -- Who acted removes the row within the request; others look for rows that are older than this.
  tried_at timestamptz not null default now(),
  cause text not null
);

-- The notice tells the program within the same answer that its transaction added a row (pg::Unit): no further round trip.
create function ms_purge(why text) returns void language plpgsql as $$
begin
  insert into purges (cause) values (why);
  raise notice using errcode = 'MS001', message = 'saved pages have to be removed';
end $$;

-- Guests see what stands in a board that rank 0 may read.
create function ms_guests_read(board bigint) returns boolean language sql stable as $$
  select exists (select from boards where id = board and read_role = 0);
$$;

create function posts_purged() returns trigger language plpgsql as $$
begin
  if ms_guests_read(old.board_id) then perform ms_purge('post ' || old.id); end if;
  return null;
end $$;
create trigger posts_purged after update of title, content, board_id, author_id, deleted_at, hidden_at on posts for each row
  when (old.deleted_at is null and old.hidden_at is null
        and (new.deleted_at is not null or new.hidden_at is not null
             or (old.title, old.content, old.board_id, old.author_id)
                is distinct from (new.title, new.content, new.board_id, new.author_id)))
  execute function posts_purged();
create trigger posts_purged_delete after delete on posts for each row
  when (old.deleted_at is null and old.hidden_at is null) execute function posts_purged();

create function comments_purged() returns trigger language plpgsql as $$
begin
  if exists (select from posts where id = old.post_id and deleted_at is null and hidden_at is null
                                 and ms_guests_read(board_id)) then
    perform ms_purge('comment ' || old.id);
  end if;
  return null;
end $$;
create trigger comments_purged after update of content, author_id, deleted_at, hidden_at on comments for each row
  when (old.deleted_at is null and old.hidden_at is null
        and (new.deleted_at is not null or new.hidden_at is not null
             or (old.content, old.author_id) is distinct from (new.content, new.author_id)))
  execute function comments_purged();
create trigger comments_purged_delete after delete on comments for each row
  when (old.deleted_at is null and old.hidden_at is null) execute function comments_purged();

create function boards_purged() returns trigger language plpgsql as $$
begin
  perform ms_purge('board ' || old.id);
  return null;
end $$;
create trigger boards_purged after update of read_role, on_home, name, description on boards for each row
  when (old.read_role = 0 and (new.read_role <> 0 or (old.on_home and not new.on_home)
                               or (old.name, old.description) is distinct from (new.name, new.description)))
  execute function boards_purged();
create trigger boards_purged_delete after delete on boards for each row
  when (old.read_role = 0) execute function boards_purged();

create function users_purged() returns trigger language plpgsql as $$
begin
  perform ms_purge('member ' || old.id);
  return null;
end $$;
create trigger users_purged after update of name on users for each row
  when (old.name is distinct from new.name) execute function users_purged();
create trigger users_purged_delete after delete on users for each row execute function users_purged();

grant select, insert, update, delete on purges to minschool_site, minschool_admin;
