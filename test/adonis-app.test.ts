import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { APPLICATIONS, copyOf, freePort, node } from './support/adonis.ts'
import { migrate, onBoth, prepare } from './support/adonis-suite.ts'

const { auth } = APPLICATIONS

describe('the session manager with AdonisJS 7 and Lucid 22', () => {
  prepare(auth, async () => {
    await node(auth, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.manager.json'])
  })

  onBoth('keeps its contract', async (env) => {
    await node(auth, ['--test', 'build/{manager,plugins}/*.spec.js'], env)
  })
})

describe('an application with @adonisjs/auth and @adonisjs/session', () => {
  let app: ReturnType<typeof copyOf> | null = null

  prepare(auth, async () => {
    app = copyOf(auth)
    const env = { NODE_ENV: 'development', PORT: '0' }
    await node(app.folder, ['ace.js', 'configure', 'latchkey'], env)
    await node(app.folder, ['ace.js', 'build'], env)
  })
  after(() => app?.remove())

  onBoth('the login guard, tokens that move, the store and the command work', async (env) => {
    assert.ok(app !== null)
    await migrate(app.folder, env)
    const port = { PORT: String(await freePort()) }
    await node(join(app.folder, 'build'), ['bin/test.js'], { ...env, ...port })
  })
})
