import fastify from 'fastify'
import {
  authentication,
  impersonation,
  requireFresh,
  requireLogin,
  requireScope,
  sessions,
} from 'latchkey/fastify'
import type { Served, TestApplication } from './support/web/application.ts'
import { runWebCases } from './support/web/suite.ts'

runWebCases('Fastify', async (application: TestApplication): Promise<Served> => {
  const app = fastify()
  const needs = { login: requireLogin(), scope: requireScope('reports'), fresh: requireFresh(10) }
  await app.register(sessions(application.sessions))
  await app.register(authentication(application.authentication))
  await app.register(impersonation(application.impersonation))
  app.setErrorHandler((error, _request, reply) => {
    const { status, json } = application.failed(error)
    return reply.code(status).send(json)
  })
  for (const { method, path, needs: need, handle } of application.routes) {
    app.route({
      method,
      url: path,
      ...(need === undefined ? {} : { onRequest: needs[need] }),
      async handler(request, reply) {
        const { status, json } = await handle(request, { ...Object(request.body) })
        return reply.code(status).send(json)
      },
    })
  }
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    origin,
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
})
