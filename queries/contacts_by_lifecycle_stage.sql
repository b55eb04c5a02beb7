-- Contacts by lifecycle stage over time: how many contacts were in each stage on each day of the sync, and how many more or
-- fewer than on the day before it here. A stage that was left by its last contact has a row that day, too.
-- Parameters: none. It looks at the last 90 days; each day that it looks at is read, so fewer days cost less. Complete days of
-- which HubSpot sent no properties are left out: nobody's stage is known on them.
-- If Athena says TABLE_NOT_FOUND, HubSpot never sent the table that the message names, or that the view is made of: the account has none
-- of it, or the sync does not include it.
WITH counted AS (
  SELECT
    date,
    coalesce(nullif(property_lifecyclestage, ''), '(none)') AS lifecycle_stage,
    count(*) AS contacts
  FROM objects_contacts
  WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
    AND date IN (
      SELECT date
      FROM daymark_parts
      WHERE date >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
        AND table_name IN ('object_with_object_properties', 'object_properties')
        AND rows_written > 0
    )
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
