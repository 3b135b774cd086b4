import { BaseSchema } from '@adonisjs/lucid/schema'

export default class extends BaseSchema {
  async up() {
    this.schema.createTable('sessions', (table) => {
      table.increments('id')
      table.string('hash').notNullable().unique()
      table
        .integer('user_id')
        .unsigned()
        .notNullable()
        .references('users.id')
        .onDelete('CASCADE')
        .index()
      table.timestamp('created_at').notNullable()
      table.timestamp('updated_at').notNullable()
      table.timestamp('expires_at').nullable().index()
      table.timestamp('used_at').nullable()
    })
  }

  async down() {
    this.schema.dropTable('sessions')
  }
}
