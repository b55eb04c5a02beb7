-- Deals won by month of their close date, with the names of pipelines and owners: how many, and what they are worth.
-- A deal is won if its stage is closed with a probability of 1. Months are those of UTC.
-- Parameters: none. It reads the newest complete day. Amounts are summed as they stand, whatever each deal's currency; where an
-- account has several, take property_amount_in_home_currency, if the view has it.
-- Where the newest day lacks OWNERS, every owner is "(no owner)"; where it lacks PIPELINE_STAGES, no deal is won.
-- If Athena says TABLE_NOT_FOUND, HubSpot never sent the table that the message names, or that the view is made of: the account has none
-- of it, or the sync does not include it.
WITH won AS (
  -- Here and below one row for each id: what a table of names repeats must not count a deal twice.
  SELECT DISTINCT
    pipelineid,
    stageid
  FROM pipeline_stages_latest
  WHERE objecttypeid = '0-3'
    AND json_extract_scalar(metadata, '$.isClosed') = 'true'
    AND try_cast(json_extract_scalar(metadata, '$.probability') AS double) = 1.0
), pipelines AS (
  SELECT
    objecttypeid,
    pipelineid,
    max(label) AS label
  FROM pipelines_latest
  GROUP BY 1, 2
), owners AS (
  SELECT
    CAST(ownerid AS varchar) AS ownerid,
    max(nullif(trim(concat_ws(' ', firstname, lastname)), '')) AS name
  FROM owners_latest
  GROUP BY 1
)
SELECT
  date_format(d.property_closedate, '%Y-%m') AS month,
  p.label AS pipeline,
  coalesce(o.name, '(no owner)') AS owner,
  count(*) AS deals,
  round(sum(d.property_amount), 2) AS amount
FROM objects_deals_latest d
JOIN won
  ON won.pipelineid = d.property_pipeline AND won.stageid = d.property_dealstage
LEFT JOIN pipelines p
  ON p.objecttypeid = d.objecttypeid AND p.pipelineid = d.property_pipeline
LEFT JOIN owners o
  ON o.ownerid = d.property_hubspot_owner_id
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
