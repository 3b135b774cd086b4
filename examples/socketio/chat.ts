import { createServer, type Server as HttpServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Authority } from 'latchkey'
import { createHandler } from 'latchkey/doors/http'
import { createSocketGuard, type SocketSession } from 'latchkey/sockets'
import { type DefaultEventsMap, Server } from 'socket.io'

interface SocketData {
  session: SocketSession
}

/** A chat: the routes of Latchkey to log in, and Socket.IO for users with a session. */
export function createChat(authority: Authority): {
  readonly server: HttpServer
  close(): Promise<void>
} {
  const handler = createHandler(authority, { development: true })
  const server = createServer(
    getRequestListener((request, { incoming }) => {
      const address = 'socket' in incoming ? (incoming.socket.remoteAddress ?? null) : null
      return handler(request, { address })
    }),
  )
  const io = new Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>(server)
  const guard = createSocketGuard({ authority, development: true })
  io.use(guard.socketIo)

  io.on('connection', (socket) => {
    const { session } = socket.data
    socket.on('say', (text: unknown) => {
      if (typeof text === 'string') io.emit('said', { by: session.current.actor.name, text })
    })
    // A client with a bearer token renews it here. The socket stays open.
    socket.on('renew', async (code: unknown, answer: unknown) => {
      if (typeof code !== 'string' || typeof answer !== 'function') return
      const renewed = await session.renew(code)
      answer(
        renewed.ok ? { token: renewed.token, renewal: renewed.renewal } : { code: renewed.code },
      )
    })
  })
  return {
    server,
    async close() {
      await guard.close()
      await io.close()
    },
  }
}
