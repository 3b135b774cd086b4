/** Runs an example: `npm run example -- NAME`. Without a name it lists them. */
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const folder = join(root, 'examples')
const serve = [join(root, 'src/cli/main.ts'), 'serve']

/** Examples that are not one file to run. */
const SPECIAL: Readonly<Record<string, { about: string; args: readonly string[] | null }>> = {
  adonis: {
    about: 'An AdonisJS application with its own packages: see docs/guide/adonis.md.',
    args: null,
  },
  'latchkey.config': {
    about: 'A server behind a TLS proxy, with a configuration file.',
    args: [...serve, '--config', join(folder, 'latchkey.config.ts')],
  },
  'mage-game': {
    about: 'A MAGE application and its server, in development mode.',
    args: [...serve, '--dev', '--modules', join(folder, 'mage-game/lib/modules')],
  },
}

/** Returns every example: what it shows, and the arguments of Node that run it. */
export function listExamples(): ReadonlyMap<string, (typeof SPECIAL)[string]> {
  const files = globSync(['*.ts', '*/main.ts'], { cwd: folder })
  const programs = files.filter((file) => !/\.(test|config)\.ts$/.test(file))
  const found = programs.map((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const name = file.replace(/(\/main)?\.ts$/, '')
    const about = /^\/\/ (.*)$/m.exec(text)?.[1] ?? ''
    return [name, { about, args: [join(folder, file)] }] as const
  })
  return new Map([...found, ...Object.entries(SPECIAL)].sort(([a], [b]) => a.localeCompare(b)))
}

if (import.meta.main) {
  const [name, ...rest] = process.argv.slice(2)
  const examples = listExamples()
  const example = examples.get(name ?? '')
  if (example === undefined || example.args === null) {
    if (name !== undefined && example === undefined) console.error(`There is no example ${name}.\n`)
    if (example !== undefined) console.log(example.about)
    else {
      console.log('npm run example -- NAME\n')
      for (const [known, { about }] of examples) console.log(`  ${known.padEnd(16)} ${about}`)
    }
    process.exitCode = name === undefined || example !== undefined ? 0 : 64
  } else {
    const args = ['--conditions=@latchkey/source', ...example.args, ...rest]
    spawn(process.execPath, args, { stdio: 'inherit' }).once('exit', (code) => {
      process.exitCode = code ?? 1
    })
  }
}
