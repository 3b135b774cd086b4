import { registerHooks } from 'node:module'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mage } from './mage.ts'

/** The names by which an application imports its `mage`. */
const NAMES: ReadonlySet<string> = new Set(['latchkey/mage', 'mage'])
const SCHEME = 'latchkey-mage:'
const INSTANCES = Symbol.for('latchkey.mage.instances')

const byFolder = new Map<string, { readonly id: number; readonly mage: Mage }>()
const instances = new Map<string, Mage>()
let isHooked = false
let latest: Mage

/**
 * Makes a file under `folder` get the given `mage` when it imports or requires `latchkey/mage` or `mage`. Of nested folders the inner one
 * counts. The global `mage` is that of the application opened last, unless the process has another global of that name.
 */
export function provideMage(folder: string, mage: Mage): void {
  const id = byFolder.size + 1
  byFolder.set(folder, { id, mage })
  instances.set(String(id), mage)
  latest = mage
  if (isHooked) return
  isHooked = true
  Object.defineProperty(globalThis, INSTANCES, { value: instances })
  // Code written after the guides of MAGE uses the name without an import.
  if (!('mage' in globalThis)) {
    Object.defineProperty(globalThis, 'mage', { get: () => latest, configurable: true })
  }
  registerHooks({
    resolve(specifier, context, next) {
      const id = NAMES.has(specifier) ? findInstance(context.parentURL) : null
      if (id === null) return next(specifier, context)
      return { url: `${SCHEME}${id}`, format: 'commonjs', shortCircuit: true }
    },
    load(url, context, next) {
      if (!url.startsWith(SCHEME)) return next(url, context)
      const id = JSON.stringify(url.slice(SCHEME.length))
      const source = `module.exports = globalThis[Symbol.for('latchkey.mage.instances')].get(${id})`
      return { format: 'commonjs', source, shortCircuit: true }
    },
  })
}

function findInstance(parentUrl: string | undefined): number | null {
  if (parentUrl?.startsWith('file:') !== true) return null
  const file = fileURLToPath(parentUrl)
  let found: { readonly folder: string; readonly id: number } | null = null
  for (const [folder, { id }] of byFolder) {
    const inside = !relative(folder, file).startsWith(`..${sep}`)
    if (inside && folder.length > (found?.folder.length ?? -1)) found = { folder, id }
  }
  return found?.id ?? null
}
