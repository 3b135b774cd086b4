import { openAgent } from '../../../src/client/grpc/open-agent.ts'
import { Session } from '../../../src/client/session/session.ts'

// Calls an agent as often at once as it is told, whenever a line comes, and says how many calls failed.
const [address = '', clientPath = '', calls = '0'] = process.argv.slice(2)
const warn = (message: string) => void process.stdout.write(`warned ${message}\n`)
const session = new Session({ clientPath, logger: { warn }, lockTimeoutMs: 30_000 })
await session.start({})
const { sessions } = await openAgent({ address, tls: false, session })
process.stdout.write('ready\n')
let burst = 0
process.stdin.on('data', async () => {
  const all = Array.from({ length: Number(calls) }, () => sessions.whoAmI({}))
  const failed = (await Promise.allSettled(all)).filter(({ status }) => status === 'rejected')
  process.stdout.write(`burst${burst++} ${failed.length}\n`)
})
process.stdin.on('end', () => process.exit())
