import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** How the command line is run: by the Node of the tests, from source. */
export const COMMAND: readonly string[] = [process.execPath, '--conditions=@latchkey/source', MAIN]

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
}

export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

// Nothing of the tests' own environment, which may have LATCHKEY_ variables and has those of the test runner. Other doors stay
// closed, because every test would use their default ports.
const CLOSED = { LATCHKEY_TCP: 'off', LATCHKEY_TLS: 'off', LATCHKEY_GRPC: 'off' }

/** Compiled code, kept between the processes of a run and the next: a command line starts in half the time. */
const COMPILE_CACHE = join(tmpdir(), `latchkey-test-compile-cache-${userInfo().uid}`)

/** A home of this process alone, so that no test finds the session of another run. */
const HOME_FOLDER = mkdtempSync(join(tmpdir(), 'latchkey-home-'))
process.once('exit', () => rmSync(HOME_FOLDER, { recursive: true, force: true }))

export function environment(env: RunOptions['env']): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: HOME_FOLDER,
    TZ: 'UTC',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...CLOSED,
    ...env,
  }
}

function start(args: readonly string[], { env, cwd }: RunOptions): ChildProcess {
  const [node = '', ...before] = COMMAND
  return spawn(node, [...before, ...args], { env: environment(env), cwd: cwd ?? tmpdir() })
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  return output
}

function ended(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  child.once('error', reject)
  child.once('close', (code, signal) => resolve({ code, signal, ...output }))
  return promise
}

/** Runs the command line to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return startProcess(args, options).ended
}

/** Starts the command line. */
export function startProcess(args: readonly string[], options: RunOptions = {}) {
  const child = start(args, options)
  const output = collect(child)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  return { child, output, ended: ended(child, output) }
}

/** Makes a folder that is removed after the test. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a file in a folder; returns its path. */
export function file(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

export interface ServerProcess {
  readonly url: string
  /** The one-time code that it printed, or null. */
  readonly claimCode: string | null
  readonly child: ChildProcess
  readonly output: { readonly stdout: string; readonly stderr: string }
  readonly ended: Promise<Ran>
  kill(signal?: NodeJS.Signals): Promise<Ran>
}

/** Starts a server on a free port and waits until it serves. It is killed after the test. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ServerProcess> {
  const named = args.includes('--http') || options.env?.['LATCHKEY_HTTP'] !== undefined
  const http = named || args.includes('--config') ? [] : ['--http', '127.0.0.1:0']
  const child = start(['serve', ...http, ...args], options)
  const output = collect(child)
  const end = ended(child, output)
  t.after(async () => {
    child.kill('SIGKILL')
    await end
  })
  const stopped = end.then((ran) => {
    throw new Error(`The server ended with ${ran.code ?? ran.signal}: ${ran.stderr}`)
  })
  stopped.catch(() => undefined)
  await Promise.race([untilPrinted(child, output, /^http listens on .*\n/m), stopped])
  // The code is printed in the same write.
  const url = /^http listens on (\S+)$/m.exec(output.stdout)?.[1] ?? ''
  const claimCode = /latchkey admin claim (\w+)/.exec(output.stdout)?.[1] ?? null
  const kill = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return end
  }
  return { url, claimCode, child, output, ended: end, kill }
}

/** Resolves when a process has printed text that matches. */
export async function untilPrinted(
  child: ChildProcess,
  output: { readonly stdout: string; readonly stderr: string },
  pattern: RegExp,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (pattern.test(output.stdout) || pattern.test(output.stderr)) resolve()
  }
  child.stdout?.on('data', look)
  child.stderr?.on('data', look)
  look()
  await promise
  child.stdout?.off('data', look)
  child.stderr?.off('data', look)
}

/** Sends JSON to a server. */
export async function call(
  url: string,
  method: string,
  { body, token }: { body?: unknown; token?: string } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

/** Registers an actor at a server and logs it in; returns the token. */
export async function logIn(url: string, name: string, password = 'p'): Promise<string> {
  await call(`${url}/v1/actors`, 'POST', { body: { name, password } })
  const { body } = await call(`${url}/v1/sessions`, 'POST', { body: { identity: name, password } })
  return String(body['token'])
}

/** Resolves when a condition holds. Rejects after ten seconds. */
export async function waitUntil(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('The condition did not hold within 10 s.')
    await setTimeout(10)
  }
}
