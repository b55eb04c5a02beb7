-- Contacts with their primary company and their deals: one row per contact, with the company's name and how many deals the
-- contact has to do with, for how much.
-- Parameters: none. It reads the newest complete day. Amounts are summed as they stand, whatever each deal's currency; where an
-- account has several, take property_amount_in_home_currency, if the view has it.
-- If Athena says TABLE_NOT_FOUND, HubSpot never sent the table that the message names, or that the view is made of: the account has none
-- of it, or the sync does not include it.
WITH companies AS (
  SELECT
    contact_objectid,
    min(company_objectid) AS company_objectid
  FROM associations_contacts_to_companies_latest
  WHERE ismainassociationdefinition
  GROUP BY 1
), links AS (
  -- A deal may be linked to a contact in several ways.
  SELECT DISTINCT contact_objectid, deal_objectid
  FROM associations_contacts_to_deals_latest
), deals AS (
  SELECT
    links.contact_objectid,
    count(*) AS deals,
    sum(d.property_amount) AS amount
  FROM links
  JOIN objects_deals_latest d
    ON d.objectid = links.deal_objectid
  GROUP BY 1
)
SELECT
  c.objectid AS contact,
  c.property_email AS email,
  k.property_name AS company,
  coalesce(deals.deals, 0) AS deals,
  round(deals.amount, 2) AS amount
FROM objects_contacts_latest c
LEFT JOIN companies
  ON companies.contact_objectid = c.objectid
LEFT JOIN objects_companies_latest k
  ON k.objectid = companies.company_objectid
LEFT JOIN deals
  ON deals.contact_objectid = c.objectid
WHERE c.objectid IS NOT NULL
ORDER BY c.objectid;
