import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, statSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sqlite } from 'latchkey/stores/sqlite'
import type { Store } from '../src/core/ports/index.ts'
import type { SessionRecord } from '../src/core/session/record.ts'

/*
 * How many sessions a second the embedded store creates and renews with every write on the disk, how long it holds up
 * the event loop meanwhile, and what a session takes. The floor is the disk: one write of 64 KiB and one fdatasync
 * for every 64 callers, which is what a group of them cannot do without.
 */

export interface Row {
  bench: string
  against: string
  ours: number
  theirs: number | null
  unit: string
  ratio: number | null
}

const CALLERS = 64
const STORED = 100_000
const CREATED = 60_000
const RENEWED = 40_000
const OWNERS = 20_000
const HOUR = 3_600_000
const START = Date.UTC(2026, 0, 1)
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
const LIMIT = { max: 100, policy: 'evict-least-recently-used' } as const

const secret = () => randomBytes(32).toString('base64url')

function makeRecords(count: number): SessionRecord[] {
  const owners = Array.from({ length: OWNERS }, () => randomUUID())
  return Array.from({ length: count }, (_, index) => ({
    id: secret().slice(0, 25),
    owner: owners[Math.floor(Math.random() * OWNERS)] ?? '',
    actsAs: null,
    parent: null,
    anonymous: false,
    profile: 'web',
    door: 'http',
    tokenHash: secret(),
    previousTokenHash: null,
    previousTokenUntil: 0,
    renewal: {
      familyHash: secret(),
      hash: secret(),
      previousHash: null,
      renewedAt: START + index,
      sealed: null,
      reissues: 0,
    },
    createdAt: START + index,
    authenticatedAt: START + index,
    factors: [],
    lastUsedAt: START + index,
    tokenExpiresAt: null,
    idleMs: HOUR,
    endsAt: START + index + 24 * HOUR,
    client: { address: '192.0.2.7', userAgent: USER_AGENT, label: null },
    binding: null,
    roles: null,
    group: null,
    globalEpoch: 0,
    ownerEpoch: 0,
    generation: 1,
    issuedAt: START + index,
    usedAt: START + index,
    version: 1,
    endedAt: null,
    endReason: null,
  }))
}

const entryOf = (record: SessionRecord, act: 'login' | 'renewal') => ({
  audit: {
    at: record.lastUsedAt,
    act,
    outcome: 'ok',
    actor: record.owner,
    target: null,
    session: record.id,
    door: record.door,
    address: record.client.address,
    identityHash: null,
    detail: null,
  },
})

async function create({ sessions }: Store, record: SessionRecord): Promise<void> {
  const epochs = await sessions.findEpochs(record.owner)
  const conditions = { now: record.createdAt, epochs, limit: LIMIT }
  const outcome = await sessions.create(record, conditions, entryOf(record, 'login'))
  if (!outcome.ok) throw new Error(`refused: ${outcome.refused}`)
}

async function renew({ sessions }: Store, id: string, next: string): Promise<void> {
  const record = await sessions.find(id)
  if (record === null || record.renewal === null) throw new Error('lost')
  const { version, generation, renewal } = record
  const renewed = {
    ...record,
    tokenHash: next,
    previousTokenHash: record.tokenHash,
    renewal: { ...renewal, hash: next, previousHash: renewal.hash, sealed: next + next },
    version: version + 1,
    generation: generation + 1,
  }
  const written = await sessions.update(renewed, version, entryOf(renewed, 'renewal'))
  if (!written) throw new Error('another was faster')
}

/** Runs every job with so many callers at once; returns jobs a second and the longest stall of the event loop. */
async function rate<T>(jobs: readonly T[], work: (job: T) => Promise<void>) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let next = 0
  const caller = async () => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) await work(job)
  }
  delay.enable()
  const begun = performance.now()
  await Promise.all(Array.from({ length: CALLERS }, caller))
  const seconds = (performance.now() - begun) / 1000
  delay.disable()
  return {
    perSecond: jobs.length / seconds,
    stallMs: delay.max / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
  }
}

/** Callers a second if a group cost no more than its wait for the disk. */
function diskFloor(folder: string): number {
  const file = openSync(join(folder, 'floor'), 'w')
  const bytes = Buffer.alloc(64 * 1024, 1)
  const begun = performance.now()
  let groups = 0
  while (performance.now() - begun < 500) {
    writeSync(file, bytes)
    fdatasyncSync(file)
    groups++
  }
  const seconds = (performance.now() - begun) / 1000
  closeSync(file)
  return (groups * CALLERS) / seconds
}

function perCall(times: number, work: () => unknown): number {
  const begun = performance.now()
  for (let index = 0; index < times; index++) work()
  return ((performance.now() - begun) * 1000) / times
}

/** Measures in a folder of its own, which it removes. */
export async function run(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  const store = await sqlite({ folder })
  try {
    const stored = makeRecords(STORED)
    await rate(stored, (record) => create(store, record))
    const bytes = statSync(join(folder, 'latchkey.db')).size / STORED
    const floor = diskFloor(folder)
    const created = await rate(makeRecords(CREATED), (record) => create(store, record))
    const secrets = Array.from({ length: RENEWED }, (_, index) => [index * 2, secret()] as const)
    const renewed = await rate(secrets, ([index, next]) =>
      renew(store, stored[index]?.id ?? '', next),
    )
    const now = START
    const expected = STORED + CREATED
    const begun = performance.now()
    const live = await store.sessions.count({ now })
    const countMs = performance.now() - begun
    if (live !== expected) throw new Error(`${live} sessions are live, not ${expected}`)
    const ids = stored.map(({ id }) => id)
    let consumed = 0
    const findUs = perCall(20_000, () => {
      const id = ids[Math.floor(Math.random() * ids.length)] ?? ''
      consumed += id.length
      void store.sessions.find(id)
    })
    if (consumed === 0) throw new Error('nothing was read')
    const row = (bench: string, ours: number, unit: string, theirs: number | null = null): Row => ({
      bench,
      against: theirs === null ? 'none' : 'fdatasync per group',
      ours,
      theirs,
      unit,
      ratio: theirs === null ? null : ours / theirs,
    })
    return [
      row('sqlite-store-create', created.perSecond, 'sessions/s', floor),
      row('sqlite-store-create-stall', created.stallMs, 'ms'),
      row('sqlite-store-create-stall-p99', created.p99Ms, 'ms'),
      row('sqlite-store-renew', renewed.perSecond, 'renewals/s', floor),
      row('sqlite-store-renew-stall', renewed.stallMs, 'ms'),
      row('sqlite-store-find', findUs, 'µs'),
      row('sqlite-store-count', countMs, 'ms'),
      row('sqlite-store-size', bytes, 'bytes/session'),
    ]
  } finally {
    await store.close()
    await rm(folder, { recursive: true })
  }
}

if (import.meta.main) console.table(await run())
