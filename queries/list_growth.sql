-- Growth of lists (segments): members of each list on each day of the sync, and how many more or fewer than on the complete
-- day before. A list that its last member left has a row that day, too.
-- Parameters: none. It looks at the last 90 days. A record that HubSpot sends twice for a list counts once.
-- If Athena says TABLE_NOT_FOUND, HubSpot never sent the table that the message names, or that the view is made of: the account has none
-- of it, or the sync does not include it.
WITH counted AS (
  SELECT
    date,
    listid,
    count(DISTINCT objectid) AS members
  FROM list_memberships
  WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
    AND listid IS NOT NULL
  GROUP BY 1, 2
), filled AS (
  SELECT d.date, l.listid, coalesce(c.members, 0) AS members
  FROM (SELECT DISTINCT date FROM counted) d
  CROSS JOIN (SELECT DISTINCT listid FROM counted) l
  LEFT JOIN counted c
    ON c.date = d.date AND c.listid = l.listid
), changed AS (
  SELECT
    date,
    listid,
    members,
    members - lag(members) OVER (PARTITION BY listid ORDER BY date) AS change
  FROM filled
), named AS (
  -- One row for each list and day, whatever LISTS repeats.
  SELECT
    date,
    listid,
    max(name) AS name
  FROM lists
  WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
  GROUP BY 1, 2
)
SELECT
  m.date,
  m.listid,
  l.name AS list,
  m.members,
  m.change
FROM changed m
LEFT JOIN named l
  ON l.date = m.date AND l.listid = m.listid
WHERE m.members > 0 OR m.change <> 0
ORDER BY m.date, m.listid;
