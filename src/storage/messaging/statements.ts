// What messaging reads and writes, in SQL that SQLite and PostgreSQL both speak, but for what the latter's side writes
// otherwise (`indexed by`, `json_each`). `@name` parameters.
const MESSAGE = 'owner, id, peer, time, stanza';

/** SQLite takes the primary key where it is not told: with one peer of many it would read the whole archive. */
const ALL = 'from archive where owner = @owner';
const OF_PEER = 'from archive indexed by archive_peer where owner = @owner and peer = @peer';

/** Ids sort by time, so that a range of times is one of ids: either index gives the page in order. */
function page(which: string, order: 'asc' | 'desc'): string {
  return `select ${MESSAGE} ${which} and id > @after and id < @before order by id ${order} limit @limit`;
}

function count(which: string): string {
  return `select count(*) as count from (select 1 ${which} and id > @after and id < @before limit @most) as matched`;
}

export const messagingReads = {
  archivePage: page(ALL, 'asc'),
  archivePageBack: page(ALL, 'desc'),
  archivePageWith: page(OF_PEER, 'asc'),
  archivePageWithBack: page(OF_PEER, 'desc'),
  archiveCount: count(ALL),
  archiveCountWith: count(OF_PEER),
  archiveByIds: `select ${MESSAGE} from archive
    where owner = @owner and id in (select value from json_each(@ids)) order by id`,
  nextArchive: 'select min(owner) as owner from archive where owner > @owner',
  archiveBefore: 'select 1 as one from archive where owner = @owner and id < @before limit 1',
  waiting: 'select owner, id, time, stanza from offline where owner = @owner order by id',
  anyWaiting: 'select 1 as one from offline where owner = @owner limit 1',
  roster: 'select jid, version, item from roster_item where owner = @owner',
  document: 'select value from document where owner = @owner and name = @name',
  documents: 'select name, value from document where owner = @owner and name >= @from and name < @to order by name',
  documentsOfAll: 'select owner, value from document where name = @name order by owner',
  items: `select owner, node, id, publisher, time, payload from pubsub_item
    where owner = @owner and node = @node order by sequence desc limit @limit`,
  item: `select owner, node, id, publisher, time, payload from pubsub_item
    where owner = @owner and node = @node and id = @id`,
  itemsSize: 'select coalesce(sum(length(payload)), 0) as size from pubsub_item where owner = @owner',
  nodes: 'select distinct node from pubsub_item where owner = @owner order by node',
  upload: 'select id, owner, name, type, size, created, stored from upload where id = @id',
  uploadsOf: 'select id, owner, name, type, size, created, stored from upload where owner = @owner order by created',
  uploadsBefore: `select id, owner, name, type, size, created, stored from upload
    where created < @unstored and (created < @before or stored = 0) order by created limit @limit`,
} as const;

export const messagingWrites = {
  replaceArchived: 'update archive set stanza = @stanza where owner = @owner and id = @id',
  // So many at a time, or it would hold up everybody else's writes.
  expireArchive: `delete from archive where owner = @owner and id in
    (select id from archive where owner = @owner and id < @before order by id limit @most)`,
  addWaiting: `insert into offline (owner, id, time, stanza)
    select @owner, @id, cast(@time as bigint), @stanza
    where (select count(*) from (select 1 from offline where owner = @owner limit @most) as kept) < cast(@most as bigint)
    on conflict (owner, id) do update set stanza = excluded.stanza`,
  removeWaiting: 'delete from offline where owner = @owner and id <= @through',
  // An item of null has been removed; the row without an address says up to which version removals are forgotten.
  saveRosterItem: `insert into roster_item (owner, jid, version, item) values (@owner, @jid, @version, @item)
    on conflict (owner, jid) do update set version = excluded.version, item = excluded.item`,
  removeRosterItem: `insert into roster_item (owner, jid, version, item) values (@owner, @jid, @version, null)
    on conflict (owner, jid) do update set version = excluded.version, item = null`,
  forgetRemovals: `insert into roster_item (owner, jid, version, item)
    select owner, '', version, null from roster_item where owner = @owner and item is null and jid <> ''
    order by version desc limit 1 offset @keep
    on conflict (owner, jid) do update set version = excluded.version`,
  dropForgotten: `delete from roster_item where owner = @owner and item is null and jid <> ''
    and version <= (select version from roster_item where owner = @owner and jid = '')`,
  setDocument: `insert into document (owner, name, value) values (@owner, @name, @value)
    on conflict (owner, name) do update set value = excluded.value`,
  removeDocument: 'delete from document where owner = @owner and name = @name',
  publish: `insert into pubsub_item (owner, node, id, publisher, time, payload, sequence)
    select @owner, @node, @id, @publisher, cast(@time as bigint), @payload, coalesce(max(sequence), 0) + 1
    from pubsub_item where owner = @owner and node = @node
    on conflict (owner, node, id) do update set publisher = excluded.publisher, time = excluded.time,
      payload = excluded.payload, sequence = excluded.sequence`,
  trimNode: `delete from pubsub_item where owner = @owner and node = @node and sequence <=
    (select sequence from pubsub_item where owner = @owner and node = @node order by sequence desc limit 1 offset @keep)`,
  retract: 'delete from pubsub_item where owner = @owner and node = @node and id = @id',
  purgeNode: 'delete from pubsub_item where owner = @owner and node = @node',
  addUpload: `insert into upload (id, owner, name, type, size, created, stored)
    select @id, @owner, @name, @type, cast(@size as bigint), cast(@created as bigint), 0
    where (select coalesce(sum(size + 4096), 0) from upload where owner = @owner) + cast(@size as bigint) <= cast(@quota as bigint)
    on conflict (id) do nothing`,
  markStored: 'update upload set stored = 1 where id = @id',
  removeUpload: 'delete from upload where id = @id',
  eraseWaiting: 'delete from offline where owner = @owner',
  eraseRoster: 'delete from roster_item where owner = @owner',
  eraseDocuments: 'delete from document where owner = @owner',
  eraseItems: 'delete from pubsub_item where owner = @owner',
  eraseUploads: 'delete from upload where owner = @owner',
} as const;
