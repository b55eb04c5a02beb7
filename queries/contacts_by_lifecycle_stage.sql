-- Contacts by lifecycle stage over time: how many contacts were in each stage on each day of the sync, and how many more or
-- fewer than on the complete day before.
-- Parameters: none. It looks at the last 90 days; each day that it looks at is read, so fewer days cost less.
WITH counted AS (
  SELECT
    date,
    coalesce(nullif(property_lifecyclestage, ''), '(none)') AS lifecycle_stage,
    count(*) AS contacts
  FROM objects_contacts
  WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
  GROUP BY 1, 2
)
SELECT
  date,
  lifecycle_stage,
  contacts,
  contacts - lag(contacts) OVER (PARTITION BY lifecycle_stage ORDER BY date) AS change
FROM counted
ORDER BY date, lifecycle_stage;
