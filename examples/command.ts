// A command that is defined once, and that every door can call. This example calls the pipeline as a door does.
import { createAuthority } from 'latchkey'
import { builtInCommands, createPipeline, createRegistry, defineCommand } from 'latchkey/commands'
import { createConnections } from 'latchkey/connections'
import { memory } from 'latchkey/stores/memory'
import { z } from 'zod'

const authority = await createAuthority({ store: memory() })
const connections = createConnections({ authority })

const greet = defineCommand({
  name: 'players.greet',
  access: ['user'],
  params: z.strictObject({ to: z.uuid(), text: z.string().max(100) }),
  run({ to, text }, { actor, emit }) {
    emit(to, { name: 'greeted', data: { by: actor.name, text } })
    return { sent: true }
  },
})

const registry = createRegistry([...builtInCommands, greet])
const pipeline = createPipeline({
  authority,
  registry,
  deliver: connections.send.bind(connections),
})

const password = 'correct horse battery'
const ada = await authority.actors.register({ name: 'ada', password })
await authority.actors.register({ name: 'bob', password })
if (!ada.ok) throw new Error(ada.message)
const [asAda, asBob] = await Promise.all([
  authority.login({ identity: 'ada', password }),
  authority.login({ identity: 'bob', password }),
])
if (!asAda.ok || !asBob.ok) throw new Error('no login')

const current = await authority.authenticate(asAda.token)
if (!current.ok) throw new Error(current.message)
const closed = Promise.withResolvers<void>()
connections.open(current, {
  door: 'example',
  send: (event) => console.log('ada receives', JSON.stringify(event)),
  close(reason) {
    console.log('the connection of ada closes:', reason)
    closed.resolve()
  },
})

const params = { to: ada.actor.id, text: 'hi' }
const outcome = await pipeline.dispatch({
  name: 'players.greet',
  params,
  token: asBob.token,
  caller: {},
})
console.log('bob gets', outcome.ok ? JSON.stringify(outcome.value) : outcome.code)
await connections.send(ada.actor.id, { name: 'bye' })
await authority.sessions.end({ owner: ada.actor.id })
await closed.promise
connections.close()
await authority.close()
