import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ErrorSessionFileBusy } from '../../client/index.ts'
import { isFileLocked, withFileLock } from '../../client/session/file-lock.ts'
import { LatchkeyError } from '../../core/errors.ts'

/** What `status.json` says of the agent that runs. */
export interface AgentInfo {
  readonly pid: number
  readonly version: string
  readonly startedAt: number
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
  /** The file of the certificates by which to know it, or null for those of the system. */
  readonly ca: string | null
}

/** Whether an agent of a node path runs. `starting`: it does, and has not yet said where. */
export type AgentState =
  | { readonly state: 'stopped' | 'starting'; readonly agent: null }
  | { readonly state: 'running'; readonly agent: AgentInfo }

const schema = z.object({
  pid: z.int().min(1),
  version: z.string(),
  startedAt: z.number(),
  addresses: z.array(z.object({ door: z.string(), address: z.string() })),
  ca: z.string().nullable(),
})

const LOCK_WAIT_MS = 1000

const statusFile = (nodePath: string) => join(nodePath, 'status.json')
const lockFile = (nodePath: string) => join(nodePath, 'agent.lock')

/**
 * Finds the agent of a node path. It runs as long as it holds its lock, which the kernel takes from it at its end, however that
 * comes: so what a killed one left is never taken for one that runs, nor another process for it.
 */
export function findAgent(nodePath: string): AgentState {
  if (!isFileLocked(lockFile(nodePath))) return { state: 'stopped', agent: null }
  try {
    const file = statusFile(nodePath)
    const { uid } = lstatSync(file)
    if (process.getuid !== undefined && uid !== process.getuid()) {
      throw new LatchkeyError('access_denied', `${file} belongs to another user.`)
    }
    return { state: 'running', agent: schema.parse(JSON.parse(readFileSync(file, 'utf8'))) }
  } catch (error) {
    if (error instanceof LatchkeyError) throw error
    return { state: 'starting', agent: null }
  }
}

/** Whether an agent has ever run at a node path. */
export function hasHadAgent(nodePath: string): boolean {
  return existsSync(lockFile(nodePath))
}

/** Does work as the agent of a node path. Throws `conflict` where another is. */
export async function asAgent<T>(nodePath: string, work: () => Promise<T>): Promise<T> {
  try {
    return await withFileLock(lockFile(nodePath), LOCK_WAIT_MS, async () => {
      rmSync(statusFile(nodePath), { force: true })
      return work()
    })
  } catch (error) {
    if (!(error instanceof ErrorSessionFileBusy)) throw error
    const pid = findAgent(nodePath).agent?.pid
    const who = pid === undefined ? '' : ` (process ${pid})`
    throw new LatchkeyError('conflict', `The agent is running already${who}.`)
  }
}

/** Says where the agent is, whole or not at all, and takes it back when the process ends in order. */
export function announceAgent(nodePath: string, agent: AgentInfo): void {
  const file = statusFile(nodePath)
  const temporary = `${file}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, JSON.stringify(agent), { flag: 'wx', mode: 0o600 })
  renameSync(temporary, file)
  process.once('exit', () => rmSync(file, { force: true }))
}
