import { Session } from '../../../src/client/session/session.ts'

// Makes calls whose token is always due: each finds a successor, `t1` after `t0`, and hands it to the session.
const [clientPath = '', calls = '0'] = process.argv.slice(2)
const session = new Session({ clientPath, lockTimeoutMs: 60_000 })
await session.start({})
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
const held = session.token
const next = `t${Number(held.slice(1)) + 1}.${process.pid}`
await Promise.all(
  Array.from({ length: Number(calls) }, () => session.refresh(next, { replaces: held })),
)
process.stdout.write(`holds ${session.token}\n`)
process.exit()
