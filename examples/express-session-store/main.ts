// An Express application that keeps using express-session, with its sessions in Latchkey's store.
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { createApp } from './app.ts'

const authority = await createAuthority({ store: memory() })
await authority.actors.register({ name: 'ada', password: 'correct horse battery staple' })
const server = createApp(authority).listen(3000, '127.0.0.1', () => {
  console.log('http://127.0.0.1:3000 (ada, correct horse battery staple)')
})
process.once('SIGINT', () => server.close(() => void authority.close()))
