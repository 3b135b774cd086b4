import { type Authority, createAuthority } from 'latchkey'
import { postgres } from 'latchkey/stores/postgres'
import { startPostgres } from './postgres.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export interface HistoryOptions {
  readonly seed: number
  readonly seconds: number
}

/** What a run did, and what it found. */
export interface History {
  readonly operations: number
  readonly faults: number
  readonly unavailable: number
  /** Empty if every promise was kept. */
  readonly violations: readonly string[]
}

interface Known {
  readonly id: string
  token: string
  renewal: string
  /** Tokens that a renewal has replaced, each with the time of its acknowledgement. */
  readonly replaced: { readonly token: string; readonly at: number }[]
  /** When its end was acknowledged; null for none. */
  endedAt: number | null
  /** Whether something that may have ended it was called. */
  mayHaveEnded: boolean
  /** Whether a renewal was called whose outcome is unknown. */
  mayBeRenewed: boolean
  renewing: boolean
}

const CLIENTS = 12
const OWNERS = 6

/** A random generator whose numbers depend on its seed alone. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Lets clients act at random on three nodes of one database, while the connections of the nodes are cut, silenced and delayed, and checks
 * each answer against what was acknowledged before it was asked for: no session is accepted after its end, no token after its renewal, and
 * none is refused that nothing has ended.
 */
export async function runHistory({ seed, seconds }: HistoryOptions): Promise<History> {
  const random = randomOf(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const server = await startPostgres()
  const target = { host: '127.0.0.1', port: Number(new URL(server.url).port) }
  const proxies = await Promise.all([1, 2, 3].map(() => startTcpProxy(target)))
  const nodes = await Promise.all(proxies.map((proxy) => openNode(server.url, proxy)))
  const owners: string[] = []
  for (let owner = 0; owner < OWNERS; owner++) {
    const imported = await nodes[0]?.actors.import({ name: `owner ${owner}` })
    if (imported?.ok) owners.push(imported.actor.id)
  }
  const sessions = new Map<string, Known[]>(owners.map((owner) => [owner, []]))
  const counts = { operations: 0, faults: 0, unavailable: 0 }
  const violations: string[] = []
  const until = performance.now() + seconds * 1000

  async function login(node: Authority, owner: string): Promise<void> {
    const made = await node.sessions.loginAs(owner, { profile: 'device' })
    if (!made.ok || made.renewal === null) return
    const { token, renewal, session } = made
    sessions.get(owner)?.push({
      ...{ id: session.id, token, renewal, replaced: [], endedAt: null },
      // An end of all sessions of the owner may be under way.
      ...{ mayHaveEnded: endingAll.has(owner), mayBeRenewed: false, renewing: false },
    })
  }

  const endingAll = new Set<string>()

  async function check(node: Authority, known: Known): Promise<void> {
    const asked = performance.now()
    const { token, endedAt, mayHaveEnded, mayBeRenewed, renewing } = known
    const old = known.replaced.filter(({ at }) => at < asked)
    const checked = await node.authenticate(token)
    if (!checked.ok && checked.code === 'unavailable') {
      counts.unavailable++
      return
    }
    if (checked.ok && endedAt !== null && endedAt < asked) {
      violations.push(`session ${known.id} was accepted after its end was acknowledged`)
    }
    const mayBeRefused =
      mayHaveEnded || known.mayHaveEnded || mayBeRenewed || renewing || known.renewing
    if (!checked.ok && !mayBeRefused && known.token === token) {
      violations.push(`session ${known.id} was refused (${checked.code}) and nothing has ended it`)
    }
    const replaced = old.at(-1)
    if (replaced === undefined) return
    if ((await node.authenticate(replaced.token)).ok) {
      violations.push(`session ${known.id} was accepted with a token that a renewal had replaced`)
    }
  }

  async function renew(node: Authority, known: Known): Promise<void> {
    if (known.renewing || known.mayBeRenewed) return
    known.renewing = true
    try {
      const renewed = await node.renew(known.renewal)
      if (!renewed.ok || renewed.renewal === null) return
      known.replaced.push({ token: known.token, at: performance.now() })
      known.token = renewed.token
      known.renewal = renewed.renewal
    } catch (error) {
      known.mayBeRenewed = true
      throw error
    } finally {
      known.renewing = false
    }
  }

  async function end(node: Authority, known: Known): Promise<void> {
    known.mayHaveEnded = true
    await node.sessions.end({ id: known.id })
    known.endedAt ??= performance.now()
  }

  async function endAll(node: Authority, owner: string): Promise<void> {
    const before = [...(sessions.get(owner) ?? [])]
    endingAll.add(owner)
    for (const known of before) known.mayHaveEnded = true
    try {
      await node.sessions.end({ owner, raiseEpoch: true })
      for (const known of before) known.endedAt ??= performance.now()
    } finally {
      endingAll.delete(owner)
    }
  }

  async function client(): Promise<void> {
    while (performance.now() < until) {
      const node = pick(nodes)
      const owner = pick(owners)
      const known = pick(sessions.get(owner) ?? [])
      const dice = random()
      counts.operations++
      try {
        if (known === undefined || dice < 0.1) await login(node, owner)
        else if (dice < 0.8) await check(node, known)
        else if (dice < 0.9) await renew(node, known)
        else if (dice < 0.985) await end(node, known)
        else await endAll(node, owner)
      } catch {
        counts.unavailable++
      }
    }
  }

  async function disturb(): Promise<void> {
    while (performance.now() < until - 1000) {
      const proxy = pick(proxies)
      counts.faults++
      const fault = random()
      if (fault < 0.3) proxy.cut()
      else if (fault < 0.5) proxy.lose('from-server')
      else if (fault < 0.65) proxy.lose('from-client')
      else if (fault < 0.8) proxy.lose('from-server', 'latchkey-listen')
      else proxy.delay(20 + random() * 300)
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 1500))
      proxy.heal()
      await new Promise((resolve) => setTimeout(resolve, random() * 400))
    }
  }

  await Promise.all([disturb(), ...Array.from({ length: CLIENTS }, client)])
  for (const proxy of proxies) proxy.heal()
  for (const node of nodes) await node.close()
  for (const proxy of proxies) await proxy.close()
  await server.stop()
  return { ...counts, violations }
}

function openNode(url: string, proxy: TcpProxy): Promise<Authority> {
  const through = new URL(url)
  through.port = String(proxy.port)
  return createAuthority({
    store: postgres({ url: through.href, deadlineMs: 1000, maxConnections: 6 }),
    storeTimeoutMs: 1000,
    settings: { 'profile.device.maxLive': 10_000 },
    pruneEveryMs: 0,
    onError: () => undefined,
  })
}
