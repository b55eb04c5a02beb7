-- Property changes of one record: each value that a property had, since when, and the value before it.
-- HubSpot keeps the last 45 values of a contact's property and the last 20 of any other's.
-- Parameters: 1. object type id, as text in quotes, such as '0-1' for contacts; 2. id of the record, such as 101.
-- If Athena says TABLE_NOT_FOUND, HubSpot never sent the table that the message names, or that the view is made of: the account has none
-- of it, or the sync does not include it.
WITH changes AS (
  -- What HubSpot sends twice is one change.
  SELECT updatedat, name, value, max(ingestedat) AS ingestedat
  FROM object_properties_history_latest
  WHERE objecttypeid = ? AND objectid = ? AND updatedat IS NOT NULL
  GROUP BY 1, 2, 3
)
SELECT
  updatedat AS since,
  name AS property,
  -- Of values of one instant, the last is the one that property_history_current takes.
  lag(value) OVER (PARTITION BY name ORDER BY updatedat, ingestedat NULLS FIRST, value NULLS FIRST) AS value_before,
  value
FROM changes
ORDER BY since, property, ingestedat NULLS FIRST, value NULLS FIRST;
