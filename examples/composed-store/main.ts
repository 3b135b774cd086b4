// A store composed of two engines: actors in SQLite, sessions in memory.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from 'latchkey'
import { openComposedStore } from './store.ts'

const folder = await mkdtemp(join(tmpdir(), 'latchkey-composed-'))
const first = await createAuthority({ store: await openComposedStore({ folder }) })
const password = 'correct horse battery staple'
const registered = await first.actors.register({ name: 'ada', password })
if (!registered.ok) throw new Error(registered.message)
const login = await first.login({ identity: 'ada', password })
if (!login.ok) throw new Error(login.message)
await first.close()

const second = await createAuthority({ store: await openComposedStore({ folder }) })
const check = await second.authenticate(login.token)
const again = await second.login({ identity: 'ada', password })
console.log(check.ok ? 'still logged in' : check.code, again.ok ? again.actor.name : again.code)
await second.close()
await rm(folder, { recursive: true })
