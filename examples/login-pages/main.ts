// A site that mounts the login pages below a path of its own, with its own texts.
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { serveSite } from './site.ts'

const authority = await createAuthority({ store: memory() })
await authority.actors.register({ name: 'ada', password: 'correct horse battery staple' })
const server = serveSite(authority, 3000)
console.log('http://127.0.0.1:3000 (ada, correct horse battery staple)')
process.once('SIGINT', () => server.close(() => void authority.close()))
