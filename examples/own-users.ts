// Your own users table, behind the three methods of a directory. Sessions are in Latchkey, and users stay in your table.
import { scryptSync } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { type Actor, createAuthority, type Directory } from 'latchkey'
import { memory } from 'latchkey/stores/memory'

const db = new DatabaseSync(':memory:')
db.exec(
  'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, hash TEXT, banned INTEGER DEFAULT 0)',
)
const salt = Buffer.from('an old salt 1234')
const old = scryptSync('correct horse battery', salt, 32, { N: 16384, r: 8, p: 1 })
const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
db.prepare('INSERT INTO users (email, hash) VALUES (?, ?)').run(
  'ada@example.test',
  `$scrypt$ln=14,r=8,p=1$${base64(salt)}$${base64(old)}`,
)

interface UserRow {
  id: number
  email: string
  hash: string
  banned: number
}

function found(row: unknown) {
  if (row === undefined) return null
  const { id, email, hash, banned } = row as UserRow
  const actor: Actor = {
    id: String(id),
    name: email,
    identities: [{ value: email, kind: 'email', verifiedAt: null }],
    roles: ['user'],
    status: banned === 1 ? 'suspended' : 'active',
    anonymous: false,
    createdAt: 0,
  }
  return { actor, passwordHash: hash }
}

const users: Directory = {
  async find(id) {
    return found(db.prepare('SELECT * FROM users WHERE id = ?').get(Number(id)))
  },
  async findByIdentity(identity) {
    return found(db.prepare('SELECT * FROM users WHERE lower(email) = ?').get(identity))
  },
  async setPassword(id, hash, expected) {
    const { changes } = db
      .prepare('UPDATE users SET hash = ? WHERE id = ? AND hash IS ?')
      .run(hash, Number(id), expected)
    return changes === 1
  },
}

const authority = await createAuthority({ store: memory(), directory: users })
const login = await authority.login({
  identity: 'Ada@Example.test',
  password: 'correct horse battery',
})
if (!login.ok) throw new Error(login.message)
const { hash } = db.prepare('SELECT hash FROM users').get() as { hash: string }
console.log('logged in; the old hash is now', hash.split('$')[1])

db.exec('UPDATE users SET banned = 1')
await authority.actors.changed(login.session.owner)
const check = await authority.authenticate(login.token)
console.log(check.ok ? 'still valid' : `${check.code}: ${check.reason}`)
await authority.close()
