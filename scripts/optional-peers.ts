import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Marks the imports of optional peers in the declarations of a folder, so that an application without these packages compiles with
 * `skipLibCheck: false`: their types are `any` there, and complete where the package is installed.
 */
export function markOptionalPeers(dist: string, manifest: string): void {
  const { peerDependenciesMeta } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    peerDependenciesMeta: Record<string, { optional?: boolean }>
  }
  const peers = Object.keys(peerDependenciesMeta)
    .map((name) => name.replaceAll(/[/.]/g, '\\$&'))
    .join('|')
  const imports = new RegExp(
    `^(?=(?:import|export) .*from ['"](?:${peers})(?:/[^'"]*)?['"];?$)`,
    'gm',
  )
  for (const file of globSync('**/*.d.ts', { cwd: dist })) {
    const path = join(dist, file)
    const text = readFileSync(path, 'utf8')
    const marked = text.replaceAll(imports, '// @ts-ignore: an optional peer\n')
    if (marked !== text) writeFileSync(path, marked)
  }
}
