import Session from '#models/session'
import ace from '@adonisjs/core/services/ace'
import db from '@adonisjs/lucid/services/db'
import { test } from '@japa/runner'
import { DateTime } from 'luxon'
import { createUser } from './users.js'

test.group('node ace latchkey:prune', () => {
  test('removes the rows of sessions that are over', async ({ assert }) => {
    const user = await createUser()
    const [over, live] = [await Session.manager.create(user), await Session.manager.create(user)]
    const past = DateTime.now().minus({ minutes: 1 }).toFormat(db.connection().dialect.dateTimeFormat)
    await db.from('sessions').where('id', over.id).update({ expires_at: past })
    ace.ui.switchMode('raw')
    const command = await ace.exec('latchkey:prune', ['--batch=1'])
    command.assertSucceeded()
    command.assertLogMatches(/removed [1-9]\d* sessions that were over/)
    assert.isNull(await Session.find(over.id))
    assert.isNotNull(await Session.find(live.id))
  })
})
