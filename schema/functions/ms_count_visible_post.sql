-- Adds `change` (1 or -1) to the visible posts of a board, and moves the places of what is newer
-- (docs/decisions/0005-page-numbers.md). Exact at any concurrency: all writers to a board wait here for the board's row, and
-- what they read afterwards is committed.
--
-- A post at the newest end, as nearly all are, writes no place unless it is the first of its 32 numbers; one that is hidden
-- or comes back moves the rest of its own block, and one row for each newer block.
create or replace function ms_count_visible_post(board bigint, post_number bigint, change int) returns void
language plpgsql as $$
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
  select before into newer_before from post_places
   where board_id = board and block > own_block order by block limit 1;
  select before, places into own_before, own from post_places where board_id = board and block = own_block;
  if own is null then
    own_before := coalesce(newer_before, inside);
    own := '{}';
    -- The newest block so far is complete.
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
revoke all on function ms_count_visible_post from public, minschool_site, minschool_admin;
