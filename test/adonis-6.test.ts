import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { APPLICATIONS, node } from './support/adonis.ts'
import { onBoth, prepare } from './support/adonis-suite.ts'

const { auth, six } = APPLICATIONS

describe('the session manager with AdonisJS 6 and Lucid 21', () => {
  prepare(six, async () => {
    const specs = join(six, 'manager')
    rmSync(specs, { recursive: true, force: true })
    cpSync(join(auth, 'manager'), specs, { recursive: true })
    await node(six, ['node_modules/typescript/bin/tsc', '-p', '.'])
  })

  onBoth('keeps its contract', async (env) => {
    await node(six, ['--test', 'build/manager/*.spec.js'], env)
  })
})
