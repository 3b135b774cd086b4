import { registerHooks } from 'node:module'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mage } from './mage.ts'

/** What an application may write to get its `mage`. */
const NAMES: ReadonlySet<string> = new Set(['latchkey/mage', 'mage'])
const SCHEME = 'latchkey-mage:'
const SHELF = Symbol.for('latchkey.mage.instances')

const byFolder = new Map<string, { readonly id: number; readonly mage: Mage }>()
const shelf = new Map<string, Mage>()
let hooked = false
let latest: Mage

/**
 * Makes `latchkey/mage` and `mage`, imported or required by a file under a folder, the `mage` of that application. Of folders in one
 * another the inner one counts. The application opened last is the global `mage` too, where that name is free.
 */
export function provideMage(folder: string, mage: Mage): void {
  const id = byFolder.size + 1
  byFolder.set(folder, { id, mage })
  shelf.set(String(id), mage)
  latest = mage
  if (hooked) return
  hooked = true
  Object.defineProperty(globalThis, SHELF, { value: shelf })
  // Guides of MAGE use the name without saying where it comes from.
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
