import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { eventOf, openGame, withCommands } from '../../../../test/support/mage-door.ts'

const HEAD = `HTTP/1.1 200 OK\r
content-type: application/json; charset=UTF-8\r
pragma: no-cache\r
Date: ..\r
Connection: close\r
Transfer-Encoding: chunked\r
\r
`

/** A request that ends its connection. */
function post(path: string, body: string, more = '', method = 'POST'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function chunked(body: string): string {
  return `${HEAD}${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`
}

/** An answer without a body that is sent as chunks, as MAGE does. */
function bare(status: string): string {
  return `HTTP/1.1 ${status}\r\npragma: no-cache\r\nDate: ..\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
}

const MISSING =
  'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nDate: ..\r\nConnection: close\r\n\r\n'

test('an answer has MAGE’s bytes', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'boom.js': `exports.acl = ['*']
exports.execute = async (state) => {
  state.emit(null, 'x.lost', 1)
  state.emit(null, 'x.always', 2, { alwaysEmit: true })
  throw Object.assign(new Error('secret detail'), { code: 'boom' })
}`,
      'slow.js': `exports.acl = ['*']; exports.timeout = 5; exports.execute = function (state, callback) {}`,
    }),
  })
  const cases: [string, string, string][] = [
    [
      'players.login',
      '[]\n{"username": "test","password": "secret"}\n',
      '[["invalidUsernameOrPassword",null]]',
    ],
    ['players.nothing', '[]\n{}', '[["server",null]]'],
    ['players.nobody', '[]\n{}', '[["auth",null]]'],
    ['players.whoami', '[]\n{}', '[["auth",null]]'],
    ['players.slow', '[]\n{}', '[["timeout",null]]'],
    [
      'players.noop,players.echo,players.nothing,players.whoami',
      '[]\nnull\n{"a":[1,"é"]}\n{}\n{}\nignored',
      '[[null,null],[null,{"a":[1,"é"]}],["server",null],["auth",null]]',
    ],
    ['players.boom', '[]\n{}', '[["boom",null,[["x.always",2]]]]'],
    [
      'players.noop',
      '[{"name":"mage.session","key":5}]\n{}',
      '[[null,null,[["session.unset","invalidSessionKey"]]]]',
    ],
    [
      'players.whoami',
      `[{"name":"mage.session","key":"nobody:${'a'.repeat(16)}"}]\n{}`,
      '[["auth",null,[["session.unset","noSession"]]]]',
    ],
    ['session.logout', '[]\n{}', '[[null,null]]'],
    ['session.restore', '[]\n{"sessionKey":"a:b"}', '[["invalidSession",null]]'],
  ]
  for (const [names, body, answer] of cases) {
    const got = await game.raw(post(`/game/${names}`, body))
    assert.equal(Buffer.from(got, 'latin1').toString(), chunked(answer), names)
  }
})

test('an answer that keeps the connection says so, and nothing more', async (t) => {
  const game = await openGame(t)
  const first = post('/game/players.noop', '[]\n{}').replace('close', 'keep-alive')
  const got = await game.raw(first + post('/game/players.noop', '[]\n{}'))
  const [one] = got.split('0\r\n\r\n')
  assert.equal(one, `${HEAD.replace('close', 'keep-alive')}d\r\n[[null,null]]\r\n`)
})

test('what is no batch is refused with a status and no body', async (t) => {
  const game = await openGame(t)
  const refused = ['', '{}', 'x', '[]', '[]\n', '[]\n{', '"x"\n{}', 'null\n{}']
  for (const body of refused) {
    assert.equal(await game.raw(post('/game/players.echo', body)), bare('400 Bad Request'), body)
  }
  const failed = ['[]\n[1,2,3]', '[]\n7', '[]\n"text"', '[]\ntrue']
  for (const body of failed) {
    const got = await game.raw(post('/game/players.echo', body))
    assert.equal(got, bare('500 Internal Server Error'), body)
  }
  assert.equal(await game.raw(post('/game/a.b,c.d', '[]\n{}')), bare('400 Bad Request'))
})

test('parameters that are nothing count as none', async (t) => {
  const game = await openGame(t)
  for (const params of ['null', 'false', '0', '""', '{}', ' {} \r', '[]']) {
    const { text } = await game.send('/game/players.echo', { body: `[]\r\n${params}` })
    assert.equal(text, '[[null,{}]]', params)
  }
})

test('a batch that fails half way leaves done what was done', async (t) => {
  const game = await openGame(t)
  const body = '[]\n{"username":"half","password":"way"}\n[1,2,3,4]'
  const { status } = await game.send('/game/players.register,players.echo', { body })
  assert.equal(status, 500)
  assert.ok((await game.authority.actors.findByIdentity('half')) !== null)
})

test('commands are what follows the last slash of the resolved path', async (t) => {
  const game = await openGame(t)
  const echo = ['/game/players.noop', '/game/any/thing/players.noop', '/x/../game/players.noop']
  for (const path of [
    ...echo,
    '/game/%70layers.noop',
    '/game//players.noop',
    '/game/players.noop/',
  ]) {
    assert.equal(await game.raw(post(path, '[]\n{}')), chunked('[[null,null]]'), path)
  }
  const two = await game.raw(post('/game/players.noop%2Cplayers.noop', '[]\n{}\n{}'))
  assert.equal(two, chunked('[[null,null],[null,null]]'))
  for (const path of ['/game', '/game/', '/game/.', '/game/%', '/game/%ff', '/game?x=1']) {
    assert.equal(await game.raw(post(path, '[]\n{}')), MISSING, path)
  }
  for (const path of ['/', '/games/players.noop', '/v1/session', '/game/../v1/x', '/%', '*']) {
    assert.match(await game.raw(post(path, '[]\n{}')), /^HTTP\/1\.1 418 /, path)
  }
})

test('the method does not matter, but for HEAD and OPTIONS', async (t) => {
  const game = await openGame(t)
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    const got = await game.raw(post('/game/players.noop', '[]\n{}', '', method))
    assert.equal(got, chunked('[[null,null]]'), method)
  }
  const head = await game.raw(post('/game/players.noop', '', '', 'HEAD'))
  assert.equal(head, 'HTTP/1.1 200 OK\r\npragma: no-cache\r\nDate: ..\r\nConnection: close\r\n\r\n')
  const options = await game.raw(post('/game/players.noop', '', '', 'OPTIONS'))
  assert.equal(
    options,
    'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nDate: ..\r\nConnection: close\r\n\r\n',
  )
})

test('a long answer is compressed for exactly gzip', async (t) => {
  const game = await openGame(t)
  const ask = (size: number, accepts: string) => {
    const body = `[]\n${JSON.stringify({ a: 'x'.repeat(size) })}`
    return game.raw(post('/game/players.echo', body, `Accept-Encoding: ${accepts}\r\n`))
  }
  const empty = '[[null,{"a":""}]]'.length
  for (const accepts of ['gzip', 'deflate, gzip', 'br ,gzip,x']) {
    const got = await ask(4096 - empty, accepts)
    const [head = '', ...rest] = got.split('\r\n\r\n')
    assert.match(head, /UTF-8\r\ncontent-encoding: gzip\r\npragma: no-cache\r\nDate/, accepts)
    const chunk = rest.join('\r\n\r\n')
    const start = chunk.indexOf('\r\n') + 2
    const size = Number.parseInt(chunk, 16)
    const bytes = Buffer.from(chunk.slice(start, start + size), 'latin1')
    assert.equal(gunzipSync(bytes).length, 4096)
  }
  for (const [size, accepts] of [
    [4095 - empty, 'gzip'],
    [5000, 'gzip;q=1.0'],
    [5000, 'deflate'],
  ] as const) {
    assert.doesNotMatch(await ask(size, accepts), /content-encoding/, `${size} ${accepts}`)
  }
})

test('limits: a body, a batch and a header that are too large', async (t) => {
  const game = await openGame(t, { limits: { bodyBytes: 1000, commands: 3, headerEntries: 2 } })
  const noop = 'players.noop'
  const full = `[]\n{"a":"${'x'.repeat(1000 - 11)}"}`
  assert.equal(full.length, 1000)
  assert.equal((await game.send('/game/players.echo', { body: full })).status, 200)
  const over = await game.raw(post('/game/players.echo', `${full} `))
  assert.equal(over, bare('413 Payload Too Large'))
  const announced = `POST /game/${noop} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n[]`
  assert.equal(
    await game.raw(announced.replace('Host: x', 'Host: localhost')),
    bare('413 Payload Too Large'),
  )
  assert.equal((await game.call([noop, noop, noop].join())).status, 200)
  assert.equal((await game.call([noop, noop, noop, noop].join())).status, 400)
  assert.equal((await game.call(noop, [], { header: [1, 2] })).status, 200)
  assert.equal((await game.call(noop, [], { header: [1, 2, 3] })).status, 400)
})

test('the default limits are those that are documented', async (t) => {
  const game = await openGame(t)
  const fifty = Array.from({ length: 50 }, () => 'players.noop')
  assert.equal((await game.call(fifty.join())).status, 200)
  assert.equal((await game.call([...fifty, 'players.noop'].join())).status, 400)
  const sixteen = Array.from({ length: 16 }, () => ({}))
  assert.equal((await game.call('players.noop', [], { header: sixteen })).status, 200)
  assert.equal((await game.call('players.noop', [], { header: [...sixteen, {}] })).status, 400)
  const body = (size: number) => `[]\n{"a":"${'x'.repeat(size - 11)}"}`
  assert.equal((await game.send('/game/players.echo', { body: body(1_048_576) })).status, 200)
  assert.equal((await game.send('/game/players.echo', { body: body(1_048_577) })).status, 413)
})

test('limits and origins may stand in the configuration, where an option beats them', async (t) => {
  const server = {
    limits: { commands: 2, headerEntries: 1, bodyBytes: 40 },
    clientHost: { cors: { origin: 'https://game.example' } },
  }
  const game = await openGame(t, { config: { server }, limits: { headerEntries: 2 } })
  const { status, headers } = await game.call('players.noop,players.noop', [], { header: [{}, {}] })
  assert.equal(status, 200)
  assert.equal(headers.get('access-control-allow-origin'), null)
  const origin = { origin: 'https://game.example' }
  const letIn = await game.send('/game/players.noop', { body: '[]\n{}', headers: origin })
  assert.equal(letIn.headers.get('access-control-allow-origin'), 'https://game.example')
  assert.equal((await game.call('players.noop,players.noop,players.noop')).status, 400)
  assert.equal((await game.call('players.noop', [], { header: [{}, {}, {}] })).status, 400)
  assert.equal((await game.call('players.echo', [['x'.repeat(40)]])).status, 413)
  for (const limits of [{ commands: 0 }, { bodyBytes: '1' }, { header: 1 }]) {
    await assert.rejects(openGame(t, { config: { server: { limits } } }), /mage\.server\.limits/)
  }
  await assert.rejects(openGame(t, { cors: { origin: 'https://a.example\r\nx: y' } }), TypeError)
})

test('a client of HTTP/1.0 gets its answer without chunks', async (t) => {
  const game = await openGame(t)
  const body = '[]\n{}'
  const got = await game.raw(
    `POST /game/players.noop HTTP/1.0\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  assert.equal(got.split('\r\n\r\n')[1], '[[null,null]]')
  assert.ok(!/transfer-encoding/i.test(got), got)
})

test('requests that come at once on one connection are answered in their order', async (t) => {
  const game = await openGame(t, {
    files: withCommands({
      'slow.js': `exports.acl = ['*']
exports.execute = async () => { await new Promise((go) => setTimeout(go, 20)); return 'slow' }`,
    }),
  })
  const request = (command: string, more = '') =>
    `POST /game/players.${command} HTTP/1.1\r\nHost: localhost\r\n${more}Content-Length: 5\r\n\r\n[]\n{}`
  const got = await game.raw(
    request('slow') + request('noop') + request('nothing', 'Connection: close\r\n'),
  )
  const bodies = [...got.matchAll(/\r\n(\[\[.*\]\])\r\n0\r\n\r\n/g)].map(([, body]) => body)
  assert.deepEqual(bodies, ['[[null,"slow"]]', '[[null,null]]', '[["server",null]]'])
})

test('an answer beyond ASCII has the length of its bytes', async (t) => {
  const game = await openGame(t)
  const { entries } = await game.call('players.echo', [['\u00e9\u65e5\u{1f600}', 1]])
  assert.deepEqual(entries, [[null, { a: '\u00e9\u65e5\u{1f600}', b: 1 }]])
})

test('pages of other origins are told what is configured', async (t) => {
  const game = await openGame(t, { cors: { origin: 'https://game.example', credentials: true } })
  const origin = 'Origin: https://other.example\r\n'
  const got = await game.raw(post('/game/players.noop', '[]\n{}', origin))
  const begins = `HTTP/1.1 200 OK\r\naccess-control-allow-credentials: true\r\naccess-control-allow-origin: https://game.example\r\n`
  assert.ok(got.startsWith(`${begins}content-type: application/json`), got)
  const asks = `${origin}Access-Control-Request-Headers: x-a, x-b\r\n`
  const options = await game.raw(post('/game/players.noop', '', asks, 'OPTIONS'))
  assert.equal(
    options,
    `${begins}access-control-max-age: 1728000\r\naccess-control-allow-methods: GET, POST, PUT, DELETE, HEAD, OPTIONS\r\naccess-control-allow-headers: x-a, x-b\r\ncontent-length: 0\r\nDate: ..\r\nConnection: close\r\n\r\n`,
  )
})

test('any origin with credentials is echoed, and is off by default', async (t) => {
  const any = await openGame(t, { cors: { origin: '*', credentials: true } })
  const headers = { origin: 'https://o.example' }
  const told = await any.send('/game/players.noop', { body: '[]\n{}', headers })
  assert.equal(told.headers.get('access-control-allow-origin'), 'https://o.example')
  assert.equal(told.headers.get('vary'), 'Origin')
  const none = await openGame(t)
  const silent = await none.send('/game/players.noop', { body: '[]\n{}', headers })
  assert.equal(silent.headers.get('access-control-allow-origin'), null)
})

test('the icon and the file check.txt are served', async (t) => {
  const game = await openGame(t)
  const icon = await fetch(`http://127.0.0.1:${game.port}/favicon.ico`)
  const bytes = Buffer.from(await icon.arrayBuffer())
  assert.equal(icon.headers.get('content-type'), 'image/x-icon')
  assert.deepEqual([icon.status, bytes.length, bytes.readUInt16LE(2)], [200, 1150, 1])
  const check = () => fetch(`http://127.0.0.1:${game.port}/check.txt`)
  assert.equal((await check()).status, 404)
  writeFileSync(join(game.folder, 'check.txt'), 'fine\n')
  assert.equal(await (await check()).text(), 'fine\n')
})

test('in development a foreign host is refused', async (t) => {
  const game = await openGame(t)
  const request = post('/game/players.noop', '[]\n{}').replace('localhost', 'evil.example')
  assert.equal(await game.raw(request), bare('403 Forbidden'))
})

test('a client is told what it needs to begin', async (t) => {
  const game = await openGame(t)
  const params = { appName: 'game', baseUrl: 'http://127.0.0.1:8080' }
  const { entries } = await game.call('config.get', [params])
  const [error, config] = entries[0] ?? []
  assert.equal(error, null)
  const told = config as Record<string, Record<string, Record<string, unknown>>>
  assert.deepEqual(Object.keys(told), ['appName', 'appVersion', 'server', 'developmentMode'])
  assert.deepEqual(told['appVersion'], '1.2.3')
  const center = told['server']?.['commandCenter'] ?? {}
  assert.deepEqual(Object.keys(center), ['url', 'timeout', 'commands', 'httpOptions'])
  assert.equal(center['url'], 'http://127.0.0.1:8080/game')
  const commands = center['commands'] as Record<string, { name: string; params: string[] }[]>
  const login = commands['players']?.find(({ name }) => name === 'login')
  assert.deepEqual(login, { name: 'login', params: ['username', 'password'] })
})

test('a header entry that appears twice counts as it was last', async (t) => {
  const game = await openGame(t)
  const { key, id } = await game.person('ada')
  const header = [{ name: 'mage.session', key: 'x' }, { name: 'other' }, {}, { name: 7 }]
  const { entries } = await game.call('players.whoami', [], { header, key })
  assert.deepEqual(entries, [[null, { actorId: id, acl: ['user'] }]])
  const wrong = { name: 'mage.session', key: 'x' }
  const [entry] = (
    await game.call('players.noop', [], { header: [{ name: 'mage.session', key }, wrong] })
  ).entries
  assert.equal(eventOf(entry, 'session.unset'), 'invalidSessionKey')
})

test('parameters that are nested deep are answered', async (t) => {
  const game = await openGame(t)
  const deep = `[]\n[${'['.repeat(200_000)}${']'.repeat(200_000)}]`
  const { status } = await game.send('/game/players.echo', { body: deep })
  assert.ok(status === 200 || status === 400, String(status))
  assert.deepEqual((await game.call('players.noop')).entries, [[null, null]])
  assert.deepEqual(game.errors, [])
})
