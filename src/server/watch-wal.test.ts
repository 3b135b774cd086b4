import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openLog } from './log.ts'
import { watchWal } from './watch-wal.ts'

test('a large log is warned of once, and again after it has shrunk', async (t) => {
  const lines: string[] = []
  const { logger } = openLog({ stream: { write: (line) => void lines.push(line) } })
  let walBytes = 0
  let looked = 0
  const stats = () => {
    looked++
    return { databaseBytes: 0, walBytes, queuedWrites: 0 }
  }
  t.after(watchWal({ stats }, logger, { everyMs: 1, warnBytes: 1000 }))
  const lookAt = async (bytes: number) => {
    walBytes = bytes
    const before = looked
    while (looked < before + 3) await setTimeout(1)
  }
  await lookAt(999)
  assert.equal(lines.length, 0)
  await lookAt(1000)
  await lookAt(5000)
  await lookAt(600)
  await lookAt(1000)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /"level":"warn".*write-ahead log is large/)
  await lookAt(400)
  await lookAt(1000)
  assert.equal(lines.length, 2)
})
