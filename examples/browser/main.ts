// A page that learns at once that its session has ended. Log in, and end the session from another browser.
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { createSite } from './site.ts'

const authority = await createAuthority({ store: memory() })
await authority.actors.register({ name: 'ada', password: 'correct horse battery staple' })
const server = await createSite(authority)
server.listen(3000, '127.0.0.1', () => {
  console.log('http://127.0.0.1:3000 (ada, correct horse battery staple)')
})
process.once('SIGINT', () => {
  server.closeAllConnections()
  server.close(() => void authority.close())
})
