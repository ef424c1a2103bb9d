-- expand: members who do not want to be seen among those who are here.
alter table users add column hides_presence boolean not null default false;
