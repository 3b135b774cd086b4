import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Argon2Input, deriveArgon2, deriveInWasm } from './argon2.ts'

function isInstalled(): boolean {
  try {
    import.meta.resolve('hash-wasm')
    return true
  } catch {
    return false
  }
}

const input: Argon2Input = {
  algorithm: 'argon2id',
  password: 'six wet otters, ünder a bridge',
  salt: Buffer.from('a salt of 16 byte'),
  memoryKiB: 64,
  passes: 2,
  parallelism: 2,
  tagBytes: 32,
}

test('hash-wasm computes the same tag as node:crypto', {
  skip: !isInstalled() && 'hash-wasm is not installed',
}, async () => {
  for (const algorithm of ['argon2id', 'argon2i', 'argon2d'] as const) {
    const asked = { ...input, algorithm }
    assert.deepEqual(await deriveInWasm(asked), await deriveArgon2(asked), algorithm)
  }
})

test('without hash-wasm the error names it', {
  skip: isInstalled() && 'hash-wasm is installed',
}, async () => {
  await assert.rejects(deriveInWasm(input), { code: 'unavailable', message: /install hash-wasm/ })
})
