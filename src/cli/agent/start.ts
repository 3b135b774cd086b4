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
import { clearTimeout, setTimeout } from 'node:timers'
import { LatchkeyError } from '../../core/errors.ts'
import { errorOf } from '../../core/index.ts'
import type { RunningServer } from '../../server/index.ts'
import { type Failure, failureOf } from '../failure.ts'
import { write } from '../output.ts'
import { readPassword } from '../password.ts'
import { linesOf, type ServeSources, startServing } from '../serve.ts'
import { version } from '../version.ts'
import { publishAgent, runAsAgent } from './agent-state.ts'
import { findGrpcAddress } from './grpc-address.ts'

export interface StartOptions {
  readonly nodePath: string
  readonly passwordFile: string | undefined
  /** The name of the owner. */
  readonly name: string
  readonly sources: ServeSources
}

/** The messages between an agent in the background and the process that started it. */
type FromAgent =
  | { readonly type: 'password' }
  | { readonly type: 'ready'; readonly lines: readonly string[] }
  | { readonly type: 'failed'; readonly failure: Failure }
interface ToAgent {
  readonly password: string
}

/** How long an agent in the background may take between two messages until it is ready. */
const START_MS = 60_000
const MAX_LOG_BYTES = 10 * 1024 * 1024

/** `agent start`: serves as the agent of the node path until a signal ends it. */
export async function startAgent(options: StartOptions): Promise<void> {
  await run(options, () => readPassword(options.passwordFile, { isNew: true }), write)
}

/** The same in the background: the process that started it supplies the password if one is needed, and learns when it is ready. */
export async function startSupervised(options: StartOptions): Promise<void> {
  const send = (message: FromAgent) => void process.send?.(message)
  // The process that started it has gone before the agent was ready.
  const onDisconnect = () => process.exit(0)
  process.once('disconnect', onDisconnect)
  const password = () =>
    new Promise<string>((resolve) => {
      process.once('message', ({ password }: ToAgent) => resolve(password))
      send({ type: 'password' })
    })
  try {
    await run(options, password, async (text) => {
      process.off('disconnect', onDisconnect)
      send({ type: 'ready', lines: text.trimEnd().split('\n') })
    })
  } catch (error) {
    send({ type: 'failed', failure: failureOf(error) })
    throw error
  }
}

async function run(
  { nodePath, name, sources }: StartOptions,
  password: () => Promise<string>,
  print: (text: string) => Promise<void>,
): Promise<void> {
  makeNodePath(nodePath)
  await runAsAgent(nodePath, async () => {
    const grpc = await findGrpcAddress()
    const data = join(nodePath, 'data')
    const defaults = {
      data,
      tlsSelfMade: true,
      drainMs: 0,
      grpc,
      registration: 'closed',
    } as const
    const { server, config } = await startServing({ defaults, ...sources })
    try {
      const owner = await createOwner(server, name, password)
      const { addresses } = server
      publishAgent(nodePath, {
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
    throw new LatchkeyError(
      'unavailable',
      `--node-path: ${nodePath} cannot be created or written.`,
      { cause },
    )
  }
}

/** Registers the first administrator if there is none; returns whether it did. */
async function createOwner(
  { authority }: RunningServer,
  name: string,
  password: () => Promise<string>,
): Promise<boolean> {
  const code = await authority.actors.createClaimCode()
  if (code === null) return false
  const claimed = await authority.actors.claim({ code, name, password: await password() })
  if (!claimed.ok) throw errorOf(claimed)
  // The owner has to unlock the agent to get a session.
  await authority.sessions.end({ id: claimed.session.id }, { reason: 'logged_out' })
  return true
}

/** `agent start --background`: starts the agent as a process of its own, and returns when it is ready. */
export async function startInBackground({
  nodePath,
  passwordFile,
}: Pick<StartOptions, 'nodePath' | 'passwordFile'>): Promise<void> {
  makeNodePath(nodePath)
  const log = openLog(join(nodePath, 'agent.log'))
  const args = process.argv.slice(1).map((arg) => (arg === '--background' ? '--supervised' : arg))
  // The environment of a process can be read while it runs, so the password is sent as a message if it is needed.
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
    if (message.type === 'password') {
      const password = await readPassword(passwordFile, { isNew: true })
      child.send({ password } satisfies ToAgent)
    } else if (message.type === 'failed') {
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
  const onSilence = () => {
    child.kill()
    reject(new LatchkeyError('timeout', 'The agent did not start in time. See agent.log.'))
  }
  const timer = setTimeout(onSilence, START_MS)
  const onExit = () => {
    reject(new LatchkeyError('unavailable', 'The agent did not start. See agent.log.'))
  }
  child.once('message', resolve as (message: unknown) => void)
  child.once('exit', onExit)
  child.once('error', reject)
  return promise.finally(() => {
    clearTimeout(timer)
    child.off('exit', onExit)
    child.off('error', reject)
  })
}

/** Opens the log of an agent in the background for appending; a log over 10 MiB is renamed first, and replaces the previous one. */
function openLog(file: string): number {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 }
  if (size > MAX_LOG_BYTES) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}
