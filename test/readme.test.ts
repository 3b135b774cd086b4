import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const lines = /<!-- run -->\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''

const hasCurl = () => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('the curl lines of the README do what they say', {
  skip: hasCurl() ? false : 'no curl here',
}, async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-readme-'))
  const main = join(root, 'src/cli/main.ts')
  const flags = [
    '--conditions=@latchkey/source',
    main,
    'serve',
    '--dev',
    '--http',
    '127.0.0.1:0',
    '--data',
    data,
  ]
  const server = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => {
    server.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  })
  let base = ''
  for await (const line of createInterface({ input: server.stdout })) {
    base = /http listens on (\S+)/.exec(line)?.[1] ?? ''
    if (base !== '') break
  }
  const script = lines.replace('http://127.0.0.1:8080', base)
  assert.notEqual(script, lines)
  const printed = execFileSync('bash', ['-eu', '-c', script], { encoding: 'utf8' })
  const [registered, whoAmI, list, same, ...told] = printed.trim().split('\n')
  assert.match(registered ?? '', /^\{"actor":\{"id":"[0-9a-f-]{36}","name":"ada"/)
  assert.match(whoAmI ?? '', /^\{"session":\{"id":"\w{25}".*"actor":\{/)
  assert.match(list ?? '', /"label":"my laptop"\},"current":true\}\]\}$/)
  assert.equal(same, 'the same again')
  assert.match(told[0] ?? '', /^HTTP\/1\.1 401/)
  assert.match(told.at(-1) ?? '', /"code":"session_revoked".*"reason":"logged_out"/)
})

test('the ten lines of the README are an example that a test runs', () => {
  const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const example = readFileSync(join(root, 'examples/embed.ts'), 'utf8')
  for (const line of shown.split('\n').filter((text) => text !== '')) {
    const adapted = line.replace("'./data'", "process.argv[2] ?? './data'")
    assert.ok(example.includes(adapted), line)
  }
})
