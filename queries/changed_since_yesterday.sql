-- What changed since yesterday: records that are new, gone or changed between the two newest complete days on which HubSpot
-- sent OBJECTS, by object type.
-- Parameters: none. Both days of OBJECTS are read; it looks for them in the last 14 days. With one such day, everything is new.
WITH days AS (
  SELECT
    max(date) AS today,
    element_at(max(date, 2), 2) AS yesterday
  FROM (
    -- A day without records is a sync that left them out, not an account that lost all of them.
    SELECT DISTINCT date
    FROM daymark_parts
    WHERE date >= date_format(current_date - INTERVAL '14' DAY, '%Y-%m-%d')
      AND date <= (SELECT max(date) FROM daymark_latest)
      AND table_name = 'objects'
      AND rows_written > 0
  )
), today AS (
  -- The first bound only spares Athena the years before.
  SELECT objecttypeid, objectid, max(updatedat) AS updatedat
  FROM objects
  WHERE date >= date_format(current_date - INTERVAL '14' DAY, '%Y-%m-%d')
    AND date = (SELECT today FROM days)
    AND objectid IS NOT NULL
  GROUP BY 1, 2
), yesterday AS (
  SELECT objecttypeid, objectid, max(updatedat) AS updatedat
  FROM objects
  WHERE date >= date_format(current_date - INTERVAL '14' DAY, '%Y-%m-%d')
    AND date = (SELECT yesterday FROM days)
    AND objectid IS NOT NULL
  GROUP BY 1, 2
)
SELECT
  objecttypeid,
  count_if(y.objectid_y IS NULL) AS added,
  count_if(t.objectid_t IS NULL) AS gone,
  -- From no time to one is a change too.
  count_if(t.objectid_t = y.objectid_y AND t.updatedat_t IS DISTINCT FROM y.updatedat_y) AS changed
FROM (SELECT objecttypeid, objectid, objectid AS objectid_t, updatedat AS updatedat_t FROM today) t
FULL JOIN (SELECT objecttypeid, objectid, objectid AS objectid_y, updatedat AS updatedat_y FROM yesterday) y
  USING (objecttypeid, objectid)
GROUP BY objecttypeid
ORDER BY objecttypeid;
