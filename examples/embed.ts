// A session authority in your process, on one SQLite file.
import { createAuthority } from 'latchkey'
import { sqlite } from 'latchkey/stores/sqlite'

const authority = await createAuthority({ store: sqlite({ folder: process.argv[2] ?? './data' }) })
await authority.actors.register({ name: 'ada', password: 'correct horse battery' })
const login = await authority.login({ identity: 'ada', password: 'correct horse battery' })
if (!login.ok) throw new Error(login.message)
const check = await authority.authenticate(login.token)
console.log(check.ok ? `hello, ${check.actor.name}` : check.code)
await authority.sessions.end({ id: login.session.id })
const after = await authority.authenticate(login.token)
console.log(after.ok ? 'still valid' : after.code)
await authority.close()
