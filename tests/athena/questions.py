"""The answers that queries/*.sql have to give, computed from a sample's truth: by file name, parameters and rows in order."""

import collections

from views import flag, instant, number, parsed, rank, records

CONTACT, COMPANY, DEAL = "0-1", "0-2", "0-3"


class Questions:
    def __init__(self, truth, stored):
        self.truth, self.stored = truth, stored
        self.newest = truth.newest
        self._properties = {}

    def all(self):
        names = [name for name in vars(Questions) if not name.startswith("_") and name not in ("all", "properties", "by_id", "linked")]
        return {name: getattr(self, name) for name in names}

    def properties(self, type_id, date):
        """Id and properties of each record of a type, once; none for one that has no row of them, or no id that could be read."""
        if (type_id, date) not in self._properties:
            known = {
                row["objectid"]: parsed(row["properties"])
                for row in records(self.truth.rows("object_with_object_properties", date)) if row["objecttypeid"] == type_id
            }
            known.pop(None, None)
            self._properties[type_id, date] = [
                (row["objectid"], known.get(row["objectid"], {}))
                for row in records(self.truth.rows("objects", date)) if row["objecttypeid"] == type_id
            ]
        return self._properties[type_id, date]

    def by_id(self, type_id):
        """The same of the newest day, of records with an id."""
        return {objectid: found for objectid, found in self.properties(type_id, self.newest) if objectid is not None}

    def contacts_by_lifecycle_stage(self):
        counted = collections.Counter()
        for date in self.truth.days:
            if not self.truth.rows("object_with_object_properties", date) and not self.truth.rows("object_properties", date):
                continue
            for _, properties in self.properties(CONTACT, date):
                counted[date, properties.get("lifecyclestage") or "(none)"] += 1
        return (), with_change(counted)

    def deals_won_by_month(self):
        rows = {name: self.truth.rows(name, self.newest) for name in ("pipelines", "pipeline_stages", "owners")}
        labels = {row["pipelineid"]: row["label"] for row in rows["pipelines"] if row["objecttypeid"] == DEAL}
        owners = {
            str(row["ownerid"]): " ".join(name for name in (row["firstname"], row["lastname"]) if name is not None).strip()
            for row in rows["owners"]
        }
        won = set()
        for stage in rows["pipeline_stages"]:
            metadata = parsed(stage["metadata"])
            closed = flag(metadata.get("isClosed")) and number(metadata.get("probability")) == 1.0
            if stage["objecttypeid"] == DEAL and closed:
                won.add((stage["pipelineid"], stage["stageid"]))
        groups = collections.defaultdict(list)
        for _, properties in self.properties(DEAL, self.newest):
            if (properties.get("pipeline"), properties.get("dealstage")) in won:
                closed = instant(properties.get("closedate"))
                owner = owners.get(properties.get("hubspot_owner_id") or "") or "(no owner)"
                key = (closed and closed.strftime("%Y-%m"), labels.get(properties["pipeline"]), owner)
                groups[key].append(number(properties.get("amount")))
        answer = [(*key, len(amounts), total(amounts)) for key, amounts in groups.items()]
        # NULL comes last.
        return (), sorted(answer, key=lambda row: [(part is None, part or "") for part in row[:3]])

    def list_growth(self):
        members = {
            (row["date"], row["listid"], row["objectid"]) for row in self.truth.all_rows("list_memberships")
            if None not in (row["listid"], row["objectid"])
        }
        counted = collections.Counter((date, listid) for date, listid, _ in members)
        names = {(row["date"], row["listid"]): row["name"] for row in self.truth.all_rows("lists")}
        grown = with_change(counted)
        return (), [(date, listid, names.get((date, listid)), *rest) for date, listid, *rest in grown]

    def property_changes_of_a_record(self):
        rows = [row for row in self.truth.rows("object_properties_history", self.newest) if row["updatedat"] is not None]
        # The contact that changed most often.
        contacts = [row["objectid"] for row in rows if row["objecttypeid"] == CONTACT and row["objectid"] is not None]
        contact, _ = collections.Counter(contacts).most_common(1)[0]
        ingested = {}
        for row in rows:
            if (row["objecttypeid"], row["objectid"]) == (CONTACT, contact):
                change = (row["updatedat"], row["name"], row["value"])
                ingested[change] = max(ingested.get(change), row["ingestedat"], key=rank)
        changes = sorted(ingested, key=lambda change: (change[:2], rank(ingested[change]), rank(change[2])))
        before, answer = {}, []
        for since, name, value in changes:
            answer.append((since, name, before.get(name), value))
            before[name] = value
        return (CONTACT, contact), answer

    def email_events_by_campaign(self):
        groups = collections.defaultdict(lambda: (set(), set(), set()))
        for place, table in enumerate(("events_opened_email_v2", "events_clicked_link_in_email_v2")):
            for row in self.truth.rows(table, self.newest):
                of_campaign = groups[row["property_hs_email_campaign_id"]]
                of_campaign[place].add(row["id"])
                of_campaign[2].add(row["objectid"])
        answer = []
        for campaign, of_campaign in groups.items():
            opens, clicks, contacts = (len(found - {None}) for found in of_campaign)
            rate = round(100 * clicks / opens, 1) if opens else None
            answer.append((campaign, opens, clicks, contacts, rate))
        return (), sorted(answer, key=lambda row: (row[0] is None, row[0] or ""))

    def linked(self, from_type, to_type):
        """Pairs of linked records of the newest day."""
        return {
            (link["fromobjectid"], link["toobjectid"]) for link in self.truth.rows("associations", self.newest)
            if (link["fromobjecttypeid"], link["toobjecttypeid"]) == (from_type, to_type)
        }

    def companies_deals(self):
        of_deals = self.by_id(DEAL)
        employed, concerned = self.linked(CONTACT, COMPANY), self.linked(CONTACT, DEAL)
        linked, people = collections.defaultdict(set), collections.defaultdict(set)
        for company, deal in self.linked(COMPANY, DEAL):
            linked[company].add(deal)
            people[company] |= {contact for contact, other in concerned if other == deal and (contact, company) in employed}
        answer = []
        for company, properties in sorted(self.by_id(COMPANY).items()):
            amounts = [number(of_deals[deal].get("amount")) for deal in linked[company] if deal in of_deals]
            answer.append((company, properties.get("name"), len(amounts), total(amounts), len(people[company] - {None})))
        return (), answer

    def contacts_companies_deals(self):
        main = {
            row["combinedassociationtypeid"] for row in self.truth.rows("association_definitions", self.newest)
            if row["ismainassociationdefinition"]
        }
        company, deals = {}, collections.defaultdict(set)
        for link in self.truth.rows("associations", self.newest):
            ends = (link["fromobjecttypeid"], link["toobjecttypeid"])
            if ends == (CONTACT, COMPANY) and link["combinedassociationtypeid"] in main:
                known = company.get(link["fromobjectid"], link["toobjectid"])
                company[link["fromobjectid"]] = min(known, link["toobjectid"])
            if ends == (CONTACT, DEAL):
                deals[link["fromobjectid"]].add(link["toobjectid"])
        companies = self.by_id(COMPANY)
        of_deals = self.by_id(DEAL)
        answer = []
        for contact, properties in sorted(self.by_id(CONTACT).items()):
            amounts = [number(of_deals[deal].get("amount")) for deal in deals[contact] if deal in of_deals]
            name = companies.get(company.get(contact), {}).get("name")
            answer.append((contact, properties.get("email"), name, len(amounts), total(amounts)))
        return (), answer

    def changed_since_yesterday(self):
        before, after = (
            {
                (row["objecttypeid"], row["objectid"]): row["updatedat"]
                for row in self.truth.rows("objects", date) if row["objectid"] is not None
            }
            for date in [None, *self.truth.days][-2:]
        )
        counts = collections.defaultdict(lambda: [0, 0, 0])
        for key in {*before, *after}:
            of_type = counts[key[0]]
            of_type[0] += key not in before
            of_type[1] += key not in after
            of_type[2] += key in before and key in after and before[key] != after[key]
        return (), [(type_id, *of_type) for type_id, of_type in sorted(counts.items())]

    def sync_ledger(self):
        groups = collections.defaultdict(list)
        for part in self.stored.parts:
            groups[part["date"], part["table_name"]].append(part)
        answer = []
        for (date, table), parts in sorted(groups.items()):
            revision, newest = (max(part[name] for part in parts) for name in ("revision", "source_last_modified"))
            counts = ("records_read", "rows_written", "records_rejected", "cells_rejected")
            sums = (sum(part[name] for part in parts) for name in counts)
            answer.append((date, table, revision, len(parts), *sums, newest))
        return (), answer


def with_change(counted):
    """Of counts by date and group: the rows of groups that have some or had some the day before, with how many more that is."""
    before, answer = None, []
    groups = sorted({group for _, group in counted})
    for date in sorted({date for date, _ in counted}):
        now = {group: counted.get((date, group), 0) for group in groups}
        for group, count in now.items():
            change = None if before is None else count - before[group]
            if count or change:
                answer.append((date, group, count, change))
        before = now
    return answer


def total(amounts):
    known = [amount for amount in amounts if amount is not None]
    return round(sum(known), 2) if known else None
