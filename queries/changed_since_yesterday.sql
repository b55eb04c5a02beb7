-- What changed since yesterday: records that are new, gone or changed between the newest complete day and the complete day
-- before it that has OBJECTS, by object type.
-- Parameters: none. Both days of OBJECTS are read. Without a complete day before it in the last 60 days, everything is new.
WITH days AS (
  SELECT
    (SELECT max(date) FROM daymark_latest) AS today,
    (
      SELECT max(date) FROM daymark_parts
      WHERE date >= date_format(current_date - INTERVAL '60' DAY, '%Y-%m-%d')
        AND date < (SELECT max(date) FROM daymark_latest)
        AND table_name = 'objects'
    ) AS yesterday
), today AS (
  SELECT objecttypeid, objectid, updatedat
  FROM objects
  WHERE date = (SELECT today FROM days) AND objectid IS NOT NULL
), yesterday AS (
  SELECT objecttypeid, objectid, updatedat
  FROM objects
  WHERE date = (SELECT yesterday FROM days) AND objectid IS NOT NULL
)
SELECT
  objecttypeid,
  count_if(y.objectid_y IS NULL) AS added,
  count_if(t.objectid_t IS NULL) AS gone,
  count_if(t.updatedat_t <> y.updatedat_y) AS changed
FROM (SELECT objecttypeid, objectid, objectid AS objectid_t, updatedat AS updatedat_t FROM today) t
FULL JOIN (SELECT objecttypeid, objectid, objectid AS objectid_y, updatedat AS updatedat_y FROM yesterday) y
  USING (objecttypeid, objectid)
GROUP BY objecttypeid
ORDER BY objecttypeid;
