-- Computes post_places of all boards anew, after posts were loaded without their triggers.
create or replace function ms_rebuild_post_places() returns void
language sql as $$
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
revoke all on function ms_rebuild_post_places from public, minschool_site, minschool_admin;
