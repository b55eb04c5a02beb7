-- Companies with their deals: one row per company, with how many deals it has to do with, for how much, and how many of its
-- contacts have to do with one of these deals.
-- Parameters: none. It reads the newest complete day. Amounts are summed as they stand, whatever each deal's currency; where an
-- account has several, take property_amount_in_home_currency, if the view has it.
-- If Athena says TABLE_NOT_FOUND, HubSpot never sent the table that the message names, or that the view is made of: the account has none
-- of it, or the sync does not include it.
WITH links AS (
  -- A deal may be linked to a company in several ways.
  SELECT DISTINCT company_objectid, deal_objectid
  FROM associations_companies_to_deals_latest
), deals AS (
  SELECT
    links.company_objectid,
    count(*) AS deals,
    sum(d.property_amount) AS amount
  FROM links
  JOIN objects_deals_latest d
    ON d.objectid = links.deal_objectid
  GROUP BY 1
), people AS (
  SELECT
    links.company_objectid,
    count(DISTINCT c.contact_objectid) AS contacts
  FROM links
  JOIN associations_contacts_to_deals_latest c
    ON c.deal_objectid = links.deal_objectid
  JOIN associations_contacts_to_companies_latest k
    ON k.contact_objectid = c.contact_objectid AND k.company_objectid = links.company_objectid
  GROUP BY 1
)
SELECT
  c.objectid AS company,
  c.property_name AS name,
  coalesce(deals.deals, 0) AS deals,
  round(deals.amount, 2) AS amount,
  coalesce(people.contacts, 0) AS contacts
FROM objects_companies_latest c
LEFT JOIN deals
  ON deals.company_objectid = c.objectid
LEFT JOIN people
  ON people.company_objectid = c.objectid
WHERE c.objectid IS NOT NULL
ORDER BY c.objectid;
