import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { file, type Ran, type RunOptions, run, temporaryFolder } from './support.ts'

export const PASSWORD = 'пароль 密码 six otters'

/** A user of the machine, with a home folder. */
export interface Home {
  readonly home: string
  readonly nodePath: string
  readonly sessionFile: string
  /** The file with the right password. */
  readonly passwordFile: string
  latchkey(args: readonly string[], options?: RunOptions): Promise<Ran>
  /** Returns the content of the session file, or null. */
  token(): string | null
}

/** Makes a user. The user's agent, if one runs, is killed after the test. */
export function makeHome(t: Pick<TestContext, 'after'>): Home {
  let nodePath = ''
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return null
    }
  }
  // Registered before the hook that removes the folder, because hooks run in the order of registration.
  t.after(() => {
    const pid = JSON.parse(read(join(nodePath, 'status.json')) ?? '{}').pid
    if (typeof pid === 'number' && pid !== process.pid) process.kill(pid, 'SIGKILL')
  })
  const home = temporaryFolder(t)
  nodePath = join(home, '.local/share/latchkey')
  const sessionFile = join(nodePath, 'client/token')
  return {
    home,
    nodePath,
    sessionFile,
    passwordFile: file(home, 'password', `${PASSWORD}\n`),
    latchkey: (args, { env, ...options } = {}) =>
      run(args, { ...options, cwd: home, env: { HOME: home, ...env } }),
    token: () => read(sessionFile),
  }
}

/** Starts the agent of a user on free ports. */
export function startAgent(
  { latchkey, passwordFile }: Home,
  ...more: readonly string[]
): Promise<Ran> {
  const ports = ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0']
  const args = ['agent', 'start', '--background', '--password-file', passwordFile]
  return latchkey([...args, ...ports, ...more])
}
