-- Contacts by lifecycle stage over time: how many contacts were in each stage on each day of the sync, and how many more or
-- fewer than on the complete day before. A stage that was left by its last contact has a row that day, too.
-- Parameters: none. It looks at the last 90 days; each day that it looks at is read, so fewer days cost less.
WITH counted AS (
  SELECT
    date,
    coalesce(nullif(property_lifecyclestage, ''), '(none)') AS lifecycle_stage,
    count(*) AS contacts
  FROM objects_contacts
  WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
  GROUP BY 1, 2
), filled AS (
  SELECT d.date, s.lifecycle_stage, coalesce(c.contacts, 0) AS contacts
  FROM (SELECT DISTINCT date FROM counted) d
  CROSS JOIN (SELECT DISTINCT lifecycle_stage FROM counted) s
  LEFT JOIN counted c
    ON c.date = d.date AND c.lifecycle_stage = s.lifecycle_stage
), changed AS (
  SELECT
    date,
    lifecycle_stage,
    contacts,
    contacts - lag(contacts) OVER (PARTITION BY lifecycle_stage ORDER BY date) AS change
  FROM filled
)
SELECT date, lifecycle_stage, contacts, change
FROM changed
WHERE contacts > 0 OR change <> 0
ORDER BY date, lifecycle_stage;
