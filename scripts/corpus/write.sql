-- The history as a table of PostgreSQL; corpus.sh sets :out and :version.
create temp table history (timestamp text, n int, odds jsonb, meta jsonb);
insert into history select '2025-05-28T12:00:' || lpad(i::text, 2, '0') || 'Z', i, jsonb_build_array(0.5, i), '{}' from generate_series(1, 10) i;
\pset format unaligned
\pset tuples_only on
\o :out/postgresql.json
select json_agg(history order by n) from history;
\o :out/postgresql-jsonb.json
select jsonb_pretty(jsonb_build_object('history', jsonb_agg(to_jsonb(history) order by n), 'total_entries', 10)) from history;
\o :out/postgresql-lines.json
select row_to_json(history) from history order by n;
\o
