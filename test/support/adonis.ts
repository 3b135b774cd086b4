import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const root = resolve(import.meta.dirname, '../..')

/** The applications, each with a package.json, a lock file and an installation of its own. */
export const APPLICATIONS = {
  example: join(root, 'examples/adonis'),
  auth: join(root, 'test/support/adonis-app'),
  six: join(root, 'test/support/adonis-6-app'),
}

export type Environment = Readonly<Record<string, string>>

/** The environment of an application: this process's, without what only this process's own tests need. */
function environmentOf(more: Environment): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  return { ...env, APP_KEY: '0123456789abcdef0123456789abcdef', HOST: '127.0.0.1', ...more }
}

/** Runs a command to its end. Rejects, with all that it printed, unless it succeeds. */
export function run(
  folder: string,
  command: string,
  args: readonly string[],
  env: Environment = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: folder,
      env: environmentOf(env),
      maxBuffer: 64 * 1024 * 1024,
      timeout: ENDS_WITHIN_MS,
    }
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${command} ${args.join(' ')}:\n${stdout}${stderr}`))
    })
  })
}

/** Runs `node` as the tests do. */
export function node(folder: string, args: readonly string[], env: Environment = {}) {
  return run(folder, process.execPath, args, env)
}

/** Less than what a test has, so that a command that hangs is named. */
const ENDS_WITHIN_MS = 170_000
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E40[34]/

/**
 * Installs an application from its lock file, unless that was done before, and puts the library into it as it is now. Returns why
 * that is impossible where the registry cannot be reached, and null otherwise. In CI it rejects instead.
 */
export async function install(folder: string): Promise<string | null> {
  const mark = join(folder, 'node_modules/.installed')
  const wanted = createHash('sha256').update(readFileSync(join(folder, 'package-lock.json')))
  const digest = wanted.digest('hex')
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== digest) {
    try {
      await run(folder, 'npm', ['ci', '--ignore-scripts'])
    } catch (error) {
      if (process.env['CI'] === 'true' || !UNREACHABLE.test(String(error))) throw error
      return 'the npm registry cannot be reached'
    }
    writeFileSync(mark, digest)
  }
  await node(root, ['scripts/place-package.ts', folder])
  return null
}

/** A copy of an application's own files, on the same installation. */
export function copyOf(folder: string): { readonly folder: string; remove(): void } {
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-adonis-app-'))
  const isOwn = (path: string) => !/^\/(?:node_modules|build|tmp|\.adonisjs)/.test(path)
  cpSync(folder, copy, { recursive: true, filter: (path) => isOwn(path.slice(folder.length)) })
  symlinkSync(join(folder, 'node_modules'), join(copy, 'node_modules'))
  return { folder: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}

export interface RunningApplication {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the built server of an application on a free port, and waits until it answers. */
export async function start(folder: string, env: Environment): Promise<RunningApplication> {
  const port = await freePort()
  const server = spawn(process.execPath, ['bin/server.js'], {
    cwd: join(folder, 'build'),
    env: environmentOf({ NODE_ENV: 'production', PORT: String(port), ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (text) => {
      output += text
    })
  }
  const deadline = performance.now() + 30_000
  while (!output.includes('started HTTP server')) {
    if (server.exitCode !== null || performance.now() > deadline) {
      server.kill('SIGKILL')
      throw new Error(`The application did not start:\n${output}`)
    }
    await setTimeout(20)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      if (server.exitCode !== null) return
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    },
  }
}

/** A port of 127.0.0.1 that nothing listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
