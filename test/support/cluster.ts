import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** One Latchkey process. */
export interface ClusterNode {
  readonly name: string
  readonly child: ChildProcess
  /** The address of each door by its name: `http`, `tcp`, `grpc`. */
  readonly addresses: Readonly<Record<string, string>>
  /** Everything that it printed on standard output. */
  readonly printed: string
  /** Ends the process, and resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface NodeOptions {
  readonly name: string
  /** The URL of the database. */
  readonly database: string
  /** A folder for what the node keeps beside the database. */
  readonly folder: string
  readonly args?: readonly string[]
  readonly log?: 'silent' | 'warn'
}

/** Starts one Latchkey process on a database, and waits until its doors are open. */
export async function startNode(options: NodeOptions): Promise<ClusterNode> {
  const { name, database, folder, args = [], log = 'silent' } = options
  const flags = ['--dev', '--node', name, '--database', database, '--log-level', log]
  const doors = ['--http', '127.0.0.1:0', '--tcp', '127.0.0.1:0', '--tls', 'off']
  const grpc = ['--grpc', '127.0.0.1:0', '--grpc-insecure', '--data', join(folder, name)]
  const child = spawn(
    process.execPath,
    ['--conditions=@latchkey/source', MAIN, 'serve', ...flags, ...doors, ...grpc, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder },
  )
  let printed = ''
  const ready = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    if (/^Node .*\n/m.test(printed)) ready.resolve()
  })
  child.once('exit', (code) => ready.reject(new Error(`Node ${name} ended with ${code}.`)))
  await ready.promise
  const found = printed.matchAll(/^(\w+) listens on (\S+)$/gm)
  return {
    name,
    child,
    addresses: Object.fromEntries([...found].map(([, door, address]) => [door, address])),
    printed,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      // A process that is stopped receives nothing else.
      if (signal !== 'SIGKILL') child.kill('SIGCONT')
      await ended
    },
  }
}
