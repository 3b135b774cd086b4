// The server on a store, a directory and a token format of your own. Here they are small wrappers; a real store passes `storeCases`.
import type { Directory, Store, TokenCodec } from 'latchkey'
import { nativeCodec } from 'latchkey'
import { createServer, openLog } from 'latchkey/server'
import { memory } from 'latchkey/stores/memory'

/** A store that counts the sessions it creates. */
function countingStore(): Store & { readonly created: number } {
  const store = memory()
  let created = 0
  return {
    ...store,
    sessions: Object.assign(Object.create(store.sessions), {
      create(...args: Parameters<Store['sessions']['create']>) {
        created += 1
        return store.sessions.create(...args)
      },
    }),
    get created() {
      return created
    },
  }
}

/** The users of the application: they are not registered with Latchkey. */
const directory: Directory = {
  async find(id) {
    if (id !== 'u1') return null
    const identities = [{ value: 'ada', kind: 'name', verifiedAt: null }] as const
    const actor = { id, name: 'Ada', roles: ['user'] }
    return {
      actor: { ...actor, identities, status: 'active', anonymous: false, createdAt: 0 },
      passwordHash: null,
    }
  },
  findByIdentity: (identity) => directory.find(identity === 'ada' ? 'u1' : ''),
}

/** Tokens that begin with `acme_`. */
const acmeCodec: TokenCodec = {
  ...nativeCodec,
  name: 'acme',
  parse: (text) => (text.startsWith('acme_') ? nativeCodec.parse(text.slice(5)) : null),
  format: (parts, facts) => `acme_${nativeCodec.format(parts, facts)}`,
}

const store = countingStore()
const server = await createServer(
  { store, directory, codecs: [acmeCodec], http: '127.0.0.1:0', tls: 'off', grpc: 'off' },
  { log: openLog({ level: 'silent' }) },
)
const login = await server.authority.sessions.loginAs('u1', { format: 'acme' })
if (!login.ok) throw new Error(login.message)
const response = await fetch(`${server.addresses[0]?.address}/v1/session`, {
  headers: { authorization: `Bearer ${login.token}` },
})
const { actor } = (await response.json()) as { actor: { name: string } }
console.log(login.token.slice(0, 9), actor.name, store.created)
await server.close()
