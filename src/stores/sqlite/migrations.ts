import type { DatabaseSync } from 'node:sqlite'
import { LatchkeyError } from '../../core/errors.ts'

/**
 * The steps from an empty file to the current layout; `user_version` is the number of completed
 * steps. A released step never changes.
 *
 * The fields that decide whether a session is live are columns, the rest of a record is one packed
 * text. Rows are appended in creation order. The index on owners contains `ended_at`, which is always
 * null there, so that counting reads no row. There is no index on expiry: every touch would rewrite
 * it, and pruning scans the rows.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE house (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
  INSERT INTO house VALUES (1, 0);
  CREATE TABLE epochs (owner TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    profile TEXT NOT NULL,
    door TEXT NOT NULL,
    acts_as TEXT,
    parent TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    token_expires_at INTEGER,
    idle_ms INTEGER,
    ends_at INTEGER NOT NULL,
    house_epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    packed TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX sessions_id ON sessions (id);
  CREATE INDEX sessions_owner ON sessions (owner, ended_at) WHERE ended_at IS NULL;
  CREATE INDEX sessions_parent ON sessions (parent) WHERE parent IS NOT NULL;
  CREATE INDEX sessions_acts_as ON sessions (acts_as) WHERE acts_as IS NOT NULL;
  CREATE TABLE session_data (
    seq INTEGER PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE actors (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    identities TEXT NOT NULL,
    roles TEXT NOT NULL,
    status TEXT NOT NULL,
    anonymous INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    password_hash TEXT
  ) STRICT;
  CREATE TABLE identities (identity TEXT PRIMARY KEY, actor INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE counters (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    count INTEGER NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE documents (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX documents_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    outcome TEXT NOT NULL,
    actor TEXT,
    target TEXT,
    session TEXT,
    door TEXT,
    address TEXT,
    identity_hash TEXT,
    detail TEXT
  ) STRICT;
  CREATE INDEX audit_at ON audit (at);`,
  `ALTER TABLE house RENAME TO global_epoch;
  ALTER TABLE sessions RENAME COLUMN house_epoch TO global_epoch;
  UPDATE audit SET act = 'all_locked' WHERE act = 'house_locked';

  ALTER TABLE sessions ADD COLUMN owner_epoch INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE sessions ADD COLUMN used_at INTEGER;
  ALTER TABLE sessions ADD COLUMN label TEXT;
  UPDATE sessions SET used_at = created_at,
    owner_epoch = coalesce((SELECT epoch FROM epochs WHERE epochs.owner = sessions.owner), 0);
  CREATE INDEX sessions_label ON sessions (label) WHERE label IS NOT NULL;

  ALTER TABLE identities ADD COLUMN held_until INTEGER;
  CREATE INDEX identities_held ON identities (held_until) WHERE held_until IS NOT NULL;
  UPDATE actors SET identities = (
    SELECT json_group_array(json_object(
      'value', value, 'kind', iif(instr(value, '@') > 0, 'email', 'name'), 'verifiedAt', NULL))
    FROM json_each(actors.identities));

  CREATE TABLE mailbox_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox TEXT NOT NULL,
    event TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX mailbox_events_mailbox ON mailbox_events (mailbox, seq);
  CREATE INDEX mailbox_events_expiry ON mailbox_events (expires_at);`,
  // Null for a session that is not anonymous, so that its row is in neither index.
  `ALTER TABLE sessions ADD COLUMN anonymous_prefix TEXT;
  UPDATE sessions SET anonymous_prefix = coalesce(json_extract(packed, '$[6][0]'), '')
    WHERE json_extract(packed, '$[0]') = 1;
  CREATE INDEX sessions_anonymous_prefix ON sessions (anonymous_prefix, last_used_at)
    WHERE anonymous_prefix IS NOT NULL AND ended_at IS NULL;
  CREATE INDEX sessions_anonymous ON sessions (last_used_at)
    WHERE anonymous_prefix IS NOT NULL AND ended_at IS NULL;`,
]

/** The version of the current layout. */
export const LAYOUT_VERSION = MIGRATIONS.length

/** Migrates a file to the current layout. Throws `unavailable` for a file of a later release. */
export function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > MIGRATIONS.length) {
    throw new LatchkeyError(
      'unavailable',
      `The data is of version ${version}; this release reads up to ${MIGRATIONS.length}. Use a newer release.`,
    )
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue
    db.exec('BEGIN IMMEDIATE')
    db.exec(step)
    db.exec(`PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}
