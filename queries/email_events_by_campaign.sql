-- E-mail events by campaign: opens and clicks, the contacts who did either, and clicks for a hundred opens.
-- Parameters: none. It reads the newest complete day. An account has other tables of e-mail events too, such as deliveries and
-- bounces: each is one more SELECT in `events`.
-- HubSpot sends a table of events only for accounts that have such events. If Athena says TABLE_NOT_FOUND, nobody has opened a
-- marketing e-mail yet, or clicked in one, or the sync does not include it: take out the SELECT of the table that the message
-- names, and UNION ALL with it, until that table is there.
WITH events AS (
  -- The tables as HubSpot sends them, and not their typed views: a campaign's id is text here, whatever its property is.
  SELECT 'open' AS kind, id, objectid, CAST(property_hs_email_campaign_id AS varchar) AS campaign
  FROM events_opened_email_v2_latest
  UNION ALL
  SELECT 'click' AS kind, id, objectid, CAST(property_hs_email_campaign_id AS varchar) AS campaign
  FROM events_clicked_link_in_email_v2_latest
), counted AS (
  SELECT
    campaign,
    -- An event that HubSpot sends twice has one id.
    count(DISTINCT id) FILTER (WHERE kind = 'open') AS opens,
    count(DISTINCT id) FILTER (WHERE kind = 'click') AS clicks,
    count(DISTINCT objectid) AS contacts
  FROM events
  GROUP BY campaign
)
SELECT
  campaign,
  opens,
  clicks,
  contacts,
  round(1e2 * clicks / nullif(opens, 0), 1) AS clicks_per_100_opens
FROM counted
ORDER BY campaign;
