import { connectAngen } from '../../../src/client/angen/connect-angen.ts'
import { createTokenFolder } from '../../../src/client/angen/token-store.ts'

// Connects with the codes of a folder, waits until those are others than the old ones, and says who it is.

const [port, folder = '', old] = process.argv.slice(2)
process.once('disconnect', () => process.exit())
const logger = { warn: (message: string) => console.error(message) }
const store = createTokenFolder({ folder, logger, lockTimeoutMs: 10_000 })
const options = { port: Number(port), tls: false, userAgent: 'child', session: folder, logger }
const client = await connectAngen(options)
while ((await store.load())?.identifier_code === old) {
  await new Promise((resolve) => setTimeout(resolve, 5))
}
const { user } = await client.request('connections/whoami', {})
process.send?.(user.name)
