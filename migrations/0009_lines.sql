-- expand: a list's line is one narrow row, and the row of any page is found in a few steps, however large the board.

-- post_counters had one row for each post that changes often; now it holds all that a line of a list shows, so that a
-- list joins nothing. It is made anew: filling columns in place would write each row twice and leave its old copy
-- behind. Reading goes on meanwhile; whoever writes a post or a comment waits, some 10 seconds for a million posts. Board,
-- number, author and time of a post never change; triggers keep the rest.
lock table posts, post_counters, users in share row exclusive mode;
create table post_lines (
  post_id bigint not null,
  board_id bigint not null,
  number bigint not null,
  author_id bigint not null,            -- 0: a post of the seed's schema may have none
  created_at timestamptz not null,
  views bigint not null default 0,
  comments bigint not null default 0,   -- visible ones
  likes bigint not null default 0,
  events bigint not null default 0,
  notice boolean not null,
  visible boolean not null,
  author_name text not null,
  title text not null
) with (fillfactor = 70);
insert into post_lines
select p.id, p.board_id, p.number, coalesce(p.author_id, 0), p.created_at, c.views, c.comments, c.likes, c.events,
       p.notice, p.visible, coalesce(u.name, ''), p.title
  from posts p join post_counters c on c.post_id = p.id left join users u on u.id = p.author_id
 order by p.id;
drop table post_counters;
alter table post_lines rename to post_counters;
alter table post_counters add constraint post_counters_pkey primary key (post_id);
alter table post_counters add constraint post_counters_post_id_fkey foreign key (post_id) references posts (id) on delete cascade;
-- None on what counts: an update that touches no indexed column stays in its page and writes no index.
create index post_counters_lines on post_counters (board_id, number desc) where visible;
create index post_counters_pinned on post_counters (board_id, post_id desc) where visible and notice;
grant select, insert, update on post_counters to minschool_site, minschool_admin;
-- The program before this one reads lists of posts by their unique (board_id, number) as well. posts_pinned has to wait
-- until nobody runs it.
drop index posts_of_board;

-- Where the visible posts of a board stand, counted from the oldest: how many stand before each block of 16,384 numbers,
-- and in it before each 32 of them (docs/decisions/0005-page-numbers.md).
create table post_places (
  board_id bigint not null references boards (id) on delete cascade,
  block bigint not null,                -- number >> 14
  before bigint not null,               -- visible posts in all older blocks
  -- And in this one, before its 1st, 2nd, … 512th 32 numbers, and in all of it. In the newest block only as many as have been
  -- needed: there the rest is what the board has.
  places smallint[] not null,
  primary key (board_id, block)
) with (fillfactor = 70);
create index post_places_before on post_places (board_id, before, block);
grant select, insert, update on post_places to minschool_site, minschool_admin;

-- Places all posts at once, for who has put them there without the triggers.
create function ms_place_posts() returns void language sql as $$
  delete from post_places;
  with counted as materialized (
    select board_id, number >> 14 as block, (number >> 5 & 511)::int as place, count(*) as visible
      from post_counters where visible group by 1, 2, 3),
  dense as (
    select board_id, block, place, coalesce(visible, 0) as visible
      from (select board_id, block, case when block < max(block) over (partition by board_id) then 512 else max(place) end as last
              from counted group by 1, 2) b
      cross join lateral generate_series(0, b.last) as place
      left join counted using (board_id, block, place)),
  placed as (
    select board_id, block, place, visible, sum(visible) over (partition by board_id, block order by place) - visible as inside
      from dense)
  insert into post_places
  select board_id, block, sum(sum(visible)) over (partition by board_id order by block) - sum(visible),
         array_agg(inside::smallint order by place)
    from placed group by board_id, block;
$$;
select ms_place_posts();

-- Exact at any concurrency: all writers to a board wait here for its row, and what they read afterwards is committed.
-- A post at the newest end, as nearly all are, writes no place unless it is the first of its 32 numbers; one that goes or
-- comes back moves what is newer: in its own block, and one row for each newer block.
-- post_stretches is for the program before this one.
create or replace function ms_count_post(board bigint, post_number bigint, change int) returns void language plpgsql as $$
declare
  own_block bigint := post_number >> 14;
  place int := (post_number >> 5 & 511) + 1;
  inside bigint;            -- visible posts of the block, before the change
  own_before bigint;
  newer_before bigint;
  own smallint[];
  known int;
  wanted int := place;
begin
  update boards set visible_posts = visible_posts + change where id = board returning visible_posts - change into inside;
  insert into post_stretches values (board, post_number >> 10, change)
    on conflict (board_id, stretch) do update set visible = post_stretches.visible + excluded.visible;
  select before into newer_before from post_places
   where board_id = board and block > own_block order by block limit 1;
  select before, places into own_before, own from post_places where board_id = board and block = own_block;
  if own is null then
    own_before := coalesce(newer_before, inside);
    own := '{}';
    -- The newest so far is complete.
    update post_places p set places = places || array_fill((own_before - before)::smallint, array[513 - cardinality(places)])
     where board_id = board and block < own_block and cardinality(places) < 513;
  end if;
  inside := coalesce(newer_before, inside) - own_before;
  known := cardinality(own);
  if newer_before is not null then
    wanted := 513;
  end if;
  if wanted > known then
    own := own || array_fill(inside::smallint, array[wanted - known]);
  end if;
  for later in place + 1 .. cardinality(own) loop
    own[later] := own[later] + change;
  end loop;
  if cardinality(own) > known or place < known then
    insert into post_places values (board, own_block, own_before, own)
      on conflict (board_id, block) do update set places = excluded.places;
  end if;
  if newer_before is not null then
    update post_places set before = before + change where board_id = board and block > own_block;
  end if;
end $$;

-- The author is locked against a new name until the line is there for it to change.
create or replace function posts_counted() returns trigger language plpgsql as $$
declare
  shown boolean := new.deleted_at is null and new.hidden_at is null;
  author varchar;
begin
  if tg_op = 'INSERT' then
    select name into author from users where id = new.author_id for share;
    insert into post_counters (post_id, board_id, number, author_id, created_at, notice, visible, author_name, title)
    values (new.id, new.board_id, new.number, coalesce(new.author_id, 0), new.created_at, new.notice, shown,
            coalesce(author, ''), new.title);
    if shown then
      perform ms_count_post(new.board_id, new.number, 1);
    end if;
  elsif old.visible is distinct from shown then
    perform ms_count_post(new.board_id, new.number, case when old.visible then -1 else 1 end);
  end if;
  return null;
end $$;

create or replace function posts_numbered() returns trigger language plpgsql as $$
begin
  update post_counters
     set events = events + 1, title = new.title, notice = new.notice, visible = new.deleted_at is null and new.hidden_at is null
   where post_id = new.id returning events into new.event;
  return new;
end $$;

create function users_renamed() returns trigger language plpgsql as $$
begin
  update post_counters c set author_name = new.name from posts p where p.author_id = new.id and c.post_id = p.id;
  return null;
end $$;
create trigger users_renamed after update of name on users
  for each row when (old.name is distinct from new.name) execute function users_renamed();
