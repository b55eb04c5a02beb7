-- Growth of lists (segments): members of each list on each day of the sync, and how many more or fewer than on the complete
-- day before.
-- Parameters: none. It looks at the last 90 days.
WITH members AS (
  SELECT
    date,
    listid,
    count(*) AS members
  FROM list_memberships
  WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
    AND listid IS NOT NULL
  GROUP BY 1, 2
)
SELECT
  m.date,
  m.listid,
  l.name AS list,
  m.members,
  m.members - lag(m.members) OVER (PARTITION BY m.listid ORDER BY m.date) AS change
FROM members m
LEFT JOIN lists l
  ON l.date = m.date AND l.listid = m.listid
ORDER BY m.date, m.listid;
