import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The licences of the packages that bundled source files come from, each package once, in the order of their names. */
export function licencesOf(root: string, files: readonly string[]): string {
  const folders = new Set(
    files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  )
  const parts = [...folders].map((folder) => {
    const path = resolve(root, folder)
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(path, 'package.json'), 'utf8'),
    ) as { name: string; version: string; license?: string; author?: string | { name: string } }
    const texts = globSync('{LICEN[CS]E,licen[cs]e,NOTICE,COPYING}*', { cwd: path })
      .filter((file) => existsSync(join(path, file)))
      .map((file) => readFileSync(join(path, file), 'utf8').trim())
    if (license === undefined && texts.length === 0) throw new Error(`${name} names no licence.`)
    const by = typeof author === 'string' ? author : author?.name
    const text = texts.length > 0 ? texts.join('\n\n') : `${license}${by ? `, by ${by}` : ''}`
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  return ['Latchkey contains parts of these packages.\n', ...[...new Set(parts)].sort()].join(
    `\n${'-'.repeat(78)}\n`,
  )
}
