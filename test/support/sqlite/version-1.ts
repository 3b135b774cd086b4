import { DatabaseSync } from 'node:sqlite'

/** The layout of version 1, as it was released. */
const SCHEMA = `CREATE TABLE house (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
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
  CREATE INDEX audit_at ON audit (at);`

/** Writes a file of version 1 with one row of everything. Times start at `at`. */
export function writeVersion1(file: string, at: number): void {
  const db = new DatabaseSync(file)
  db.exec(SCHEMA)
  const packed = (issued: readonly unknown[]) =>
    JSON.stringify([
      ...[0, 'token-hash', 'previous-hash', at + 30_000],
      ...[['family', 'code', 'old-code', at + 5, 'blob'], at + 1],
      ...[['192.0.2.7', 'Browser “ü”', 'laptop'], ['192.0.2.0/24', null], ['user'], 4],
      ...issued,
    ])
  const insert = db.prepare(
    `INSERT INTO sessions VALUES (?, ?, ?, 'web', 'http', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const day = at + 86_400_000
  const common = [at, at + 7, at + 3_600_007, null, 3_600_000, day]
  insert.run(1, 'live', 'ada', null, null, ...common, 2, 3, null, null, packed([]))
  insert.run(2, 'old-lock', 'ada', null, null, ...common, 1, 1, null, null, packed([]))
  insert.run(3, 'over', 'ada', null, null, ...common, 2, 2, at + 9, 'revoked', packed([]))
  insert.run(4, 'child', 'ada', 'bob', 'live', ...common, 2, 1, null, null, packed([]))
  db.exec(`
    UPDATE house SET epoch = 2;
    INSERT INTO epochs VALUES ('ada', 6), ('bob', 1);
    INSERT INTO session_data VALUES (1, '{"cart":1}', 5);
    INSERT INTO identities VALUES ('ada', 1), ('ada@example.org', 1);
    INSERT INTO documents VALUES ('settings', '{}', 8, NULL);
    INSERT INTO counters VALUES (1, 'key', 2, ${at}, ${at + 1000});
    INSERT INTO audit (at, act, outcome) VALUES (${at}, 'login', 'ok'), (${at + 1}, 'house_locked', 'ok');
  `)
  db.prepare(
    `INSERT INTO actors VALUES (1, 'ada', 'Ada', 'ada', ?, ?, 'active', 0, ?, 'hash')`,
  ).run(JSON.stringify(['ada', 'ada@example.org']), JSON.stringify(['user']), at)
  db.exec('PRAGMA user_version = 1')
  db.close()
}
