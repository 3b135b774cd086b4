import { sqlite } from '../../../src/stores/sqlite/index.ts'
import { sessionRecord } from '../../../src/testing/index.ts'

// Creates sessions until it is killed, and says each one's id once it is acknowledged.
const [folder = ''] = process.argv.slice(2)
const store = await sqlite({ folder })

async function createForEver(caller: number): Promise<void> {
  for (let count = 0; ; count++) {
    const record = sessionRecord({ id: `${caller}-${count}`, owner: `owner ${caller}` })
    await store.sessions.create(record, { now: record.createdAt })
    await store.data.save(record.id, `bag of ${record.id}`, 0)
    process.stdout.write(`${record.id}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, caller) => createForEver(caller)))
