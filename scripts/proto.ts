/**
 * Generates the TypeScript of `proto/` into a folder: `npm run proto` writes it where the gRPC door and client have it. Works offline. A test fails
 * when what is committed is not what this writes.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const out = resolve(process.argv[2] ?? resolve(root, 'src/protocol/grpc/gen'))
const template = {
  version: 'v2',
  plugins: [
    {
      local: [process.execPath, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es'],
      out: relative(root, out),
      opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'],
    },
  ],
}
rmSync(out, { recursive: true, force: true })
const buf = resolve(root, 'node_modules/.bin/buf')
const args = ['generate', 'proto', '--template', JSON.stringify(template)]
const { status, error } = spawnSync(buf, args, {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (error !== undefined) console.error(error.message)
process.exitCode = status ?? 1
