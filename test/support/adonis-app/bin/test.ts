process.env.NODE_ENV = 'test'

import 'reflect-metadata'
import { Ignitor, prettyPrintError } from '@adonisjs/core'
import { authApiClient } from '@adonisjs/auth/plugins/api_client'
import { sessionApiClient as cookieSessionApiClient } from '@adonisjs/session/plugins/api_client'
import { apiClient } from '@japa/api-client'
import { assert } from '@japa/assert'
import { pluginAdonisJS } from '@japa/plugin-adonisjs'
import { configure, processCLIArgs, run } from '@japa/runner'

const APP_ROOT = new URL('../', import.meta.url)
const IMPORTER = (filePath: string) =>
  import(filePath.startsWith('.') ? new URL(filePath, APP_ROOT).href : filePath)

new Ignitor(APP_ROOT, { importer: IMPORTER })
  .tap((app) => {
    app.booting(async () => {
      await import('#start/env')
    })
  })
  .testRunner()
  .configure(async (app) => {
    const { default: testUtils } = await import('@adonisjs/core/services/test_utils')
    processCLIArgs(process.argv.slice(2))
    configure({
      ...app.rcFile.tests,
      plugins: [
        assert(),
        apiClient(`http://${process.env['HOST']}:${process.env['PORT']}`),
        pluginAdonisJS(app),
        cookieSessionApiClient(app),
        authApiClient(app),
      ],
      setup: [() => testUtils.httpServer().start()],
      teardown: [() => app.terminate()],
    })
  })
  .run(() => run())
  .catch((error) => {
    process.exitCode = 1
    prettyPrintError(error)
  })
