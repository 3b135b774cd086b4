// A chat over Socket.IO. Each socket belongs to a session and closes with the reason when the session ends.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { io } from 'socket.io-client'
import { createChat } from './chat.ts'

const authority = await createAuthority({ store: memory() })
const password = 'correct horse battery staple'
const registered = await authority.actors.register({ name: 'ada', password })
if (!registered.ok) throw new Error(registered.message)
const chat = createChat(authority)
await once(chat.server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(chat.server.address() as AddressInfo).port}`

const login = await fetch(`${url}/v1/sessions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ identity: 'ada', password }),
})
const { token } = (await login.json()) as { token: string }

const socket = io(url, { auth: { token }, transports: ['websocket'] })
const next = (event: string) => new Promise((resolve) => socket.once(event, resolve))
const said = next('said')
socket.emit('say', 'hello')
console.log(await said)
const [ended, disconnected] = [next('session:ended'), next('disconnect')]
await authority.sessions.end({ owner: registered.actor.id })
console.log('session:ended', await ended)
console.log('disconnect', await disconnected)

const refused = io(url, {
  auth: { token },
  transports: ['websocket'],
  reconnection: false,
  forceNew: true,
})
refused.once('connect_error', async (error: Error & { data?: unknown }) => {
  console.log('connect_error', error.data)
  refused.io.engine.close()
  await chat.close()
  await authority.close()
})
