import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openGame, withCommands } from '../../../../test/support/mage-door.ts'
import { readMultipart } from './multipart.ts'

test('files come in place of the names of their parts', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'upload.js': `exports.acl = ['*']
exports.execute = async (state, file, deep, plain) => {
  const told = (f) => ({ ...f, data: f.data.map((chunk) => [Buffer.isBuffer(chunk), chunk.toString('hex')]) })
  return { file: told(file), deep: told(deep.list[0]), plain }
}`,
    }),
  })
  const form = new FormData()
  const params = { file: '__file0', deep: { list: ['__file1'] }, plain: '__file0' }
  form.set('cmddata', `[]\n${JSON.stringify(params)}`)
  form.set('__file0', new File([new Uint8Array([0, 255, 10])], 'a.png', { type: 'image/png' }))
  form.set('__file1', new File(['text'], 'b.txt', { type: 'text/plain' }))
  const { entries } = await game.send('/game/players.upload', { body: form })
  assert.deepEqual(entries, [
    [
      null,
      {
        file: {
          data: [[true, '00ff0a']],
          partName: '__file0',
          fileName: 'a.png',
          type: 'image/png',
        },
        deep: {
          data: [[true, '74657874']],
          partName: '__file1',
          fileName: 'b.txt',
          type: 'text/plain',
        },
        plain: '__file0',
      },
    ],
  ])
  const broken = { 'content-type': 'multipart/form-data; boundary=x' }
  const { status } = await game.send('/game/players.upload', { body: '--y', headers: broken })
  assert.equal(status, 400)
})

test('a part is a file byte for byte, whether it says a file name or not', async () => {
  const part = fc.record({
    name: fc.constantFrom('a', 'b c', '\u00e9', 'x"y'),
    fileName: fc.option(fc.constantFrom('f.bin', 'a;b.txt', '\u65e5.txt'), { nil: undefined }),
    type: fc.option(fc.constantFrom('image/png', 'text/plain; charset=utf-8'), { nil: undefined }),
    data: fc.oneof(
      fc.uint8Array(),
      fc.constantFrom(Buffer.from('\r\n--'), Buffer.from('\r\n\r\n')),
    ),
  })
  const parts = fc.uniqueArray(part, { selector: ({ name }) => name })
  fc.assert(
    fc.property(parts, fc.boolean(), (given, quoted) => {
      const chunks = given.flatMap(({ name, fileName, type, data }) => [
        Buffer.from(
          `--b0undary\r\nContent-Disposition: form-data; name="${name.replace('"', '%22')}"` +
            `${fileName === undefined ? '' : `; filename="${fileName}"`}\r\n` +
            `${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`,
        ),
        Buffer.from(data),
        Buffer.from('\r\n'),
      ])
      const head = '--b0undary\r\ncontent-disposition: form-data; name=cmddata\r\n\r\n[]\r\n'
      const body = Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('--b0undary--\r\n')])
      const boundary = quoted ? '"b0undary"' : 'b0undary'
      const read = readMultipart(body, `multipart/form-data; boundary=${boundary}`)
      assert.equal(read?.text, '[]')
      const files = [...(read?.files.values() ?? [])]
      assert.deepEqual(
        files.map(({ data, ...file }) => ({ ...file, data: Buffer.concat(data) })),
        given.map(({ name, fileName, type, data }) => {
          return { partName: name, fileName, type, data: Buffer.from(data) }
        }),
      )
      assert.equal(
        readMultipart(body.subarray(0, -6), 'multipart/form-data; boundary=b0undary'),
        null,
      )
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      readMultipart(Buffer.from(bytes), 'multipart/form-data; boundary=x')
    }),
  )
})
