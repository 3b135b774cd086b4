import { type ChildProcess, spawn } from 'node:child_process'
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { LatchkeyError } from '../../core/errors.ts'
import { errorOf } from '../../core/index.ts'
import type { RunningServer } from '../../server/index.ts'
import { type Failure, failureOf } from '../failure.ts'
import { write } from '../output.ts'
import { readPassword } from '../password.ts'
import { linesOf, type ServeSources, startServing } from '../serve.ts'
import { version } from '../version.ts'
import { announceAgent, asAgent } from './agent-state.ts'
import { findGrpcAddress } from './grpc-address.ts'

export interface StartOptions {
  readonly nodePath: string
  readonly passwordFile: string | undefined
  /** What the owner is called. */
  readonly name: string
  readonly sources: ServeSources
}

/** What an agent in the background and whoever started it say to each other. */
type FromAgent =
  | { readonly says: 'password' }
  | { readonly says: 'ready'; readonly lines: readonly string[] }
  | { readonly says: 'failed'; readonly failure: Failure }
interface ToAgent {
  readonly password: string
}

/** How long an agent in the background may be silent before it is up. */
const START_MS = 60_000
const MAX_LOG_BYTES = 10 * 1024 * 1024

/** `agent start`: serves as the agent of the node path until a signal ends it. */
export async function startAgent(options: StartOptions): Promise<void> {
  await run(options, () => readPassword(options.passwordFile, { isNew: true }), write)
}

/** The same in the background: whoever started it is asked for the password where one is needed, and told when it is up. */
export async function startSupervised(options: StartOptions): Promise<void> {
  const tell = (message: FromAgent) => void process.send?.(message)
  // Who started it has given up before it was up.
  const alone = () => process.exit(0)
  process.once('disconnect', alone)
  const password = () =>
    new Promise<string>((resolve) => {
      process.once('message', ({ password }: ToAgent) => resolve(password))
      tell({ says: 'password' })
    })
  try {
    await run(options, password, async (text) => {
      process.off('disconnect', alone)
      tell({ says: 'ready', lines: text.trimEnd().split('\n') })
    })
  } catch (error) {
    tell({ says: 'failed', failure: failureOf(error) })
    throw error
  }
}

async function run(
  { nodePath, name, sources }: StartOptions,
  password: () => Promise<string>,
  print: (text: string) => Promise<void>,
): Promise<void> {
  makeNodePath(nodePath)
  await asAgent(nodePath, async () => {
    const grpc = await findGrpcAddress()
    const defaults = { data: join(nodePath, 'data'), tlsSelfMade: true, grpc }
    const { server, config } = await startServing({ defaults, ...sources })
    try {
      const owner = await makeOwner(server, name, password)
      const { addresses } = server
      announceAgent(nodePath, {
        pid: process.pid,
        version,
        startedAt: Date.now(),
        addresses,
        ca: server.caFile,
      })
      const lines = linesOf(server, config)
      if (owner) lines.push(`The owner is ${name}. Next: latchkey agent unlock`)
      await print(lines.map((line) => `${line}\n`).join(''))
    } catch (error) {
      await server.close()
      throw error
    }
    // A signal ends the process.
    await new Promise(() => undefined)
  })
}

function makeNodePath(nodePath: string): void {
  try {
    mkdirSync(nodePath, { recursive: true, mode: 0o700 })
    accessSync(nodePath, constants.W_OK)
  } catch (cause) {
    throw new LatchkeyError('unavailable', `--node-path: ${nodePath} cannot be used.`, { cause })
  }
}

/** Registers the first administrator where there is none; true if it did. */
async function makeOwner(
  { authority }: RunningServer,
  name: string,
  password: () => Promise<string>,
): Promise<boolean> {
  const code = await authority.actors.createClaimCode()
  if (code === null) return false
  const claimed = await authority.actors.claim({ code, name, password: await password() })
  if (!claimed.ok) throw errorOf(claimed)
  // Unlocking is a step of its own.
  await authority.sessions.end({ id: claimed.session.id }, { reason: 'logged_out' })
  return true
}

/** `agent start --background`: starts it anew, on its own, and returns when it is up. */
export async function startInBackground({
  nodePath,
  passwordFile,
}: Pick<StartOptions, 'nodePath' | 'passwordFile'>): Promise<void> {
  makeNodePath(nodePath)
  const log = openLog(join(nodePath, 'agent.log'))
  const args = process.argv.slice(1).map((arg) => (arg === '--background' ? '--supervised' : arg))
  // It is sent the password if it needs one; what it keeps in its environment can be read for as long as it runs.
  const { LATCHKEY_PASSWORD: _password, LATCHKEY_TOKEN: _token, ...env } = process.env
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    env,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  try {
    await untilReady(child, passwordFile)
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
}

async function untilReady(child: ChildProcess, passwordFile: string | undefined): Promise<void> {
  for (;;) {
    const message = await nextMessage(child)
    if (message.says === 'password') {
      const password = await readPassword(passwordFile, { isNew: true })
      child.send({ password } satisfies ToAgent)
    } else if (message.says === 'failed') {
      const { line, exit } = message.failure
      process.stderr.write(`latchkey: ${line}\n`)
      process.exitCode = exit
      return
    } else {
      await write(message.lines.map((line) => `${line}\n`).join(''))
      return
    }
  }
}

function nextMessage(child: ChildProcess): Promise<FromAgent> {
  const { promise, resolve, reject } = Promise.withResolvers<FromAgent>()
  const silent = () => {
    child.kill()
    reject(new LatchkeyError('timeout', 'The agent did not start in time; agent.log says more.'))
  }
  const timer = setTimeout(silent, START_MS)
  const ended = () => {
    reject(new LatchkeyError('unavailable', 'The agent did not start; agent.log says why.'))
  }
  child.once('message', resolve as (message: unknown) => void)
  child.once('exit', ended)
  child.once('error', reject)
  return promise.finally(() => {
    clearTimeout(timer)
    child.off('exit', ended)
    child.off('error', reject)
  })
}

/** Opens the log of an agent in the background for appending; one that has grown large is set aside, in place of the one before. */
function openLog(file: string): number {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 }
  if (size > MAX_LOG_BYTES) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}
