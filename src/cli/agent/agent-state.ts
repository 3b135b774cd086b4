import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ErrorSessionFileBusy } from '../../client/errors.ts'
import { isFileLocked, withFileLock } from '../../client/session/file-lock.ts'
import { LatchkeyError } from '../../core/errors.ts'

/** The content of `status.json`: the running agent. */
export interface AgentInfo {
  readonly pid: number
  readonly version: string
  readonly startedAt: number
  readonly addresses: readonly { readonly door: string; readonly address: string }[]
  /** The file of its CA certificates, or null for those of the system. */
  readonly ca: string | null
}

/** Whether an agent of a node path runs. `starting`: it runs and has not yet published its addresses. */
export type AgentState =
  | { readonly state: 'stopped' | 'starting'; readonly agent: null }
  | { readonly state: 'running'; readonly agent: AgentInfo }

const LOCK_WAIT_MS = 1000

const statusFile = (nodePath: string) => join(nodePath, 'status.json')
const lockFile = (nodePath: string) => join(nodePath, 'agent.lock')

/**
 * Finds the agent of a node path. An agent holds a lock while it runs, and the kernel releases the lock when the process ends,
 * however it ends. So the files of a killed agent are never taken for a running one, nor another process with its id. Throws
 * `access_denied` if `status.json` belongs to another user.
 */
export function findAgent(nodePath: string): AgentState {
  if (!isFileLocked(lockFile(nodePath))) return { state: 'stopped', agent: null }
  try {
    const file = statusFile(nodePath)
    const { uid } = lstatSync(file)
    if (process.getuid !== undefined && uid !== process.getuid()) {
      throw new LatchkeyError('access_denied', `${file} belongs to another user.`)
    }
    const agent: AgentInfo = JSON.parse(readFileSync(file, 'utf8'))
    if (Array.isArray(agent.addresses)) return { state: 'running', agent }
  } catch (error) {
    if (error instanceof LatchkeyError) throw error
  }
  return { state: 'starting', agent: null }
}

/** Returns whether an agent has ever run at a node path. */
export function hasHadAgent(nodePath: string): boolean {
  return existsSync(lockFile(nodePath))
}

/** Runs `work` as the only agent of a node path. Throws `conflict` if another agent runs. */
export async function runAsAgent<T>(nodePath: string, work: () => Promise<T>): Promise<T> {
  try {
    return await withFileLock(lockFile(nodePath), LOCK_WAIT_MS, async () => {
      rmSync(statusFile(nodePath), { force: true })
      return work()
    })
  } catch (error) {
    if (!(error instanceof ErrorSessionFileBusy)) throw error
    const pid = findAgent(nodePath).agent?.pid
    const process = pid === undefined ? '' : ` (process ${pid})`
    throw new LatchkeyError('conflict', `The agent is already running${process}.`)
  }
}

/** Writes `status.json` atomically, and removes it when the process exits. */
export function publishAgent(nodePath: string, agent: AgentInfo): void {
  const file = statusFile(nodePath)
  const temporary = `${file}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, JSON.stringify(agent), { flag: 'wx', mode: 0o600 })
  renameSync(temporary, file)
  process.once('exit', () => rmSync(file, { force: true }))
}
