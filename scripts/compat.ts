/**
 * Runs the tests of another project over the store of `latchkey/express-session`:
 * `npm run compat -- PATH`, where PATH is a checkout of express-session, connect-redis or
 * @fastify/session in which `npm install` has been run.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

interface Suite {
  /** The arguments of Node, run in the checkout. */
  readonly args: readonly string[]
  /** The module of the checkout that is replaced by a class of our store. */
  readonly replaced?: string
}

const preload = (name: string) => `--import=${resolve(import.meta.dirname, 'compat', name)}`
const tap = ['--test', '--test-force-exit', '--test-reporter=tap']

const SUITES: Readonly<Record<string, Suite>> = {
  'express-session': {
    args: [
      preload('preload.ts'),
      'node_modules/mocha/bin/mocha.js',
      ...['--require', 'test/support/env', '--check-leaks', '--exit', '--reporter', 'tap'],
      ...['test/session.js', 'test/cookie.js'],
    ],
    replaced: 'session/memory.js',
  },
  'connect-redis': { args: [preload('connect-redis-preload.ts'), ...tap, 'index_test.ts'] },
  '@fastify/session': {
    args: [preload('preload.ts'), ...tap, 'test/*.test.js'],
    replaced: 'test/TestStore.js',
  },
}

/** Runs a suite on an engine, and prints how many tests passed and which failed. */
function run(checkout: string, { args, replaced }: Suite, engine: string): boolean {
  const env = {
    ...process.env,
    NO_DEPRECATION: 'express-session',
    LATCHKEY_COMPAT_ENGINE: engine,
    ...(replaced === undefined ? {} : { LATCHKEY_COMPAT_REPLACE: join(checkout, replaced) }),
  }
  const all = ['--conditions=@latchkey/source', ...args]
  const { stdout } = spawnSync(process.execPath, all, { cwd: checkout, env, encoding: 'utf8' })
  const count = (name: string) => new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1]
  console.log(`${engine}: ${count('pass')} of ${count('tests')} passed`)
  for (const [, name] of stdout.matchAll(/^ *not ok \d+ (?:- )?(.*)$/gm)) {
    console.log(`  failed: ${name}`)
  }
  return count('tests') !== undefined
}

const checkout = resolve(process.argv[2] ?? '')
const { name } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
  name: string
}
const suite = SUITES[name]
if (suite === undefined) {
  console.error(`${checkout} is no checkout of ${Object.keys(SUITES).join(', ')}.`)
  process.exitCode = 64
} else {
  const ran = ['memory', 'sqlite'].map((engine) => run(checkout, suite, engine))
  process.exitCode = ran.every(Boolean) ? 0 : 1
}
