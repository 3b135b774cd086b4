/**
 * Runs before the tests of a checkout: opens an authority, and replaces the checkout's store in
 * memory with the store of `latchkey/express-session`.
 */
import { Module } from 'node:module'
import { openStore } from './open-store.ts'

/** Makes a module of CommonJS whose export is a class of our store. */
function replaceModule(filename: string): void {
  const module = new Module(filename)
  module.filename = filename
  module.loaded = true
  // The tests call `new`, and get the store instead of the object.
  module.exports = function Store() {
    return openStore()
  }
  Reflect.get(Module, '_cache')[filename] = module
}

const replaced = process.env['LATCHKEY_COMPAT_REPLACE']
if (replaced !== undefined) replaceModule(replaced)
