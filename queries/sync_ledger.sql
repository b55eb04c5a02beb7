-- The sync's own ledger: for each complete day and table, how many files came, how many records they had, how many rows are
-- in the lake and what was rejected.
-- Parameters: none. It looks at the last 90 days, of the newest revision of each.
SELECT
  date,
  table_name,
  max(revision) AS revision,
  count(*) AS files,
  sum(records_read) AS records,
  sum(rows_written) AS rows_written,
  sum(records_rejected) AS records_rejected,
  sum(cells_rejected) AS cells_rejected,
  max(source_last_modified) AS newest_file
FROM daymark_parts
WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
GROUP BY date, table_name
ORDER BY date, table_name;
