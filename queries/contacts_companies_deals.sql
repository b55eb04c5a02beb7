-- Contacts with their primary company and their deals: one row per contact, with the company's name and how many deals the
-- contact has to do with, for how much.
-- Parameters: none. It reads the newest complete day.
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
), worth AS (
  -- Here and below one row for each id: a record that HubSpot sends twice must not count twice.
  SELECT
    objectid,
    max(property_amount) AS amount
  FROM objects_deals_latest
  GROUP BY 1
), deals AS (
  SELECT
    links.contact_objectid,
    count(*) AS deals,
    sum(d.amount) AS amount
  FROM links
  JOIN worth d
    ON d.objectid = links.deal_objectid
  GROUP BY 1
), named AS (
  SELECT
    objectid,
    max(property_name) AS name
  FROM objects_companies_latest
  GROUP BY 1
), contacts AS (
  SELECT
    objectid,
    max(property_email) AS email
  FROM objects_contacts_latest
  WHERE objectid IS NOT NULL
  GROUP BY 1
)
SELECT
  c.objectid AS contact,
  c.email,
  k.name AS company,
  coalesce(deals.deals, 0) AS deals,
  round(deals.amount, 2) AS amount
FROM contacts c
LEFT JOIN companies
  ON companies.contact_objectid = c.objectid
LEFT JOIN named k
  ON k.objectid = companies.company_objectid
LEFT JOIN deals
  ON deals.contact_objectid = c.objectid
ORDER BY c.objectid;
