// A door for a protocol of your own, and a client that speaks it. The guide “Write a door” explains it.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createInterface } from 'node:readline'
import { createAuthority } from 'latchkey'
import { builtInCommands, createPipeline, createRegistry } from 'latchkey/commands'
import { createConnections } from 'latchkey/connections'
import { memory } from 'latchkey/stores/memory'
import { createLineDoor } from './door.ts'

const authority = await createAuthority({ store: memory() })
const connections = createConnections({ authority })
const pipeline = createPipeline({
  authority,
  registry: createRegistry(builtInCommands),
  deliver: connections.send.bind(connections),
})
const door = createLineDoor({ pipeline, connections }).listen(0, '127.0.0.1')
await once(door, 'listening')

const socket = connect((door.address() as AddressInfo).port, '127.0.0.1')
const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value ?? '{}')
const call = (command: string, params: object = {}, token?: string) => {
  socket.write(`${JSON.stringify({ command, params, token })}\n`)
  return read()
}

const password = 'correct horse battery'
await call('actors.create', { name: 'ada', password })
const login = await call('session.login', { identity: 'ada', password })
const { token, session } = login.value
console.log((await call('session.get', {}, token)).value.actor.name)
console.log((await call('events.listen', {}, token)).value)
await connections.send(session.owner, { name: 'hello', data: {} })
console.log(await read())
await authority.sessions.end({ id: session.id })
console.log(await read())

socket.destroy()
door.close()
connections.close()
await authority.close()
